"""Weights of layers that are better, or can only be, multiplied as floats: stored as int8 all the same.

That makes the file smaller, not faster. onnxruntime has no integer kernel for a GRU; and sums weighted by a softmax
need the digits of small weights.

D directions · G rows of all gates · I inputs · O outputs
"""

from collections.abc import Collection

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

RECURRENT = ("GRU", "RNN")
LARGEST = 127
STORED = "/dequantize"  # ends the names of nodes that turn such weights back


def store_weights(piece: onnx.ModelProto, products: Collection[str] = ()) -> onnx.ModelProto:
    """The same piece with the matrices of every GRU, and of the named products, in int8: a scale for each output."""
    stored = onnx.ModelProto()
    stored.CopyFrom(piece)
    axes = {name: 1 for node in stored.graph.node if node.op_type in RECURRENT for name in node.input[1:3]}  # (D, G, I)
    axes |= {name: 1 for node in stored.graph.node if node.name in products for name in node.input}  # (I, O)
    constants = {constant.name: constant for constant in stored.graph.initializer}
    for name, axis in axes.items():
        if name in constants:
            _store(stored.graph, constants[name], axis)
    return stored


def _store(graph: onnx.GraphProto, constant: onnx.TensorProto, axis: int) -> None:
    """Replace a float constant by its int8 form and a node that turns it back."""
    name = constant.name
    values: NDArray[np.float32] = numpy_helper.to_array(constant)
    others = tuple(place for place in range(values.ndim) if place != axis)
    scale_O = (np.abs(values).max(axis=others) / LARGEST).astype(np.float32)
    scale_O[scale_O == 0] = 1
    rounded = np.rint(values / np.expand_dims(scale_O, others)).astype(np.int8)
    graph.initializer.remove(constant)
    ends = [f"{name}/int8", f"{name}/scale"]
    graph.initializer.extend(
        numpy_helper.from_array(part, end) for part, end in zip((rounded, scale_O), ends, strict=True)
    )
    graph.node.insert(0, helper.make_node("DequantizeLinear", ends, [name], f"{name}{STORED}", axis=axis))
