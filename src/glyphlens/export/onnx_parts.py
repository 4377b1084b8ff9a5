"""Small ONNX building blocks: pieces of a graph with named ends, joined into one model without traces of this machine.

A piece is a ModelProto whose inputs and outputs are the names by which pieces are joined.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

OPSET = 20
IR_VERSION = 10  # onnxruntime 1.31 reads up to 13; 10 is the oldest that carries opset 20

UINT8, INT64, FLOAT, BOOL = TensorProto.UINT8, TensorProto.INT64, TensorProto.FLOAT, TensorProto.BOOL
Shape = list[int | str]
Ends = Mapping[str, tuple[int, Shape]]


def make_piece(
    name: str, nodes: Sequence[NodeProto], inputs: Ends, outputs: Ends, constants: Mapping[str, NDArray[Any]]
) -> onnx.ModelProto:
    """A checked model of ``nodes``; ``inputs`` and ``outputs`` map names to (element type, shape)."""
    graph = helper.make_graph(
        list(nodes),
        name,
        [helper.make_tensor_value_info(end, kind, shape) for end, (kind, shape) in inputs.items()],
        [helper.make_tensor_value_info(end, kind, shape) for end, (kind, shape) in outputs.items()],
        [numpy_helper.from_array(np.ascontiguousarray(value), constant) for constant, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    model.producer_name = "glyphlens"
    onnx.checker.check_model(model)
    return model


def join(name: str, pieces: Sequence[onnx.ModelProto], inputs: Ends, outputs: Ends) -> onnx.ModelProto:
    """One model of the pieces in their order; equal names are the joints, all other names get the piece's name.

    Raises ValueError where two pieces make the same joint or a piece was built for another opset.
    """
    joints = {*inputs, *outputs, *(end.name for piece in pieces for end in (*piece.graph.input, *piece.graph.output))}
    graph = onnx.GraphProto(name=name)
    made: set[str] = set(inputs)
    for piece in pieces:
        _check_opset(piece)
        inner = onnx.compose.add_prefix(piece, f"{piece.graph.name}/", rename_inputs=False, rename_outputs=False).graph
        ends = {end.name for end in inner.output}
        if made & ends:
            raise ValueError(f"{piece.graph.name}: {sorted(made & ends)} is made twice; joints are {sorted(joints)}")
        made |= ends
        graph.node.extend(inner.node)
        graph.initializer.extend(inner.initializer)
    graph.input.extend(helper.make_tensor_value_info(end, kind, shape) for end, (kind, shape) in inputs.items())
    graph.output.extend(helper.make_tensor_value_info(end, kind, shape) for end, (kind, shape) in outputs.items())
    versions = {entry.domain: entry.version for piece in pieces for entry in piece.opset_import}
    used = {"", *(node.domain for node in graph.node)}
    imports = [helper.make_opsetid(domain, versions[domain]) for domain in sorted(used)]
    return clean(helper.make_model(graph, opset_imports=imports, ir_version=IR_VERSION))


def clean(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same model without documentation strings, metadata (exporters put source paths there) and shape hints."""
    tidy = onnx.ModelProto()
    tidy.CopyFrom(model)
    tidy.producer_name, tidy.producer_version, tidy.doc_string = "glyphlens", "", ""
    tidy.ir_version = IR_VERSION
    del tidy.metadata_props[:]
    del tidy.graph.metadata_props[:]
    del tidy.graph.value_info[:]
    tidy.graph.doc_string = ""
    for part in (*tidy.graph.node, *tidy.graph.initializer, *tidy.graph.input, *tidy.graph.output):
        part.doc_string = ""
        del part.metadata_props[:]
    onnx.checker.check_model(tidy)
    return tidy


def _check_opset(piece: onnx.ModelProto) -> None:
    found = {entry.domain: entry.version for entry in piece.opset_import}
    if found.get("") != OPSET:
        raise ValueError(f"{piece.graph.name}: opset {found}, expected {OPSET}")
