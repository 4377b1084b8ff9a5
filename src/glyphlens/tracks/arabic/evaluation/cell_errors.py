"""Which mistakes of phase 1 phase 2 cannot do without: misread glyphs read again from what each cell really is.

W wrong glyphs · R×C cells · K primitives · H×W pixels
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.inference.recognizer import GEOMETRY, RASTER, Feeds
from glyphlens.tracks.arabic.evaluation.occlusion import Reader
from glyphlens.tracks.arabic.primitives.cells import CELL_PX, unpack_cells
from glyphlens.tracks.arabic.primitives.codebook import Codebook


class CellErrors(NamedTuple):
    """``mended``: of the misread glyphs, those that are read right where every cell is drawn as its true primitive;
    ``broken``: of as many right ones, those that are then read wrong; ``pairs``: which cells that was about."""

    misread: int
    mended: int
    right: int
    broken: int
    pairs: pd.DataFrame


def drawn_from_primitives(codebook: Codebook, grids_NRC: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """(N, H, W) pictures, 0 or 255, whose cells are exactly the primitives of the grids."""
    words_K = np.concatenate([np.zeros(1, np.uint64), codebook.prototypes_K])
    cells_NRCPP = unpack_cells(words_K[grids_NRC])
    count, rows, columns = grids_NRC.shape
    pictures = cells_NRCPP.transpose(0, 1, 3, 2, 4).reshape(count, rows * CELL_PX, columns * CELL_PX)
    return pictures * np.uint8(255)


def cell_errors(
    reader: Reader,
    codebook: Codebook,
    outcomes: pd.DataFrame,
    geometry_NF: NDArray[np.float32],
    true_NRC: NDArray[np.uint16],
    read_NRC: NDArray[np.uint16],
    shown: int,
) -> CellErrors:
    """Read misread glyphs and as many right ones again; ``geometry_NF`` and the grids belong to ``outcomes``' rows.

    ``pairs``: primitive, read_as, cells, glyphs over the cells that phase 1 had misread in the mended glyphs.
    """
    is_right_N = outcomes["top1"].to_numpy(bool)
    wrong, right = np.flatnonzero(~is_right_N), np.flatnonzero(is_right_N)
    right = right[np.unique(np.linspace(0, len(right) - 1, min(len(wrong), len(right))).astype(np.int64))]
    classes_N = outcomes["class_index"].to_numpy(np.int64)

    def again(places: NDArray[np.int64]) -> NDArray[np.bool_]:
        if not len(places):
            return np.zeros(0, np.bool_)
        feeds: Feeds = {RASTER: drawn_from_primitives(codebook, true_NRC[places]), GEOMETRY: geometry_NF[places]}
        return np.asarray(reader.probabilities(feeds).argmax(axis=1) == classes_N[places], np.bool_)

    mended = wrong[again(wrong)]
    broken = int((~again(right)).sum())
    pairs = confused_primitives(true_NRC[mended], read_NRC[mended], shown)
    return CellErrors(len(wrong), len(mended), len(right), broken, pairs)


def confused_primitives(true_NRC: NDArray[np.uint16], read_NRC: NDArray[np.uint16], shown: int) -> pd.DataFrame:
    """primitive, read_as, cells, glyphs of the pairs that differ, those of most glyphs first; 0 is the empty cell."""
    glyph, row, column = np.nonzero(true_NRC != read_NRC)
    table = pd.DataFrame(
        {
            "primitive": true_NRC[glyph, row, column].astype(np.int64),
            "read_as": read_NRC[glyph, row, column].astype(np.int64),
            "glyph": glyph,
        }
    )
    pairs = table.groupby(["primitive", "read_as"]).agg(cells=("glyph", "size"), glyphs=("glyph", "nunique"))
    order = pairs.reset_index().sort_values(
        ["glyphs", "cells", "primitive", "read_as"], ascending=[False, False, True, True], ignore_index=True
    )
    return order.head(shown)
