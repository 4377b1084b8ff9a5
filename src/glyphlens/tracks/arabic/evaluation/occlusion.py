"""What a recogniser makes of a glyph when ink is taken away: cell by cell, part by part, and as few cells as it takes.

R×C cells (16×16) of 8×8 pixels · K cells with ink · V views · C classes · H×W pixels · F geometry features. Zeiler &
Fergus 2014, "Visualizing and Understanding Convolutional Networks", section 4.2, with the cells of the primitive grid
as the patches: it needs the exported file alone.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.inference.recognizer import GEOMETRY, RASTER, Feeds

CELL_PX = 8
LEAST_CELLS = 2  # of a set that changes the answer only together
Cell = tuple[int, int]  # row from the top and column from the left, from 0


class Reader(Protocol):
    """Anything that turns pictures into class probabilities, such as ``inference.recognizer.Recognizer``."""

    def probabilities(self, feeds: Feeds, batch: int = 256) -> NDArray[np.float32]:
        """(N, C) calibrated probabilities of ``raster`` (N, H, W), 0 background to 255 ink, and ``geometry`` (N, F)."""
        ...


class Occlusion(NamedTuple):
    """Probabilities (C,) of the whole glyph, and (K, C) of the glyph without each of its ``cells`` with ink."""

    shape: tuple[int, int]
    probabilities_C: NDArray[np.float32]
    cells: list[Cell]
    without_KC: NDArray[np.float32]

    @property
    def answer(self) -> int:
        """The class that the whole glyph is read as."""
        return int(self.probabilities_C.argmax())

    def heat_RC(self, class_index: int) -> NDArray[np.float64]:
        """(R, C) probability of a class with all cells minus that without the cell; 0 for cells without ink.

        Positive: the cell speaks for the class. Negative: it speaks against it.
        """
        heat_RC = np.zeros(self.shape)
        whole = self.probabilities_C.astype(np.float64)[class_index]
        for cell, without in zip(self.cells, self.without_KC.astype(np.float64)[:, class_index], strict=True):
            heat_RC[cell] = whole - without
        return heat_RC

    def tipping(self) -> list[Cell]:
        """The cells without which the answer is another one."""
        return [cell for cell, row in zip(self.cells, self.without_KC, strict=True) if row.argmax() != self.answer]


def occlude(reader: Reader, image_HW: NDArray[np.uint8], geometry_F: NDArray[np.float32]) -> Occlusion:
    """Read a glyph whole and without each of its cells; raises InputError where it is not made of whole cells."""
    height, width = image_HW.shape
    if height % CELL_PX or width % CELL_PX:
        raise InputError(f"picture of {height}×{width} px is not made of {CELL_PX}×{CELL_PX} px cells")
    inked = inked_cells(image_HW)
    probabilities_VC = read_without(reader, image_HW, geometry_F, [[], *([cell] for cell in inked)])
    shape = height // CELL_PX, width // CELL_PX
    return Occlusion(shape, probabilities_VC[0], inked, probabilities_VC[1:])


def inked_cells(image_HW: NDArray[np.uint8]) -> list[Cell]:
    """The cells that have ink, row by row."""
    height, width = image_HW.shape
    cells = image_HW.reshape(height // CELL_PX, CELL_PX, width // CELL_PX, CELL_PX)
    return [(row, column) for row, column in np.argwhere(cells.any(axis=(1, 3))).tolist()]


def read_without(
    reader: Reader, image_HW: NDArray[np.uint8], geometry_F: NDArray[np.float32], removed: Sequence[Sequence[Cell]]
) -> NDArray[np.float32]:
    """(V, C) probabilities of the glyph without the cells of each entry of ``removed``."""
    views_VHW = np.repeat(image_HW[None], len(removed), axis=0)
    for view_HW, cells in zip(views_VHW, removed, strict=True):
        for row, column in cells:
            view_HW[row * CELL_PX : (row + 1) * CELL_PX, column * CELL_PX : (column + 1) * CELL_PX] = 0
    geometry_VF = np.repeat(geometry_F[None].astype(np.float32), len(removed), axis=0)
    return reader.probabilities({RASTER: views_VHW, GEOMETRY: geometry_VF})


def fewest_together(
    reader: Reader, image_HW: NDArray[np.uint8], geometry_F: NDArray[np.float32], found: Occlusion
) -> tuple[list[Cell], NDArray[np.float32]]:
    """Cells without which together the answer is another one, and the probabilities (C,) then; none where never.

    Greedy, most important first: as few as that order needs, not the fewest that there may be.
    """
    heat_RC = found.heat_RC(found.answer)
    order = sorted(found.cells, key=lambda cell: (-heat_RC[cell], cell))
    removed = [order[:count] for count in range(LEAST_CELLS, len(order))]  # a glyph without any ink is no glyph
    if not removed:
        return [], found.probabilities_C
    probabilities_VC = read_without(reader, image_HW, geometry_F, removed)
    for cells, probabilities_C in zip(removed, probabilities_VC, strict=True):
        if int(probabilities_C.argmax()) != found.answer:
            return cells, probabilities_C
    return [], found.probabilities_C


def connected_parts(image_HW: NDArray[np.uint8]) -> list[NDArray[np.bool_]]:
    """(H, W) masks of the pieces of ink that touch nowhere, not even at corners, the largest first."""
    from scipy.ndimage import label

    numbered_HW, count = label(image_HW > 0, structure=np.ones((3, 3)))
    masks = [numbered_HW == number for number in range(1, count + 1)]
    return sorted(masks, key=lambda mask_HW: -int(mask_HW.sum()))


def cell_name(cell: Cell) -> str:
    """As on a chess board, from the top left: columns A–P, rows 1–16.

    >>> cell_name((3, 7))
    'H4'
    """
    row, column = cell
    return f"{chr(ord('A') + column)}{row + 1}"


def span_name(mask_HW: NDArray[np.bool_]) -> str:
    """The cells from the top left to the bottom right corner of the box around some ink: ``C3–E5``, or ``C3``."""
    rows, columns = (np.flatnonzero(mask_HW.any(axis=axis)) // CELL_PX for axis in (1, 0))
    first, last = cell_name((int(rows[0]), int(columns[0]))), cell_name((int(rows[-1]), int(columns[-1])))
    return first if first == last else f"{first}–{last}"
