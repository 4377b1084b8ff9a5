"""Weights stored as bytes take a quarter of the room and say nearly the same."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from glyphlens.export.quantize import Integers, batched, content_of, quantize_piece
from glyphlens.export.stored_weights import store_weights
from glyphlens.export.tracing import fold_constants, trace_network


class Reader(nn.Module):
    """A bidirectional GRU over a sequence."""

    def __init__(self) -> None:
        super().__init__()
        self.reader = nn.GRU(17, 32, batch_first=True, bidirectional=True)

    def forward(self, steps_NSF: Tensor) -> Tensor:
        """(N, S, 17) → (N, 64)."""
        states: Tensor = self.reader(steps_NSF)[0]
        return states.mean(1)


@pytest.fixture(scope="module")
def piece() -> onnx.ModelProto:
    torch.manual_seed(0)
    model = Reader().eval()
    with torch.no_grad():
        model.reader.weight_ih_l0[3] = 0  # a row of zeros has no range
        model.reader.weight_ih_l0_reverse[3] = 0
    return fold_constants(trace_network("reader", model, {"strokes": torch.zeros(2, 9, 17)}))


def run(piece: onnx.ModelProto, values: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(piece.SerializeToString(), providers=["CPUExecutionProvider"])
    answer: np.ndarray = session.run(None, {"strokes": values})[0]
    return answer


def test_the_answers_stay(piece: onnx.ModelProto) -> None:
    values = np.random.default_rng(0).normal(size=(20, 9, 17)).astype(np.float32)
    found, expected = run(store_weights(piece), values), run(piece, values)
    assert np.isfinite(found).all() and np.abs(found - expected).max() < 0.02
    assert not np.array_equal(found, expected)


def test_the_weights_are_bytes(piece: onnx.ModelProto) -> None:
    stored = store_weights(piece)
    assert stored.ByteSize() < 0.5 * piece.ByteSize()
    assert sum(constant.data_type == onnx.TensorProto.INT8 for constant in stored.graph.initializer) == 2
    onnx.checker.check_model(stored)


class Recall(nn.Module):
    """Softmax weights over a memory, as a codebook is read: nearly even ones."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = nn.Parameter(torch.randn(1024, 8))

    def forward(self, keys_ND: Tensor) -> Tensor:
        """(N, 8) → (N, 8)."""
        return torch.softmax(keys_ND @ self.memory.T * 0.05, dim=1) @ self.memory


def test_sums_weighted_by_a_softmax_keep_their_digits() -> None:
    """Of 1,024 even weights none reaches a 255th; as bytes they would all be 0 or 1."""
    torch.manual_seed(1)
    piece = fold_constants(trace_network("recall", Recall().eval(), {"strokes": torch.zeros(2, 8)}))
    assert content_of(piece).attention == 1
    values = np.random.default_rng(0).normal(size=(40, 8)).astype(np.float32)
    small = quantize_piece(piece, batched({"strokes": values}), Integers(reduce_range=True))
    assert np.corrcoef(run(small, values).ravel(), run(piece, values).ravel())[0, 1] > 0.999
    assert small.ByteSize() < 0.5 * piece.ByteSize()


@pytest.mark.parametrize(
    "layer", [nn.Linear(30, 20), nn.LSTM(30, 20, batch_first=True), nn.RNN(30, 20, batch_first=True)]
)
def test_a_row_of_weights_has_its_own_scale(layer: nn.Module) -> None:
    """However different the rows are, none is off by more than half a step of its own."""
    with torch.no_grad():
        for _name, weights in layer.named_parameters():
            if weights.ndim == 2:
                weights.mul_(torch.logspace(-3, 1, len(weights))[:, None])
    plain = fold_constants(trace_network("plain", First(layer).eval(), {"strokes": torch.zeros(2, 5, 30)}))
    values = np.random.default_rng(0).normal(size=(20, 5, 30)).astype(np.float32)
    found, expected = run(store_weights(plain), values), run(plain, values)
    off, size = (np.abs(part).mean(axis=(0, 1)) for part in (found - expected, expected))
    assert off.max() > 0 and (off / size).max() < 0.02


class First(nn.Module):
    """The first of what a layer gives."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, steps: Tensor) -> Tensor:
        answer = self.layer(steps)
        first: Tensor = answer[0] if isinstance(answer, tuple) else answer
        return first


def test_nothing_else_is_touched() -> None:
    plain = fold_constants(trace_network("plain", nn.Conv1d(3, 2, 1).eval(), {"x": torch.zeros(2, 3, 4)}))
    assert store_weights(plain) == plain


def test_convolutions_in_floats_are_stored_where_it_is_asked_for() -> None:
    torch.manual_seed(0)
    plain = fold_constants(trace_network("plain", nn.Conv1d(30, 20, 3).eval(), {"strokes": torch.zeros(2, 30, 9)}))
    stored = store_weights(plain, convolutions=True)
    assert stored.ByteSize() < 0.5 * plain.ByteSize()
    values = np.random.default_rng(0).normal(size=(20, 30, 9)).astype(np.float32)
    found, expected = run(stored, values), run(plain, values)
    assert 0 < np.abs(found - expected).max() < 0.05
