"""The matrices say what the convolutions say, whatever the signs of the normalisations."""

import numpy as np
import onnxruntime
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from glyphlens.core.errors import InputError
from glyphlens.tracks.arabic.export.cell_network import logits_piece, unfold
from tests.export import tiny


@given(st.integers(0, 2**31), st.booleans())
@settings(deadline=None, max_examples=15)
def test_products_equal_convolutions(seed: int, binary: bool) -> None:
    model = tiny.cell_network(seed)
    random = np.random.default_rng(seed)
    cells = random.integers(0, 256, (20, 64)).astype(np.float32)
    cells = np.where(cells > 127, 255, 0).astype(np.float32) if binary else cells
    cells[0] = 0
    with torch.inference_mode():
        expected = model(torch.from_numpy(cells).reshape(-1, 1, 8, 8) / 255).numpy()
    session = onnxruntime.InferenceSession(
        logits_piece(unfold(model)).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    found = session.run(None, {"ink": cells})[0]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_another_network_is_refused() -> None:
    with pytest.raises(InputError, match=r"Linear.*only a CellCNN"):
        unfold(nn.Linear(2, 2))
