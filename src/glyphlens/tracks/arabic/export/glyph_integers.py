"""Both float pieces of the glyph recogniser → int8: phase 1 reads the cells' bytes, phase 2 what its graph asks for."""

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from glyphlens.core.errors import InputError
from glyphlens.export.onnx_parts import UINT8
from glyphlens.export.quantize import Integers, batched, quantize_piece, quantize_static_piece, run_piece
from glyphlens.tracks.arabic.export.distinct import CELL_PIXELS
from glyphlens.tracks.arabic.export.graph import Networks, grid_graph
from glyphlens.tracks.arabic.primitives.cells import cut_cells

PHASE1_KINDS = ("Gemm", "Relu")
PHASE2_KINDS = ("Conv", "Relu", "Add", "Gather", "Transpose", "Reshape", "Concat", "Gemm", "MatMul")


def quantize(
    networks: Networks,
    rasters_NHW: NDArray[np.uint8],
    geometry_NF: NDArray[np.float32],
    settings: Integers,
) -> Networks:
    """The int8 pieces of two float pieces.

    ``rasters_NHW`` uint8 (N, 128, 128) of 0..255 and ``geometry_NF`` float32 (N, 7) are training samples to calibrate
    on. Raises InputError where no raster holds ink.
    """
    if not rasters_NHW.any():
        raise InputError(f"{len(rasters_NHW)} calibration rasters hold no ink; they must be real training glyphs")
    grids_NRC = run_piece(grid_graph(networks), {"raster": rasters_NHW}, "grid")
    cells = {"ink": _distinct_cells(rasters_NHW)}
    phase1 = quantize_static_piece(networks.phase1, [cells], PHASE1_KINDS, settings)
    feeds = batched({"grid": grids_NRC, "geometry": geometry_NF})
    phase2 = quantize_piece(networks.phase2, feeds, settings, static_kinds=PHASE2_KINDS)
    entries = [node for node in phase1.graph.node if node.op_type == "QuantizeLinear" and node.input[0] == "ink"]
    return Networks(_read_bytes(phase1, entries[0]), phase2, reads_bytes=True) if entries else Networks(phase1, phase2)


def _read_bytes(phase1: onnx.ModelProto, entry: onnx.NodeProto) -> onnx.ModelProto:
    """The quantised phase 1 fed with the cells' bytes in place of ``entry``, which quantises the ink: ink of 0..255
    at scale 1 *is* its own quantisation."""
    piece = onnx.ModelProto()
    piece.CopyFrom(phase1)
    graph = piece.graph
    values = {constant.name: numpy_helper.to_array(constant) for constant in graph.initializer}
    scale, zero = float(values[entry.input[1]]), int(values[entry.input[2]])
    if (scale, zero) != (1.0, 0):
        raise InputError(
            f"calibration gave ink the scale {scale} and zero point {zero}: no raster holds full ink (255)"
        )
    for node in graph.node:
        for place, name in enumerate(node.input):
            if name == entry.output[0]:
                node.input[place] = "cells"
    graph.node.remove(entry)
    graph.input[0].name = "cells"
    graph.input[0].type.tensor_type.elem_type = UINT8
    return piece


def _distinct_cells(rasters_NHW: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(D, 64) the distinct cells of the rasters, as float ink of 0..255."""
    cells = cut_cells(rasters_NHW).reshape(-1, CELL_PIXELS)
    words = np.ascontiguousarray(cells).view(np.uint64)
    _, first = np.unique(words, axis=0, return_index=True)
    return cells[first].astype(np.float32)
