"""What is read beside a picture changes no answer: a file with which it would reads one at a time."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from glyphlens.api import load
from glyphlens.inference.recognizer import BATCH
from glyphlens.serving.answering import answers
from glyphlens.serving.limits import ServerLimits
from glyphlens.serving.opened import OpenModel
from tests.forged_release import save_release

OPTIONS = {"top": 3, "ink": "auto", "language": None, "diacritic": False}


def make_dynamic(folder: Path) -> Path:
    """The small release with its product as dynamic quantisation makes it: the range is that of the batch at hand."""
    model = onnx.load(folder / "m.onnx")
    weights = numpy_helper.to_array(model.graph.initializer[0])
    scale = np.float32(np.abs(weights).max() / 127)
    nodes = [
        helper.make_node("Cast", ["raster"], ["ink"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["ink"], ["flat"]),
        helper.make_node("DynamicQuantizeLinear", ["flat"], ["levels", "step", "zero"]),
        helper.make_node("MatMulInteger", ["levels", "weights", "zero"], ["sums"]),
        helper.make_node("Cast", ["sums"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["step", "scale"], ["both"]),
        helper.make_node("Mul", ["numbers", "both"], ["logits"]),
    ]
    constants = [
        numpy_helper.from_array(np.rint(weights / scale).astype(np.int8), "weights"),
        numpy_helper.from_array(scale, "scale"),
    ]
    graph = helper.make_graph(nodes, "dynamic", model.graph.input, model.graph.output, constants)
    made = helper.make_model(graph, opset_imports=model.opset_import, ir_version=10)
    onnx.save(made, folder / "m.onnx")
    return folder


def test_a_dynamic_file_reads_alone_and_answers_whoever_else_asks(tmp_path: Path, drawing) -> None:
    model = OpenModel("dynamic", "1", load(make_dynamic(save_release(tmp_path / "release"))))
    assert model.batch == 1
    bodies = [drawing(number) for number in range(6)]
    together = answers(model, "predict", bodies, [OPTIONS] * 6, ServerLimits())
    alone = [answers(model, "predict", [body], [OPTIONS], ServerLimits())[0] for body in bodies]
    assert together == alone and {each.status for each in alone} == {200}


def test_a_released_file_is_alike_in_any_batch() -> None:
    assert OpenModel("kanji", "1", load("kanji")).batch == BATCH
