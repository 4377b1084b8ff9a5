"""An exported glyph recogniser without the hash by which it reads each distinct cell once: it reads every cell.

Runtimes that compute int64 in 32 bits (OpenVINO on processors, phones) give many cells one key and answer wrongly
without a word. Left out, the graph says the same bit for bit, in four to five times the time of phase 1.
"""

import onnx

from glyphlens.core.errors import InputError
from glyphlens.export.onnx_parts import clean
from glyphlens.tracks.arabic.export.distinct import cells_piece

CELLS, GRID = "cells/", "grid/"  # begin the names that ``join`` gave to both ends of phase 1
MADE = ("cells", "places", "inked")  # what the first end makes for the others


def reading_every_cell(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same recogniser, fp32 or int8, that names each of a raster's 256 cells by itself.

    The given model stays as it is. Raises InputError for a graph that tells no cells apart.
    """
    graph = onnx.GraphProto()
    graph.CopyFrom(model.graph)
    own = [node for node in graph.node if all(end in MADE or end.startswith(CELLS) for end in node.output)]
    gathers = [node for node in graph.node if node.op_type == "Gather" and node.input[1] == "places"]
    if not any(node.op_type == "Unique" for node in own) or len(gathers) != 1:
        raise InputError(f"graph {graph.name}: no distinct cells in it; an exported glyph recogniser is asked for")
    (gather,) = gathers
    kept = [node for node in graph.node if node not in own and node != gather]
    for node in kept:
        node.input[:] = [gather.input[0] if end == gather.output[0] else end for end in node.input]
    plain = onnx.compose.add_prefix(cells_piece(distinct=False), CELLS, rename_inputs=False, rename_outputs=False).graph
    nodes = [node for node in plain.node if not _is_of_places(node)]
    used = {end for node in (*nodes, *kept) for end in node.input}
    constants = [each for each in (*plain.initializer, *graph.initializer) if each.name in used]
    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    del whole.graph.node[:], whole.graph.initializer[:]
    whole.graph.node.extend([*nodes, *kept])
    whole.graph.initializer.extend({each.name: each for each in reversed(constants)}.values())
    return clean(whole)


def _is_of_places(node: onnx.NodeProto) -> bool:
    """Whether it numbers the cells, which nothing asks for where each is read in its place."""
    return bool({"places", f"{CELLS}count", f"{CELLS}ones", f"{CELLS}ordinals"} & set(node.output))
