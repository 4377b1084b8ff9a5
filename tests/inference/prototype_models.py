"""Tiny models whose classes are prototypes: the embedding of a picture is its first numbers, made one unit long."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from glyphlens.data.sample_set import CharacterClass
from glyphlens.inference.folder import ExportFolder, Manifest, ModelContent
from glyphlens.inference.prototypes import Prototypes

SIDE, NUMBERS = 4, 8
LABELS = ("一", "二", "三", "四", "五")


def prototypes(labels: tuple[str, ...] = LABELS, seed: int = 0) -> Prototypes:
    """Random vectors, of which the first is all zeros, and biases."""
    rng = np.random.default_rng(seed)
    vectors_CE = rng.normal(size=(len(labels), NUMBERS)).astype(np.float32)
    vectors_CE[:1] = 0
    return Prototypes(labels, vectors_CE, rng.normal(size=len(labels)).astype(np.float32), 7.5)


def embedding_model(offset: float = 1.0) -> bytes:
    """``raster`` uint8 (N, 4, 4) → ``embedding`` float32 (N, 8) of length 1."""
    nodes = [
        helper.make_node("Cast", ["raster"], ["grey"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["grey"], ["flat"]),
        helper.make_node("Slice", ["flat", "begin", "end", "axis"], ["first"]),
        helper.make_node("Add", ["first", "offset"], ["raw"]),
        helper.make_node("ReduceL2", ["raw", "axis"], ["length"], keepdims=1),
        helper.make_node("Div", ["raw", "length"], ["embedding"]),
    ]
    constants = {
        "begin": np.array([0]),
        "end": np.array([NUMBERS]),
        "axis": np.array([1]),
        "offset": np.array([offset], np.float32),
    }
    graph = helper.make_graph(
        nodes,
        "embed",
        [helper.make_tensor_value_info("raster", TensorProto.UINT8, ["batch", SIDE, SIDE])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", NUMBERS])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def write_prototype_model(folder: Path, candidates: tuple[str, ...] = LABELS[:3]) -> Path:
    """An export with prototypes of all labels; the manifest's classes are the candidates."""
    manifest = Manifest(decoder="prototypes", preparation={}, classes=tuple(map(CharacterClass, candidates)))
    ExportFolder(folder).save_models(manifest, {"fp32": ModelContent(embedding_model(), 1.0)})
    prototypes().save(folder / "fp32.onnx")
    return folder / "fp32.onnx"


def pictures(count: int, seed: int = 0) -> np.ndarray:
    """(count, 4, 4) uint8."""
    return np.random.default_rng(seed).integers(0, 256, (count, SIDE, SIDE), dtype=np.uint8)
