"""Connected pieces of a page's ink → the lines that they belong to, in reading order.

H×W pixels of a page · M pieces · a band is where the letters of one line stand, without marks above and below
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects, gaussian_filter1d
from scipy.signal import find_peaks

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Cut = tuple[slice, slice]

SINGLE_LINE = 2.6  # a picture lower than so many letters is one line, whatever stands in it
COLUMN_GAP, COLUMN_HEIGHT = 1.6, 5.0  # letters: white between columns, and how high they are at least
BLOCK_GAP = 0.5  # letters: white above and below a block
STRIP_GAP = 0.3  # letters: narrower white is often between letters and their own marks
MARKS_HEIGHT, MARKS_GAP = 0.9, 0.4  # of a line's letters: a lower strip so near is its marks, and no line
LETTER_LIKE = 0.45  # of the letters' height; lower pieces are marks
SMOOTHING, LEAST_PITCH, PROMINENCE = 0.3, 1.1, 0.25  # of rows that lines are found in: in letters; of a peak's height
OVERLAP = 0.6  # of a piece or a band: what stands in the band is no mark
SIDE_COST, BODY_COST = 1.5, 0.25  # of distances to the side, and to the letters' band, beside that to the nearest piece


@dataclass(frozen=True)
class Pieces:
    """M pieces: their numbers in ``labels_HW`` (0 is paper), the boxes around them and their pixels of ink."""

    labels_HW: NDArray[np.int32]
    numbers: Ints
    lefts: Ints
    tops: Ints
    widths: Ints
    heights: Ints
    areas: Ints

    @classmethod
    def of(cls, labels_HW: NDArray[np.int32], stats_M5: NDArray[np.int32]) -> "Pieces":
        """All pieces that OpenCV numbered from 1 on."""
        columns = (stats_M5[:, column].astype(np.int64) for column in (0, 1, 2, 3, 4))
        return cls(labels_HW, np.arange(1, len(stats_M5) + 1), *columns)

    def __len__(self) -> int:
        return len(self.numbers)

    def kept(self, chosen: Bools | Ints) -> "Pieces":
        """Some of the pieces."""
        names = ("numbers", "lefts", "tops", "widths", "heights", "areas")
        return replace(self, **{name: getattr(self, name)[chosen] for name in names})

    @property
    def rights(self) -> Ints:
        """(M,) the first column behind each."""
        return self.lefts + self.widths

    @property
    def bottoms(self) -> Ints:
        """(M,) the first row below each."""
        return self.tops + self.heights

    @cached_property
    def letter_px(self) -> float:
        """The height in which half of the ink is, 0 without a piece; frames and pictures apart."""
        if not len(self):
            return 0.0
        height, width = self.labels_HW.shape
        usual = ~((self.heights > height / 3) & (self.widths > width / 3))
        usual = usual if usual.any() else ~usual
        heights, areas = self.heights[usual], self.areas[usual]
        order = np.argsort(heights, kind="stable")
        shares = np.cumsum(areas[order])
        return float(heights[order][np.searchsorted(shares, shares[-1] / 2)])

    @cached_property
    def mask_HW(self) -> Bools:
        """(H, W) where their ink is."""
        return self.mask((slice(None), slice(None)))

    def mask(self, cut: Cut) -> Bools:
        """Where their ink is in a part of the page."""
        labels_hw = self.labels_HW[cut]
        chosen = np.zeros(max(int(labels_hw.max(initial=0)), int(self.numbers.max(initial=0))) + 1, np.bool_)
        chosen[self.numbers] = True
        return np.asarray(chosen[labels_hw])


@dataclass(frozen=True)
class Band:
    """A line: the rows between which its letters stand, their height, and its pieces, marks too."""

    top: float
    bottom: float
    letter_px: float
    pieces: Pieces

    @property
    def middle(self) -> float:
        """The row in the middle of the letters."""
        return (self.top + self.bottom) / 2


def line_bands(pieces: Pieces) -> list[Band]:
    """The lines in reading order: columns from left to right, in each of them from top to bottom."""
    if pieces.labels_HW.shape[0] < SINGLE_LINE * pieces.letter_px:
        return [_band(pieces, pieces)]
    blocks = _columns(pieces, pieces.letter_px) or [pieces]
    return [band for block in blocks for strip in _strips(block) for band in _lines_of(strip)]


# ── columns ──────────────────────────────────────────────────────────────────────────────────
def _columns(block: Pieces, letter_px: float) -> list[Pieces]:
    """The columns in a block, and what stands above, between and below them; empty where it has none."""
    for left, right in _gaps(block.lefts, block.rights, COLUMN_GAP * letter_px):
        is_left = block.rights <= (left + right) / 2
        sides = block.kept(is_left), block.kept(~is_left)
        if all(_span(side.tops, side.bottoms) > COLUMN_HEIGHT * letter_px for side in sides):
            return [part for side in sides for part in _columns(side, letter_px) or [side]]
    for top, bottom in _gaps(block.tops, block.bottoms, BLOCK_GAP * letter_px):
        is_above = block.bottoms <= (top + bottom) / 2
        parts = [block.kept(is_above), block.kept(~is_above)]
        found = [_columns(part, letter_px) for part in parts]
        if any(found):
            return [own for part, owns in zip(parts, found, strict=True) for own in owns or [part]]
        break  # without columns on either side of the widest gap there are none
    return []


def _gaps(begins: Ints, ends: Ints, least: float) -> list[tuple[int, int]]:
    """Where no interval lies, at least so wide, the widest first."""
    order = np.argsort(begins, kind="stable")
    reached = np.maximum.accumulate(ends[order])
    widths = begins[order][1:] - reached[:-1]
    places = [place for place in np.argsort(-widths, kind="stable") if widths[place] >= least]
    return [(int(reached[place]), int(begins[order][place + 1])) for place in places]


def _span(begins: Ints, ends: Ints) -> int:
    return int(ends.max() - begins.min())


# ── strips between white rows ────────────────────────────────────────────────────────────────
def _strips(block: Pieces) -> list[Pieces]:
    """The block cut at its white rows, from top to bottom; marks that stand alone go with the letters near them."""
    middles = sorted(
        (top + bottom) / 2 for top, bottom in _gaps(block.tops, block.bottoms, STRIP_GAP * block.letter_px)
    )
    place = np.searchsorted(middles, (block.tops + block.bottoms) / 2)
    strips = [block.kept(place == number) for number in np.unique(place)]
    while (pair := _marks_and_letters(strips)) is not None:
        first, second = sorted(pair)
        joined = _together(strips[first], strips[second])
        strips[first : second + 1] = [joined]
    return strips


def _marks_and_letters(strips: Sequence[Pieces]) -> tuple[int, int] | None:
    """The strip of marks that is nearest to the letters of a neighbour, and that neighbour."""
    found: list[tuple[float, int, int]] = []
    for own in range(len(strips)):
        for other in (own - 1, own + 1):
            if not 0 <= other < len(strips):
                continue
            upper, lower = strips[min(own, other)], strips[max(own, other)]
            gap = (lower.tops.min() - upper.bottoms.max()) / strips[other].letter_px
            height = _span(strips[own].tops, strips[own].bottoms) / strips[other].letter_px
            if height < MARKS_HEIGHT and gap < MARKS_GAP:
                found.append((gap, own, other))
    return min(found)[1:] if found else None


def _together(upper: Pieces, lower: Pieces) -> Pieces:
    names = ("numbers", "lefts", "tops", "widths", "heights", "areas")
    return replace(upper, **{name: np.concatenate([getattr(upper, name), getattr(lower, name)]) for name in names})


# ── lines of a strip ─────────────────────────────────────────────────────────────────────────
def _lines_of(strip: Pieces) -> list[Band]:
    """The lines in a strip through which no white row goes."""
    middles = _middles(strip)
    if len(middles) < 2:
        return [_band(strip, strip)]
    strip = _parted(strip, middles)
    line = _shared_out(strip, middles)
    return [_band(strip.kept(line == number), strip) for number in range(len(middles)) if (line == number).any()]


def _middles(strip: Pieces) -> NDArray[np.float64]:
    """The rows in the middle of the letters of each line: where most ink of letters is."""
    letter_px = strip.letter_px
    letters = strip.kept(strip.heights >= LETTER_LIKE * letter_px)
    top, bottom = int(letters.tops.min()), int(letters.bottoms.max())
    left, right = int(letters.lefts.min()), int(letters.rights.max())
    rows = letters.mask((slice(top, bottom), slice(left, right))).sum(axis=1).astype(np.float64)
    room = int(2 * letter_px)
    profile = gaussian_filter1d(np.pad(rows, room), SMOOTHING * letter_px, mode="constant")
    peaks, facts = find_peaks(profile, distance=max(1, LEAST_PITCH * letter_px), prominence=0)
    is_line = facts["prominences"] >= PROMINENCE * profile[peaks]
    return np.asarray(peaks[is_line] - room + top, np.float64)


def _band(own: Pieces, strip: Pieces) -> Band:
    """The band of a line: between the usual top and the usual bottom of its letters."""
    letter_px = own.letter_px
    is_letter = (own.heights >= 0.7 * letter_px) & (own.heights <= 1.6 * letter_px)
    letters = own.kept(is_letter) if is_letter.any() else own
    top, bottom = float(np.median(letters.tops)), float(np.median(letters.bottoms))
    return Band(top, max(bottom, top + 1), letter_px, own)


def _parted(strip: Pieces, middles: NDArray[np.float64]) -> Pieces:
    """The pieces, those that join the letters of two lines or more cut where they are thinnest, from above on."""
    half = strip.letter_px / 2
    for upper, lower in pairwise(middles):
        joined = strip.numbers[(strip.tops < upper) & (strip.bottoms > lower)]
        if not len(joined):
            continue
        labels_HW, first = strip.labels_HW.copy(), int(strip.labels_HW.max()) + 1
        for fresh, number in enumerate(joined, start=first):
            row = _thinnest_row(labels_HW == number, int(upper + half), int(np.ceil(lower - half)))
            below = labels_HW[row:]
            below[below == number] = fresh
        strip = _measured(labels_HW, np.append(strip.numbers, np.arange(first, first + len(joined))))
    return strip


def _thinnest_row(mask_HW: Bools, begin: int, end: int) -> int:
    ink = mask_HW[begin : max(end, begin + 1)].sum(axis=1)
    return begin + int(np.median(np.flatnonzero(ink == ink.min())))


def _measured(labels_HW: NDArray[np.int32], numbers: Ints) -> Pieces:
    """The pieces of these numbers, of which there is some ink each."""
    found = find_objects(labels_HW)
    rows, columns = ([found[number - 1][axis] for number in numbers] for axis in (0, 1))
    lefts, tops = (np.array([side.start for side in sides], np.int64) for sides in (columns, rows))
    widths, heights = (np.array([side.stop - side.start for side in sides], np.int64) for sides in (columns, rows))
    areas = np.bincount(labels_HW.ravel())[numbers]
    return Pieces(labels_HW, numbers, lefts, tops, widths, heights, areas)


def _shared_out(strip: Pieces, middles: NDArray[np.float64]) -> Ints:
    """For each piece the number of its line: letters by where they stand, marks by what they stand at."""
    tops, bottoms = middles - strip.letter_px / 2, middles + strip.letter_px / 2
    inner = np.minimum(strip.bottoms[:, None], bottoms) - np.maximum(strip.tops[:, None], tops)
    share = inner / np.minimum(strip.heights[:, None], bottoms - tops)
    line = np.where(share.max(axis=1) >= OVERLAP, share.argmax(axis=1), -1)
    centre = (strip.tops + strip.bottoms) / 2
    line[(line < 0) & (centre <= middles[0])] = 0
    line[(line < 0) & (centre >= middles[-1])] = len(middles) - 1
    for upper in range(len(middles) - 1):
        is_mark = (line < 0) & (centre < middles[upper + 1])
        nearby = np.flatnonzero(is_mark | (line == upper) | (line == upper + 1))
        gaps = np.stack([strip.tops - bottoms[upper], tops[upper + 1] - strip.bottoms], axis=1).clip(0)
        line[nearby] = _grown(strip.kept(nearby), line[nearby], gaps[nearby], upper)
    return line


def _grown(near: Pieces, line: Ints, gaps_M2: NDArray[np.float64], upper: int) -> Ints:
    """Marks between two lines, one after the other given to the line of the piece that is nearest.

    Beside the nearest piece counts, less, how far the letters of the line are: so a vowel below a subscript follows
    it, and a mark above a letter does not follow the subscript that hangs down to it.
    """
    line = line.copy()
    cost_M2 = np.full((len(near), 2), np.inf)

    def approach(number: int) -> None:
        side = np.maximum(near.lefts[number] - near.rights, near.lefts - near.rights[number]).clip(0)
        height = np.maximum(near.tops[number] - near.bottoms, near.tops - near.bottoms[number]).clip(0)
        own = line[number] - upper
        cost_M2[:, own] = np.minimum(cost_M2[:, own], np.hypot(height, SIDE_COST * side) + BODY_COST * gaps_M2[:, own])

    for seed in np.flatnonzero(line >= 0):
        approach(int(seed))
    while (open_marks := np.flatnonzero(line < 0)).size:
        place = int(cost_M2[open_marks].argmin())
        number = int(open_marks[place // 2])
        line[number] = upper + place % 2
        approach(number)
    return line
