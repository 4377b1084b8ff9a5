"""Ink in the edge of a record's cell: a stroke of the character, or a piece of what stands beside it?

Size and place do not tell them apart: the dot of a tightly cropped う lies where another set has its neighbours' ink. The
other writers do. A piece is kept where the character with it is more like the class than the character without it.

N cells · H×W pixels of a cell · n those with pieces · V variants of a cell · F = 256 pixels of a 16×16 thumbnail
"""

from collections.abc import Iterable, Mapping
from itertools import product
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from glyphlens.imaging.handwriting import HandwritingParams, prepare
from glyphlens.imaging.ink import MASK_PX, find_ink

THUMBNAIL_PX = 16
# So many pieces of a cell, the largest, are decided one by one; smaller ones are cleared.
PIECES = 3
OWN = 255  # marks the character's own ink
# Of full ink: darker pixels that the preparation clears are a piece.
PIECE_SHARE = 0.3
CHUNK = 64  # cells looked at together
# A class is known by its cells without pieces where they are this share of it; else by all of them, with their pieces
# unless these make the cells less alike by more than the slack.
UNTOUCHED_SHARE, ALIKE_SLACK = 0.2, 0.1
FEWEST_CELLS = 5  # of a class that tell what is its own
PAPER_PERCENT = 25
MEAN_STEPS = 256  # means are whole multiples of 1 / MEAN_STEPS, so that sums of products are exact in any order

# Of a class, as rows: cells without pieces; the others with all pieces; the others without. Count, Σ pixels, Σ squares.
UNTOUCHED, WHOLE, CLEARED = range(3)
Sums = Mapping[str, NDArray[np.int64]]


class EdgeCells(NamedTuple):
    """``pieces_NHW`` uint8: 0, OWN, the number of a piece from 1 by size, PIECES + 1 for all smaller ones."""

    cells_NHW: NDArray[np.uint8]
    pieces_NHW: NDArray[np.uint8]

    @property
    def touched_N(self) -> NDArray[np.bool_]:
        """Which cells have a piece."""
        return np.asarray(((self.pieces_NHW > 0) & (self.pieces_NHW < OWN)).any(axis=(1, 2)))


def find_pieces(cells_NHW: NDArray[np.uint8], params: HandwritingParams) -> EdgeCells:
    """The components that ``prepare`` would clear from the cells' edges."""
    pieces_NHW = np.zeros(cells_NHW.shape, np.uint8)
    least = params.speck_share * cells_NHW[0].size if len(cells_NHW) else 0
    for start in range(0, len(cells_NHW), CHUNK):
        part = slice(start, start + CHUNK)
        kept, every = (find_ink(cells_NHW[part], rule) for rule in (params, without_edge(params)))
        pieces_NHW[part] = np.where(kept.strokes_NHW > 0, OWN, 0)
        dark_N11 = np.maximum(1, PIECE_SHARE * every.range_N)[:, None, None]
        apart_NHW = (every.strokes_NHW >= dark_N11) & (kept.strokes_NHW == 0)
        for row in np.flatnonzero(apart_NHW.any(axis=(1, 2))):
            _number_pieces(apart_NHW[row], least, pieces_NHW[start + row])
    return EdgeCells(cells_NHW, pieces_NHW)


def without_edge(params: HandwritingParams) -> HandwritingParams:
    """The same preparation, which clears nothing but specks."""
    return params.model_copy(update={"edge_share": 0.0})


def edge_sums(labels: Iterable[str], edge: EdgeCells, params: HandwritingParams) -> Sums:
    """Per class what is needed to know it: (3, 1 + F + 1), rows UNTOUCHED, WHOLE, CLEARED."""
    touched = np.flatnonzero(edge.touched_N)
    cleared_NF = thumbnails(prepare(edge.cells_NHW, params))
    whole_nF = thumbnails(prepare(edge.cells_NHW[touched], without_edge(params)))
    found: dict[str, NDArray[np.int64]] = {}
    label_of = np.array(list(labels), object)

    def add(kind: int, names: NDArray[np.object_], thumbnails_nF: NDArray[np.int64]) -> None:
        for name, pixels_F in zip(names.tolist(), thumbnails_nF, strict=True):
            table = found.setdefault(name, np.zeros((3, THUMBNAIL_PX**2 + 2), np.int64))
            table[kind] += np.concatenate([[1], pixels_F, [(pixels_F**2).sum()]])

    add(UNTOUCHED, label_of[~edge.touched_N], cleared_NF[~edge.touched_N])
    add(WHOLE, label_of[touched], whole_nF)
    add(CLEARED, label_of[touched], cleared_NF[touched])
    return found


def added(parts: Iterable[Sums]) -> Sums:
    """The sums of several files."""
    total: dict[str, NDArray[np.int64]] = {}
    for part in parts:
        for label, table in part.items():
            total[label] = total[label] + table if label in total else table
    return total


def class_means(sums: Sums) -> dict[str, NDArray[np.int64]]:
    """(F,) the mean thumbnail of every class that enough cells show, times MEAN_STEPS."""
    means: dict[str, NDArray[np.int64]] = {}
    for label, table in sums.items():
        pick = table[UNTOUCHED]
        count = table[UNTOUCHED, 0] + table[WHOLE, 0]
        if pick[0] < UNTOUCHED_SHARE * count:
            alike_whole, alike_cleared = _alike(table[WHOLE]), _alike(table[CLEARED])
            pick = pick + table[WHOLE if alike_whole >= alike_cleared - ALIKE_SLACK else CLEARED]
        if pick[0] >= FEWEST_CELLS:
            means[label] = np.rint(pick[1:-1] * MEAN_STEPS / pick[0]).astype(np.int64)
    return means


def cleared_cell(
    cell_HW: NDArray[np.uint8], pieces_HW: NDArray[np.uint8], mean_F: NDArray[np.int64] | None, params: HandwritingParams
) -> tuple[NDArray[np.uint8], frozenset[int]]:
    """(P, P) the picture most like the class, and the pieces kept in it; none where the class is not known."""
    numbers = [number for number in range(1, PIECES + 1) if (pieces_HW == number).any()]
    choices = [frozenset(number for number, keep in zip(numbers, kept, strict=True) if keep)
               for kept in product((True, False), repeat=len(numbers))]  # fmt: skip
    bare_PP = prepare(cell_HW[None], params)[0]
    if mean_F is None or not numbers:
        return bare_PP, frozenset()
    kept_cells = np.stack([_painted(cell_HW, pieces_HW, choice) for choice in choices[:-1]])
    pictures_VPP = np.concatenate([prepare(kept_cells, without_edge(params)), bare_PP[None]])
    best = int(np.argmax(likeness(thumbnails(pictures_VPP), mean_F)))
    return pictures_VPP[best], choices[best]


def thumbnails(pictures_NPP: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(N, F) the pictures at 16×16 pixels, area means."""
    count, side_px = len(pictures_NPP), pictures_NPP.shape[2]
    if not count:
        return np.empty((0, THUMBNAIL_PX**2), np.int64)
    tall = pictures_NPP.reshape(count * side_px, side_px)
    small = cv2.resize(tall, (THUMBNAIL_PX, count * THUMBNAIL_PX), interpolation=cv2.INTER_AREA)
    return small.reshape(count, -1).astype(np.int64)


def likeness(thumbnails_VF: NDArray[np.int64], mean_F: NDArray[np.int64]) -> NDArray[np.float64]:
    """(V,) the correlation with a mean, −1 … 1, of whole numbers, so that the same one is best on every machine."""
    pixels = thumbnails_VF.shape[1]
    centred_F = pixels * mean_F - mean_F.sum()
    total_V, square_V = thumbnails_VF.sum(axis=1), (thumbnails_VF**2).sum(axis=1)
    spread_V = np.sqrt(np.maximum(1, pixels * square_V - total_V**2).astype(np.float64))
    length = np.sqrt(max(1.0, float((centred_F.astype(np.float64) ** 2).sum())))
    return np.asarray((thumbnails_VF @ centred_F) / (spread_V * length))


def _number_pieces(apart_HW: NDArray[np.bool_], least: float, pieces_HW: NDArray[np.uint8]) -> None:
    _, labels_HW, facts, _ = cv2.connectedComponentsWithStats(apart_HW.astype(np.uint8), connectivity=8)
    areas = facts[1:, cv2.CC_STAT_AREA]
    for rank, number in enumerate(np.argsort(-areas, kind="stable").tolist()):
        if areas[number] > least:
            pieces_HW[labels_HW == number + 1] = min(rank, PIECES) + 1


def _alike(sums: NDArray[np.int64]) -> float:
    """Share of the pictures' energy that their mean has: 1 where all are the same."""
    count, square = int(sums[0]), int(sums[-1])
    return float((sums[1:-1].astype(np.float64) ** 2).sum()) / max(1, count) / max(1, square)


def _painted(
    cell_HW: NDArray[np.uint8], pieces_HW: NDArray[np.uint8], kept: frozenset[int]
) -> NDArray[np.uint8]:
    """The cell with paper in the place of all pieces but the kept ones."""
    own_HW = (pieces_HW == OWN) | np.isin(pieces_HW, list(kept))
    dropped_HW = (pieces_HW > 0) & ~own_HW
    width = 2 * max(1, round(max(cell_HW.shape) / MASK_PX)) + 1
    wide_HW = cv2.dilate(dropped_HW.astype(np.uint8), np.ones((width, width), np.uint8)) > 0
    paper = np.percentile(cell_HW, PAPER_PERCENT, method="lower")
    return np.where(wide_HW & ~own_HW, paper, cell_HW).astype(np.uint8)
