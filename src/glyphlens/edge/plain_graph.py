"""Weights that a file stores as int8 and multiplies as floats, as floats again: other runtimes want them constant.

OpenVINO refuses a recurrent layer whose weights are computed, be it from constants alone.
"""

import onnx
from onnx import numpy_helper

from glyphlens.export.onnx_parts import clean
from glyphlens.export.stored_weights import STORED


def with_float_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph, bit for bit in its answers, without the nodes that turn such weights back."""
    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    graph = whole.graph
    constants = {each.name: each for each in graph.initializer}
    makers = {node.output[0]: node for node in graph.node}
    for node in [node for node in graph.node if node.name.endswith(STORED)]:
        cast = makers[node.input[0]]
        levels, scale = (numpy_helper.to_array(constants[end]) for end in (cast.input[0], node.input[1]))
        graph.initializer.append(numpy_helper.from_array(levels.astype(scale.dtype) * scale, node.output[0]))
        graph.node.remove(node)
        graph.node.remove(cast)
        for end in (cast.input[0], node.input[1]):
            graph.initializer.remove(constants[end])
    return clean(whole)
