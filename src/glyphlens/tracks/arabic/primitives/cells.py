"""Rasters cut into 8×8 cells; a binary cell is one 64-bit word.

Bit order of a word: the most significant bit is the cell's top-left pixel, then row by row; ink is 1, so the empty
cell is the word 0.

N images · H×W pixels · B = W/8 packed bytes a row · R×C cell grid · P×P cell pixels (8×8)
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.errors import InputError

CELL_PX = 8
CELL_BITS = CELL_PX * CELL_PX


def pack_cells(packed_NHB: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """(N, H, W/8) bit-packed images → (N, H/8, W/8) uint64 words, row-major.

    Raises InputError unless the images are three-dimensional uint8 with a height of whole cells.
    """
    if packed_NHB.dtype != np.uint8 or packed_NHB.ndim != 3 or packed_NHB.shape[1] % CELL_PX:
        raise InputError(
            f"bit-packed images: found {packed_NHB.dtype} {packed_NHB.shape}, expected uint8 (N, H, W/8) "
            f"with H a multiple of {CELL_PX}"
        )
    count, height_px, columns = packed_NHB.shape
    bytes_NRPC = packed_NHB.reshape(count, height_px // CELL_PX, CELL_PX, columns)
    bytes_NRCP = np.ascontiguousarray(bytes_NRPC.transpose(0, 1, 3, 2))
    return bytes_NRCP.view(">u8")[..., 0].astype(np.uint64)


def unpack_cells(words: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """uint64 words of any shape → (…, 8, 8) uint8 of 0 and 1."""
    if words.dtype != np.uint64:
        raise InputError(f"cell words: found {words.dtype}, expected uint64")
    rows = np.ascontiguousarray(words.astype(">u8")[..., None]).view(np.uint8)
    return np.unpackbits(rows, axis=-1).reshape(*words.shape, CELL_PX, CELL_PX)


def cut_cells(images_NHW: NDArray[Any]) -> NDArray[Any]:
    """(N, H, W) images of any dtype → (N, H/8, W/8, 8, 8), a view where the images are contiguous."""
    if images_NHW.ndim != 3 or images_NHW.shape[1] % CELL_PX or images_NHW.shape[2] % CELL_PX:
        raise InputError(f"images: found shape {images_NHW.shape}, expected (N, H, W) in multiples of {CELL_PX}")
    count, height_px, width_px = images_NHW.shape
    cells_NRPCP = images_NHW.reshape(count, height_px // CELL_PX, CELL_PX, width_px // CELL_PX, CELL_PX)
    return cells_NRPCP.transpose(0, 1, 3, 2, 4)
