"""The reference reads every cell; shares and times are what they say."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from glyphlens.core.errors import InputError
from glyphlens.export.parity import agreement, measure_latencies, megabytes, top1
from glyphlens.tracks.arabic.export.glyph_reference import torch_grids
from glyphlens.tracks.arabic.export.graph import Networks, assemble
from glyphlens.tracks.arabic.recognizers.cells import predict_ids
from tests.export import tiny


@pytest.mark.parametrize("grey", [False, True])
def test_reading_equal_cells_once_changes_nothing(grey: bool) -> None:
    rasters = tiny.rasters(4, grey=grey)
    cells = rasters.reshape(-1, 16, 8, 16, 8).swapaxes(2, 3).reshape(-1, 8, 8)
    expected = predict_ids(tiny.cell_network(), torch.from_numpy(cells.copy())).numpy().reshape(4, 16, 16)
    np.testing.assert_array_equal(torch_grids(tiny.cell_network(), rasters), expected)


def test_shares() -> None:
    logits = np.array([[0.0, 1.0], [1.0, 0.0], [3.0, 2.0], [0.0, 0.1]])
    assert top1(logits, np.array([1, 0, 1, 1])) == 0.75
    assert agreement(logits, -logits) == 0
    assert agreement(logits, 2 * logits) == 1


def test_an_empty_split_has_no_share() -> None:
    with pytest.raises(InputError, match="no sample to score"):
        top1(np.zeros((0, 3)), np.zeros(0, int))


def test_every_batch_size_is_timed(networks: Networks, tmp_path: Path) -> None:
    file = tmp_path / "tiny.onnx"
    onnx.save(assemble(networks), file)
    files = {"fp32": file, "int8": tmp_path / "not offered.onnx"}
    found = measure_latencies(files, tiny.feeds(5), batches=(1, 4, 6), repeats=2)
    assert list(found) == ["fp32"] and list(found["fp32"]) == ["1", "4"], "of six there are not enough samples"
    assert all(ms > 0 for ms in found["fp32"].values())
    assert megabytes(file) == pytest.approx(file.stat().st_size / 1_000_000)
