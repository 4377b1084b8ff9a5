"""Weights of layers that are multiplied as floats: stored as int8 all the same, a quarter of the room.

onnxruntime turns them back once, when it opens the file. It would run a DequantizeLinear with every batch instead, or
make of it a kernel that rounds what it multiplies, by sums that differ in their last bits from batch to batch.

D directions · G rows of all gates · I inputs · O outputs
"""

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

RECURRENT = ("LSTM", "GRU", "RNN")
PRODUCTS = ("MatMul", "Gemm")
CONVOLUTION = "Conv"
LARGEST = 127
STORED = "/stored"  # ends the names of nodes that turn such weights back


def store_weights(piece: onnx.ModelProto, *, convolutions: bool = False) -> onnx.ModelProto:
    """The same piece with the weights of recurrent layers and products in int8: a scale for each output.

    ``convolutions``: those of convolutions in floats as well.
    """
    stored = onnx.ModelProto()
    stored.CopyFrom(piece)
    constants = {constant.name: constant for constant in stored.graph.initializer}
    for name, axis in _matrices(stored.graph, convolutions).items():
        if name in constants:
            _store(stored.graph, constants[name], axis)
    return stored


def _matrices(graph: onnx.GraphProto, convolutions: bool) -> dict[str, int]:
    """Names of all that layers multiply by, with the axis that counts their outputs."""
    axes = {name: 1 for node in graph.node if node.op_type in RECURRENT for name in node.input[1:3]}  # (D, G, I)
    if convolutions:
        axes |= {node.input[1]: 0 for node in graph.node if node.op_type == CONVOLUTION}  # (O, I, height, width)
    for node in graph.node:
        if node.op_type in PRODUCTS:
            transposed = any(attribute.name == "transB" and attribute.i for attribute in node.attribute)
            axes |= {node.input[0]: 0, node.input[1]: 0 if transposed else 1}  # (O, I) or (I, O)
    return axes


def _store(graph: onnx.GraphProto, constant: onnx.TensorProto, axis: int) -> None:
    """Replace a float constant by its int8 form and the nodes that turn it back."""
    name = constant.name
    values: NDArray[np.float32] = numpy_helper.to_array(constant)
    others = tuple(place for place in range(values.ndim) if place != axis)
    scale = (np.abs(values).max(axis=others, keepdims=True) / LARGEST).astype(np.float32)
    scale[scale == 0] = 1
    parts = {f"{name}/int8": np.rint(values / scale).astype(np.int8), f"{name}/scale": scale}
    graph.initializer.remove(constant)
    graph.initializer.extend(numpy_helper.from_array(part, end) for end, part in parts.items())
    graph.node.insert(0, helper.make_node("Cast", [f"{name}/int8"], [f"{name}/levels"], to=TensorProto.FLOAT))
    ends = [f"{name}/levels", f"{name}/scale"]
    graph.node.insert(1, helper.make_node("Mul", ends, [name], f"{name}{STORED}"))
