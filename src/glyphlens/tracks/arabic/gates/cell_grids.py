"""What the gates of primitives and models ask of every cell grid: its form, and which of its cells hold ink.

N images · H×B packed pixels, B = W/8 · R×C cell grid
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from glyphlens.gates.check import Outcome, none_of

CELL_PX = 8


def inked_cells(packed_NHB: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(N, R, C) whether a cell holds any ink, from the packed pixels: a byte is one row of a cell."""
    count, height_px, row_bytes = packed_NHB.shape
    inked_NRC: NDArray[np.bool_] = np.any(packed_NHB.reshape(count, height_px // CELL_PX, CELL_PX, row_bytes), axis=2)
    return inked_NRC


def grids_have_form(grids: NDArray[Any], expected: tuple[int, ...]) -> Outcome:
    """uint16 of the expected shape."""
    right = grids.shape == expected and grids.dtype == np.uint16
    return none_of(int(not right), f"grids are {grids.dtype} {grids.shape}, expected uint16 {expected}")
