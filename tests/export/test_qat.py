"""The int8 file of quantisation-aware training: all of it integers, small, the same as torch, and as good as fp32."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper

from glyphlens.core.errors import InputError
from glyphlens.export.integer_kernels import integer_kernels
from glyphlens.export.qat import convert, integer_logits, integer_piece, require_integers, save_piece
from glyphlens.export.tracing import trace_network
from tests.training.digits import QAT, TRAINED, digits, float_network, held_out, prepared, rounded_network, untrained

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def float_piece() -> onnx.ModelProto:
    """The fp32 graph of the same CNN."""
    return trace_network("cnn", float_network(), {"raster01": digits()[0][:2]})


@pytest.fixture(scope="module")
def piece() -> onnx.ModelProto:
    """The int8 graph."""
    return integer_piece("cnn_qat", convert(rounded_network()[0]), digits()[0][:2])


@pytest.fixture(scope="module")
def file(piece: onnx.ModelProto, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """… written."""
    path = tmp_path_factory.mktemp("qat") / "integer.onnx"
    save_piece(path, piece)
    return path


def right_share(logits_NC: np.ndarray) -> float:
    """Accuracy on the held-out digits."""
    return float((logits_NC.argmax(1) == digits()[1][TRAINED:].numpy()).mean())


def test_every_layer_runs_in_integers(piece: onnx.ModelProto, tmp_path: Path) -> None:
    written = [node.op_type for node in piece.graph.node]
    assert written.count("Conv") == 18, "the stem, five separable blocks, three squeeze-and-excitations, the pooling"
    assert integer_kernels(piece)["QLinearConv"] == 18
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "run.onnx")
    onnxruntime.InferenceSession(piece.SerializeToString(), options, providers=["CPUExecutionProvider"])
    run = {node.op_type for node in onnx.load(tmp_path / "run.onnx").graph.node}
    integer = {kind for kind in run if kind.startswith("QLinear")} | {"QGemm", "NhwcMaxPool", "MaxPool"}
    conversions = {"QuantizeLinear", "DequantizeLinear", "Transpose", "Reshape"}
    assert run - integer <= conversions, "no float arithmetic is left"


def test_it_has_the_ends_that_the_export_builds_on(piece: onnx.ModelProto) -> None:
    shapes = {
        end.name: [part.dim_param or part.dim_value for part in end.type.tensor_type.shape.dim]
        for end in (*piece.graph.input, *piece.graph.output)
    }
    assert shapes == {"raster01": ["batch", 1, 64, 64], "raw_logits": ["batch", 10]}
    assert {entry.version for entry in piece.opset_import} == {20} and piece.ir_version == 10


def test_weights_are_seven_bits_and_the_file_is_small(piece: onnx.ModelProto, float_piece: onnx.ModelProto) -> None:
    tensors = {constant.name: numpy_helper.to_array(constant) for constant in piece.graph.initializer}
    weights = [tensor for tensor in tensors.values() if tensor.ndim > 1]
    assert len(weights) == 19 and {str(tensor.dtype) for tensor in weights} == {"int8"}
    assert {int(np.abs(tensor.astype(int)).max()) for tensor in weights} == {63}
    assert {str(tensor.dtype) for tensor in tensors.values() if tensor.nbytes > 4096} == {"int8"}
    # The steps of channels and the names of nodes do not shrink: a network of 150,000 weights has 3.2 times less.
    assert piece.ByteSize() < 0.34 * float_piece.ByteSize()


def test_the_file_answers_like_torch_and_as_well_as_the_float_network(file: Path) -> None:
    logits_NC = integer_logits(file, held_out())
    with torch.inference_mode():
        expected_NC = convert(rounded_network()[0])(digits()[0][TRAINED:]).numpy()
        float_NC = float_network()(digits()[0][TRAINED:]).numpy()
    assert (logits_NC.argmax(1) == expected_NC.argmax(1)).mean() >= 0.99
    assert np.abs(logits_NC - expected_NC).mean() < 0.002 * expected_NC.std()
    assert right_share(logits_NC) >= right_share(float_NC) - 0.01 > 0.9


def test_answers_do_not_depend_on_the_batch(file: Path) -> None:
    together = integer_logits(file, held_out())[:7]
    alone = [
        integer_logits(file, [batch._replace(inputs=(batch.inputs[0][row : row + 1],))])
        for batch in held_out()[:1]
        for row in range(7)
    ]
    np.testing.assert_array_equal(np.concatenate(alone), together)


def test_a_graph_of_floats_is_refused(float_piece: onnx.ModelProto) -> None:
    with pytest.raises(InputError, match="runs 0 of 18 Conv nodes in integers"):
        require_integers(float_piece)


def write_untrained(path: Path) -> None:
    """The whole way from a network to a file."""
    save_piece(path, integer_piece("cnn_qat", convert(prepared(QAT, untrained())[0]), digits()[0][:2]))


@pytest.mark.slow
def test_a_fresh_process_makes_the_same_bytes_and_says_nothing(tmp_path: Path) -> None:
    """torchao and torch's exporters speak when first imported and used: only a fresh process shows it."""
    script = f"import pathlib; from {__name__} import write_untrained as w; w(pathlib.Path({str(tmp_path / 'a')!r}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    write_untrained(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
