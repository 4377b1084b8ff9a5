"""The exported graph of a character recogniser says what torch says, in floats and nearly so in integers."""

from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto
from torch import nn

from glyphlens.core.errors import InputError
from glyphlens.export.classifier import assemble_classifier, network_feed, trace_classifier
from glyphlens.export.integer_kernels import require_integer_kernels
from glyphlens.export.quantize import Content, Integers, batched, content_of, quantize_piece
from tests.export import tiny_characters as tiny

KINDS: dict[str, Callable[[], nn.Module]] = {
    "cnn": tiny.cnn, "recurrent": tiny.Recurrent, "attentive": tiny.Attentive
}  # fmt: skip


def build(kind: str) -> nn.Module:
    torch.manual_seed(5)
    return KINDS[kind]().eval()


def shown(model: nn.Module, count: int, seed: int) -> tuple[str, np.ndarray]:
    if model.reads == "raster":
        return "raster", tiny.shapes(count, seed)[0]
    return "strokes", np.random.default_rng(seed).normal(size=(count, 24, 17)).astype(np.float32)


def run(model: onnx.ModelProto, **feeds: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    answer: np.ndarray = session.run(["logits"], feeds)[0]
    return answer


def in_torch(model: nn.Module, values: np.ndarray) -> np.ndarray:
    inputs = torch.from_numpy(values)
    with torch.inference_mode():
        answer: np.ndarray = model(inputs[:, None] / 255 if values.dtype == np.uint8 else inputs).numpy()
    return answer


def float_numbers(model: onnx.ModelProto) -> int:
    """How many float numbers are left among the constants: biases and scales."""
    floats = (constant for constant in model.graph.initializer if constant.data_type == TensorProto.FLOAT)
    return sum(int(np.prod(constant.dims)) for constant in floats)


@pytest.fixture(scope="module", params=KINDS)
def pieces(request: pytest.FixtureRequest) -> tuple[nn.Module, onnx.ModelProto, onnx.ModelProto]:
    model = build(request.param)
    values = shown(model, 64, seed=7)[1]
    piece = trace_classifier(model, values.shape[1:])
    feeds = batched({piece.graph.input[0].name: network_feed(piece, values)}, batch=32)
    return model, piece, quantize_piece(piece, feeds, Integers(reduce_range=True))


@pytest.mark.parametrize("count", [1, 5])
def test_the_graph_answers_like_torch(pieces: tuple[nn.Module, onnx.ModelProto, onnx.ModelProto], count: int) -> None:
    model, piece, _ = pieces
    name, values = shown(model, count, seed=9)
    found = run(assemble_classifier(piece), **{name: values})
    np.testing.assert_allclose(found, in_torch(model, values), rtol=1e-3, atol=1e-4)


def test_int8_is_near_and_small(pieces: tuple[nn.Module, onnx.ModelProto, onnx.ModelProto]) -> None:
    model, piece, integer = pieces
    name, values = shown(model, 40, seed=9)
    small = assemble_classifier(integer)
    kernels = require_integer_kernels(small)
    wanted = {"cnn": {"QLinearConv", "QGemm"}, "recurrent": set(), "attentive": {"QLinearConv"}}
    kind = next(kind for kind, maker in KINDS.items() if type(build(kind)) is type(model))
    assert wanted[kind] <= set(kernels)
    found, expected = run(small, **{name: values}), run(assemble_classifier(piece), **{name: values})
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.97
    assert float_numbers(small) < 0.3 * float_numbers(assemble_classifier(piece))


def test_nothing_is_quantised_by_the_batch_at_hand(pieces: tuple[nn.Module, onnx.ModelProto, onnx.ModelProto]) -> None:
    kinds = {node.op_type for node in assemble_classifier(pieces[2]).graph.node}
    assert not {kind for kind in kinds if kind.startswith("Dynamic") or kind.endswith("Integer")}


@pytest.mark.parametrize(
    ("kind", "content"),
    [("cnn", Content(12 + 3 + 1, 0, 0)), ("recurrent", Content(0, 1, 0)), ("attentive", Content(2, 0, 2))],
)
def test_a_graph_tells_what_it_is_made_of(kind: str, content: Content) -> None:
    model = build(kind)
    assert content_of(trace_classifier(model, shown(model, 1, 0)[1].shape[1:])) == content


def test_the_same_network_gives_the_same_bytes() -> None:
    first, second = (
        assemble_classifier(trace_classifier(build("recurrent"), (24, 17))).SerializeToString(deterministic=True)
        for _ in range(2)
    )
    assert first == second
    for trace_of_it in (b"site-packages", b".py", b"torch"):
        assert trace_of_it not in first


def test_another_network_is_refused() -> None:
    with pytest.raises(InputError, match=r"Linear does not say what it reads"):
        trace_classifier(nn.Linear(2, 2), (2,))
