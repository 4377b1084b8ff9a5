"""The smallest exported model: logits are products of pixels and weights, so that its answers can be foreseen."""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from glyphlens.data.sample_set import CharacterClass


def save_linear_model(
    folder: Path, weights_HWC: np.ndarray, classes: list[CharacterClass], **description: object
) -> None:
    """``folder``/m.onnx and labels.json; ``description`` are further keys of the label map."""
    height, width, count = weights_HWC.shape
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["raster"], ["ink"], to=TensorProto.FLOAT),
            helper.make_node("Flatten", ["ink"], ["flat"]),
            helper.make_node("MatMul", ["flat", "weights"], ["logits"]),
        ],
        "products",
        [helper.make_tensor_value_info("raster", TensorProto.UINT8, ["n", height, width])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", count])],
        [numpy_helper.from_array(weights_HWC.reshape(-1, count).astype(np.float32), "weights")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), folder / "m.onnx")
    entries = [vars(entry) for entry in classes]
    (folder / "labels.json").write_text(json.dumps({"rule": {}, **description, "classes": entries}))
