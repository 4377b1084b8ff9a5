"""Many outlines in one set of arrays, so that scaling, hashing and deforming them are single array operations.

G glyphs · P points · C contours
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from glyphlens.imaging.contours import ContourError, Outline, parse_contours

HASH_BYTES = 16
HASH_STEPS = 64  # coordinates are hashed in 64ths of a font unit, the finest that is drawn
NOTHING = Outline(np.empty((0, 2)), np.empty(0, np.uint8), np.empty(0, np.int16))


@dataclass(frozen=True)
class Outlines:
    """G outlines end to end; glyph g owns points ``point_starts_G1[g:g+2]`` and the like for contours.

    ``points_P2`` float64 font units; ``tags_P`` uint8; ``ends_C`` int16, counted within each glyph; both starts int64.
    """

    points_P2: NDArray[np.float64]
    tags_P: NDArray[np.uint8]
    ends_C: NDArray[np.int16]
    point_starts_G1: NDArray[np.int64]
    contour_starts_G1: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.point_starts_G1) - 1

    @property
    def point_counts_G(self) -> NDArray[np.int64]:
        """Points of each glyph; 0 where there is no outline."""
        return np.diff(self.point_starts_G1)

    def glyph(self, index: int) -> Outline:
        """One glyph's outline, as views."""
        points = slice(*self.point_starts_G1[index : index + 2])
        contours = slice(*self.contour_starts_G1[index : index + 2])
        return Outline(self.points_P2[points], self.tags_P[points], self.ends_C[contours])

    def with_points(self, points_P2: NDArray[np.float64]) -> "Outlines":
        """The same contours through other points."""
        return replace(self, points_P2=points_P2)

    def per_point(self, values_G: NDArray[np.float64]) -> NDArray[np.float64]:
        """A value (or row of values) of each glyph repeated for each of its points."""
        return np.repeat(values_G, self.point_counts_G, axis=0)

    def repeat(self, times: int) -> "Outlines":
        """Every glyph ``times`` times in a row: a a a b b b …"""
        rows_P = _repeated_rows(self.point_starts_G1, times)
        rows_C = _repeated_rows(self.contour_starts_G1, times)
        return Outlines(
            self.points_P2[rows_P],
            self.tags_P[rows_P],
            self.ends_C[rows_C],
            _starts(np.repeat(self.point_counts_G, times)),
            _starts(np.repeat(np.diff(self.contour_starts_G1), times)),
        )


def join_outlines(outlines: Sequence[Outline]) -> Outlines:
    """Outlines side by side."""
    return Outlines(
        np.concatenate([outline.points_P2 for outline in outlines] or [np.empty((0, 2))]),
        np.concatenate([outline.tags_P for outline in outlines] or [np.empty(0, np.uint8)]),
        np.concatenate([outline.ends_C for outline in outlines] or [np.empty(0, np.int16)]).astype(np.int16),
        _starts([len(outline.points_P2) for outline in outlines]),
        _starts([len(outline.ends_C) for outline in outlines]),
    )


def parse_many(contours: Sequence[str]) -> tuple[Outlines, dict[int, str]]:
    """The outlines of many glyphs' contour JSON, and why any of them has none: {position: reason}."""
    outlines: list[Outline] = []
    faults: dict[int, str] = {}
    for position, text in enumerate(contours):
        try:
            outlines.append(parse_contours(text))
        except ContourError as error:
            faults[position] = str(error)
            outlines.append(NOTHING)
    return join_outlines(outlines), faults


def hash_outlines(outlines: Outlines) -> list[str]:
    """A hexadecimal BLAKE2b of each outline, the same wherever on the baseline the glyph stands."""
    steps_P2 = np.rint(outlines.points_P2 * HASH_STEPS).astype("<i8")
    filled = np.flatnonzero(outlines.point_counts_G)
    left_G = np.zeros(len(outlines), np.int64)
    if len(filled):
        left_G[filled] = np.minimum.reduceat(steps_P2[:, 0], outlines.point_starts_G1[filled])
    steps_P2[:, 0] -= np.repeat(left_G, outlines.point_counts_G)
    hashes = []
    for glyph in range(len(outlines)):
        points = slice(*outlines.point_starts_G1[glyph : glyph + 2])
        contours = slice(*outlines.contour_starts_G1[glyph : glyph + 2])
        parts = (steps_P2[points], outlines.tags_P[points], outlines.ends_C[contours].astype("<i2"))
        hashes.append(hashlib.blake2b(b"|".join(part.tobytes() for part in parts), digest_size=HASH_BYTES).hexdigest())
    return hashes


def _starts(counts: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]).astype(np.int64)


def _repeated_rows(starts_G1: NDArray[np.int64], times: int) -> NDArray[np.int64]:
    """Row numbers of every glyph's block, each block ``times`` times."""
    counts = np.repeat(np.diff(starts_G1), times)
    shifts = np.repeat(starts_G1[:-1], times) - (np.cumsum(counts) - counts)
    return np.asarray(np.arange(counts.sum()) + np.repeat(shifts, counts), dtype=np.int64)
