"""Raster → its distinct cells, and distinct ids → grid: the two ends around phase 1 in the exported graph.

Cells repeat massively (solid ink, straight edges): of 64 rasters' 16,384 cells only some 1,700 differ, so phase 1 looks
at each once. A cell's key is a 64-bit multilinear hash: 16 sums of its pixels weighted by numbers of 7 bits (exact in
int32, and free of the 16-bit saturation of older processors' U8S8 kernels), themselves summed with odd 64-bit weights
modulo 2^64. Two different cells share a key with a probability below 2^-56, whatever they hold. Empty cells take
part as one more distinct cell, so a raster without ink needs no special case.

N rasters · R×C = 16×16 cells · P = 64 pixels a cell · D distinct cells
"""

import numpy as np
import onnx
from onnx import helper, numpy_helper

from glyphlens.export.onnx_parts import BOOL, INT64, UINT8, make_piece

IMAGE_PX = 128
CELL_PX = 8
GRID = IMAGE_PX // CELL_PX
CELL_PIXELS = CELL_PX * CELL_PX
KEY_SUMS = 16
KEY_SEED = 20_090_827


def cells_piece(*, distinct: bool = True) -> onnx.ModelProto:
    """``raster`` uint8 (N, 128, 128) → ``cells`` uint8 (D, 64), ``places`` int64 (N·256,) and ``inked`` bool (D,).

    ``cells[places]`` are all cells, row-major within a raster. Without ``distinct`` every cell is its own (the plain
    way, kept for the benchmark).
    """
    nodes = [
        helper.make_node("Reshape", ["raster", "split"], ["rows"]),
        helper.make_node("Transpose", ["rows"], ["tiles"], perm=[0, 1, 3, 2, 4]),
        helper.make_node("Reshape", ["tiles", "flat"], ["all_cells" if distinct else "cells"]),
    ]
    constants = {
        "split": np.array([-1, GRID, CELL_PX, GRID, CELL_PX]),
        "flat": np.array([-1, CELL_PIXELS]),
        "pixel_axis": np.array([1]),
    }
    if distinct:
        nodes += [
            helper.make_node("MatMulInteger", ["all_cells", "pixel_weights"], ["sums"]),
            helper.make_node("Cast", ["sums"], ["wide_sums"], to=INT64),
            helper.make_node("MatMul", ["wide_sums", "sum_weights"], ["keys"]),
            helper.make_node("Unique", ["keys"], ["distinct_keys", "first", "places"], sorted=0),
            helper.make_node("Gather", ["all_cells", "first"], ["cells"], axis=0),
        ]
        constants |= _key_weights()
    else:
        nodes += [
            helper.make_node("Shape", ["cells"], ["count"], start=0, end=1),
            helper.make_node("ConstantOfShape", ["count"], ["ones"], value=numpy_helper.from_array(np.array([1]))),
            helper.make_node("NonZero", ["ones"], ["ordinals"]),
            helper.make_node("Reshape", ["ordinals", "line"], ["places"]),
        ]
        constants["line"] = np.array([-1])
    nodes += [
        helper.make_node("ReduceMax", ["cells", "pixel_axis"], ["most_ink"], keepdims=0),
        helper.make_node("Cast", ["most_ink"], ["inked"], to=BOOL),
    ]
    return make_piece(
        "cells",
        nodes,
        {"raster": (UINT8, ["batch", IMAGE_PX, IMAGE_PX])},
        {"cells": (UINT8, ["distinct", CELL_PIXELS]), "places": (INT64, ["places"]), "inked": (BOOL, ["distinct"])},
        constants,
    )


def grid_piece() -> onnx.ModelProto:
    """``ids`` int64 (D,), ``inked`` and ``places`` → ``grid`` int64 (N, 16, 16); a cell without ink is 0."""
    nodes = [
        helper.make_node("Where", ["inked", "ids", "empty"], ["known_ids"]),
        helper.make_node("Gather", ["known_ids", "places"], ["flat_grid"]),
        helper.make_node("Reshape", ["flat_grid", "shape"], ["grid"]),
    ]
    return make_piece(
        "grid",
        nodes,
        {"ids": (INT64, ["distinct"]), "inked": (BOOL, ["distinct"]), "places": (INT64, ["places"])},
        {"grid": (INT64, ["batch", GRID, GRID])},
        {"empty": np.array(0), "shape": np.array([-1, GRID, GRID])},
    )


def _key_weights() -> dict[str, np.ndarray]:
    random = np.random.default_rng(KEY_SEED)
    return {
        "pixel_weights": random.integers(-63, 64, (CELL_PIXELS, KEY_SUMS)).astype(np.int8),
        "sum_weights": (random.integers(0, 2**64, (KEY_SUMS, 1), dtype=np.uint64) | np.uint64(1)).view(np.int64),
    }
