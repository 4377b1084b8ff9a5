"""Ink in the edge of a record's cell: a stroke of the character, or a piece of what stands beside it?

Size and place alone do not tell them apart: the dot of a tightly cropped う lies where other sets show neighbours. The
other writers do. What most of them have in that place of the character is the character's.

N cells · H×W pixels of a cell · P×P pixels of a picture · V variants of cells · F = 256 pixels of a 16×16 thumbnail
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from glyphlens.imaging.handwriting import HandwritingParams, prepare
from glyphlens.imaging.ink import MASK_PX, find_ink
from glyphlens.tracks.kanji.samples.class_means import (
    THUMBNAIL_PX,
    ClassMean,
    ThumbnailSums,
    added_sums,
    class_means,
    likeness,
    thumbnail_sums,
    thumbnails,
)

PIECES = 3  # of a cell, the largest, are decided one by one; smaller ones are cleared
OWN = 255  # marks the character's own ink
PIECE_SHARE = 0.3  # of full ink: darker pixels that the preparation clears are a piece
CHUNK = 64  # cells looked at together
PAPER_PERCENT = 25
# A set whose characters mostly have this share of the cell's side is cropped to them.
FULL_SIDE, TIGHT_SHARE = 0.85, 0.5
# A class is known by its cells without pieces where so many are there; else by the others too.
ENOUGH_CELLS = 10
LARGE = 0.008  # share of the cell from which on a piece is as large as a stroke


class Rule(NamedTuple):
    """When a piece is the character's: how much more like the class the picture is with it, and how much the class
    has in its place.

    ``support`` is the class's mean ink in the piece's place over that in the place of the rest of the character; it is
    asked of a piece that is LARGE and cut by the cell's border, as what is cut off a neighbour is.
    """

    gain: float
    support: float
    support_small: float
    support_uncut: float


# Measured on simulated writers: in a cropped set most pieces are strokes, elsewhere hardly any are.
TIGHT, LOOSE = Rule(-1.0, 0.3, 0.5, 0.1), Rule(0.003, 0.6, 0.6, 0.6)


class EdgeCells(NamedTuple):
    """``pieces_NHW`` uint8: 0, OWN, the number of a piece from 1 by size, PIECES + 1 for all smaller ones.

    ``side_N``: longer side of the character without pieces, share of the cell's.
    """

    cells_NHW: NDArray[np.uint8]
    pieces_NHW: NDArray[np.uint8]
    side_N: NDArray[np.float64]

    @property
    def touched_N(self) -> NDArray[np.bool_]:
        """Which cells have a piece."""
        return np.asarray(((self.pieces_NHW > 0) & (self.pieces_NHW < OWN)).any(axis=(1, 2)))


class ClearedCells(NamedTuple):
    """``pictures_NPP`` as ``prepare`` makes them, which cells had a piece cleared away, and their pieces."""

    pictures_NPP: NDArray[np.uint8]
    cleared_N: NDArray[np.bool_]
    edge: EdgeCells


class _Variant(NamedTuple):
    """A cell with some of its pieces, its likeness to the class, and where its ink lies: centre and cell pixels per
    picture pixel."""

    kept: frozenset[int]
    likeness: float
    centre: tuple[float, float]
    scale: float


def find_pieces(cells_NHW: NDArray[np.uint8], params: HandwritingParams) -> EdgeCells:
    """The components that ``prepare`` would clear from the cells' edges."""
    pieces_NHW, side_N = np.zeros(cells_NHW.shape, np.uint8), np.zeros(len(cells_NHW))
    least = params.speck_share * cells_NHW[0].size if len(cells_NHW) else 0
    for start in range(0, len(cells_NHW), CHUNK):
        part = slice(start, start + CHUNK)
        kept, every = (find_ink(cells_NHW[part], rule) for rule in (params, without_edge(params)))
        longer_N = np.maximum(kept.bottom_N - kept.top_N, kept.right_N - kept.left_N)
        side_N[part] = longer_N / max(cells_NHW.shape[1:])
        pieces_NHW[part] = np.where(kept.strokes_NHW > 0, OWN, 0)
        dark_N11 = np.maximum(1, PIECE_SHARE * every.range_N)[:, None, None]
        apart_NHW = (every.strokes_NHW >= dark_N11) & (kept.strokes_NHW == 0)
        for row in np.flatnonzero(apart_NHW.any(axis=(1, 2))):
            _number_pieces(apart_NHW[row], least, pieces_NHW[start + row])
    return EdgeCells(cells_NHW, pieces_NHW, side_N)


def without_edge(params: HandwritingParams) -> HandwritingParams:
    """The same preparation, which clears nothing but specks."""
    return params.model_copy(update={"edge_share": 0.0})


class EdgeSurvey(NamedTuple):
    """What the cells of a set tell together: those without pieces, and the others with and without them."""

    untouched: ThumbnailSums
    whole: ThumbnailSums
    bare: ThumbnailSums
    cells: int
    full_cells: int

    @property
    def is_tight(self) -> bool:
        """Whether the set's cells are cropped to the characters, as those without pieces show."""
        return self.cells >= ENOUGH_CELLS and self.full_cells >= TIGHT_SHARE * self.cells

    @property
    def rule(self) -> Rule:
        """What makes a piece a stroke in this set."""
        return TIGHT if self.is_tight else LOOSE

    @property
    def touched(self) -> ThumbnailSums:
        """Cells with pieces, as most of them are right."""
        return self.whole if self.is_tight else self.bare


def survey_edges(labels_N: NDArray[np.object_], edge: EdgeCells, params: HandwritingParams) -> EdgeSurvey:
    """Of cells with their labels."""
    touched_N, bare_NPP = edge.touched_N, prepare(edge.cells_NHW, params)
    whole_nPP = prepare(edge.cells_NHW[touched_N], without_edge(params))
    return EdgeSurvey(
        thumbnail_sums(labels_N[~touched_N], bare_NPP[~touched_N]),
        thumbnail_sums(labels_N[touched_N], whole_nPP),
        thumbnail_sums(labels_N[touched_N], bare_NPP[touched_N]),
        int((~touched_N).sum()),
        int((edge.side_N[~touched_N] >= FULL_SIDE).sum()),
    )


def added_surveys(parts: Sequence[EdgeSurvey]) -> EdgeSurvey:
    """Of several files of a set."""
    return EdgeSurvey(
        added_sums(part.untouched for part in parts),
        added_sums(part.whole for part in parts),
        added_sums(part.bare for part in parts),
        sum(part.cells for part in parts),
        sum(part.full_cells for part in parts),
    )


def known_classes(surveys: Iterable[EdgeSurvey]) -> dict[str, ClassMean]:
    """The mean of every class over all sets: from its cells without pieces, if there are ENOUGH_CELLS of them."""
    found = list(surveys)
    untouched = added_sums(survey.untouched for survey in found)
    every = added_sums([untouched, *(survey.touched for survey in found)])
    enough = {label: sums for label, sums in untouched.items() if sums[0] >= ENOUGH_CELLS}
    return class_means(every | enough)


def clear_edges(
    cells_NHW: NDArray[np.uint8],
    labels_N: NDArray[np.object_],
    means: Mapping[str, ClassMean],
    rule: Rule,
    params: HandwritingParams,
) -> ClearedCells:
    """Prepare the cells with those of their pieces that are the character's; without a mean of the class, with none."""
    edge, pictures_NPP = find_pieces(cells_NHW, params), prepare(cells_NHW, params)
    cleared_N = edge.touched_N
    kept: dict[int, frozenset[int]] = {}
    for row in np.flatnonzero(cleared_N).tolist():
        if labels_N[row] in means:
            kept[row] = own_pieces(edge, row, pictures_NPP[row], means[labels_N[row]], rule, params)
    some = [row for row, numbers in kept.items() if numbers]
    if some:
        painted_nHW = np.stack([_painted(edge, row, kept[row]) for row in some])
        pictures_NPP[some] = prepare(painted_nHW, without_edge(params))
    for row in some:
        cleared_N[row] = bool(set(np.unique(edge.pieces_NHW[row]).tolist()) - {0, OWN} - kept[row])
    return ClearedCells(pictures_NPP, cleared_N, edge)


def own_pieces(
    edge: EdgeCells, row: int, bare_PP: NDArray[np.uint8], mean: ClassMean, rule: Rule, params: HandwritingParams
) -> frozenset[int]:
    """The numbers of a cell's pieces that are the character's; ``bare_PP`` is its picture without any."""
    pieces_HW = edge.pieces_NHW[row]
    numbers = [number for number in range(1, PIECES + 1) if (pieces_HW == number).any()]
    chosen = dict.fromkeys([*(frozenset([number]) for number in numbers), frozenset(numbers)])
    variants = _variants(edge, row, list(chosen), mean, params)
    bare = float(likeness(thumbnails(bare_PP[None]), mean)[0])

    def is_own(number: int) -> bool:
        best = max((each for each in variants if number in each.kept), key=lambda each: each.likeness)
        other = max([bare, *(each.likeness for each in variants if number not in each.kept)])
        if best.likeness - other <= rule.gain:
            return False
        return _support(pieces_HW, number, best, mean, params) > _asked(pieces_HW == number, rule)

    return frozenset(filter(is_own, numbers))


def _variants(
    edge: EdgeCells, row: int, chosen: Sequence[frozenset[int]], mean: ClassMean, params: HandwritingParams
) -> list[_Variant]:
    painted_VHW = np.stack([_painted(edge, row, kept) for kept in chosen])
    ink = find_ink(painted_VHW, without_edge(params))
    like_V = likeness(thumbnails(prepare(painted_VHW, without_edge(params))), mean)
    down_V, across_V = (ink.top_N + ink.bottom_N) / 2, (ink.left_N + ink.right_N) / 2
    longer_V = np.maximum(np.maximum(ink.bottom_N - ink.top_N, ink.right_N - ink.left_N), 1)
    return [
        _Variant(kept, float(like), (float(down), float(across)), float(longer) / params.box_px)
        for kept, like, down, across, longer in zip(chosen, like_V, down_V, across_V, longer_V, strict=True)
    ]


def _support(
    pieces_HW: NDArray[np.uint8], number: int, variant: _Variant, mean: ClassMean, params: HandwritingParams
) -> float:
    """The class's mean ink under a piece over that under the character's own ink."""

    def ink_under(mask_HW: NDArray[np.bool_]) -> float:
        at_2n = (
            np.stack(np.nonzero(mask_HW)) - np.array(variant.centre)[:, None]
        ) / variant.scale + params.image_px / 2
        within = ((at_2n >= 0) & (at_2n < params.image_px)).all(axis=0)
        down, across = (at_2n[:, within] * THUMBNAIL_PX // params.image_px).astype(np.int64)
        return float(mean.mean_F[down * THUMBNAIL_PX + across].mean()) if within.any() else 0.0

    return ink_under(pieces_HW == number) / max(1.0, ink_under(pieces_HW == OWN))


def _asked(piece_HW: NDArray[np.bool_], rule: Rule) -> float:
    if not (piece_HW[[0, -1]].any() or piece_HW[:, [0, -1]].any()):
        return rule.support_uncut
    return rule.support if piece_HW.mean() > LARGE else rule.support_small


def _number_pieces(apart_HW: NDArray[np.bool_], least: float, pieces_HW: NDArray[np.uint8]) -> None:
    _, labels_HW, facts, _ = cv2.connectedComponentsWithStats(apart_HW.astype(np.uint8), connectivity=8)
    areas = facts[1:, cv2.CC_STAT_AREA]
    for rank, number in enumerate(np.argsort(-areas, kind="stable").tolist()):
        if areas[number] > least:
            pieces_HW[labels_HW == number + 1] = min(rank, PIECES) + 1


def _painted(edge: EdgeCells, row: int, kept: Iterable[int]) -> NDArray[np.uint8]:
    """The cell with paper in the place of all pieces but the kept ones."""
    cell_HW, pieces_HW = edge.cells_NHW[row], edge.pieces_NHW[row]
    own_HW = (pieces_HW == OWN) | np.isin(pieces_HW, list(kept))
    dropped_HW = (pieces_HW > 0) & ~own_HW
    width = 2 * max(1, round(max(cell_HW.shape) / MASK_PX)) + 1
    wide_HW = cv2.dilate(dropped_HW.astype(np.uint8), np.ones((width, width), np.uint8)) > 0
    paper = np.percentile(cell_HW, PAPER_PERCENT, method="lower")
    return np.asarray(np.where(wide_HW & ~own_HW, paper, cell_HW), np.uint8)
