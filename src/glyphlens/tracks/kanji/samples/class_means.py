"""What a class looks like to most of its writers: mean thumbnails, from cells whose edges are told in two ways.

N pictures · P×P pixels · F = 256 pixels of a 16×16 thumbnail
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

THUMBNAIL_PX = 16
# A class is known by its cells without pieces where so many are there; else by all of them, with their pieces unless
# these make the cells less alike by more than the slack.
ENOUGH_CELLS, ALIKE_SLACK = 10, 0.1
FEWEST_CELLS = 5  # of a class that tell what is its own
MEAN_STEPS = 256  # means are whole multiples of 1 / MEAN_STEPS, so that sums of products are exact in any order

# Of a class: cells without pieces; the others with all pieces; the others without.
UNTOUCHED, WHOLE, CLEARED = range(3)


class ClassMean(NamedTuple):
    """``mean_F`` int64: the mean thumbnail times MEAN_STEPS; ``centred_F`` and ``length`` for correlations."""

    mean_F: NDArray[np.int64]
    centred_F: NDArray[np.int64]
    length: float


class ClassSums:
    """By label what the mean needs, (3, 1 + F + 1) int64: count, Σ pixels, Σ squares of UNTOUCHED, WHOLE, CLEARED."""

    def __init__(self) -> None:
        self.tables: dict[str, NDArray[np.int64]] = {}

    def add(self, kind: int, labels: Iterable[str], pictures_NPP: NDArray[np.uint8]) -> None:
        """Pictures of one kind with their labels."""
        for label, pixels_F in zip(labels, thumbnails(pictures_NPP), strict=True):
            table = self.tables.setdefault(label, np.zeros((3, THUMBNAIL_PX**2 + 2), np.int64))
            table[kind, 0] += 1
            table[kind, 1:-1] += pixels_F
            table[kind, -1] += int(pixels_F @ pixels_F)

    def merge(self, other: "ClassSums") -> None:
        """Add what another file has."""
        for label, table in other.tables.items():
            self.tables[label] = self.tables.get(label, 0) + table

    def means(self) -> dict[str, ClassMean]:
        """Of every class that enough cells show."""
        picked = {label: _picked(table) for label, table in self.tables.items()}
        return {label: _mean(sums) for label, sums in picked.items() if sums[0] >= FEWEST_CELLS}


def thumbnails(pictures_NPP: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(N, F) the pictures at 16×16 pixels, area means."""
    count, side_px = len(pictures_NPP), pictures_NPP.shape[2]
    if not count:
        return np.empty((0, THUMBNAIL_PX**2), np.int64)
    tall = np.ascontiguousarray(pictures_NPP).reshape(count * side_px, side_px)
    small = cv2.resize(tall, (THUMBNAIL_PX, count * THUMBNAIL_PX), interpolation=cv2.INTER_AREA)
    return small.reshape(count, -1).astype(np.int64)


def likeness(thumbnails_NF: NDArray[np.int64], mean: ClassMean) -> NDArray[np.float64]:
    """(N,) the correlation with a mean, −1 … 1, from sums of whole numbers: the same on every machine."""
    total_N, square_N = thumbnails_NF.sum(axis=1), (thumbnails_NF**2).sum(axis=1)
    spread_N = np.sqrt(np.maximum(1, thumbnails_NF.shape[1] * square_N - total_N**2).astype(np.float64))
    return np.asarray(thumbnails_NF @ mean.centred_F / (spread_N * mean.length))


def _picked(table: NDArray[np.int64]) -> NDArray[np.int64]:
    if table[UNTOUCHED, 0] >= ENOUGH_CELLS:
        return np.asarray(table[UNTOUCHED])
    own = _alike(table[WHOLE]) >= _alike(table[CLEARED]) - ALIKE_SLACK
    return np.asarray(table[UNTOUCHED] + table[WHOLE if own else CLEARED])


def _alike(sums: NDArray[np.int64]) -> float:
    """Share of the pictures' energy that their mean has: 1 where all are the same."""
    return int(sums[1:-1] @ sums[1:-1]) / max(1, int(sums[0]) * int(sums[-1]))


def _mean(sums: NDArray[np.int64]) -> ClassMean:
    mean_F = np.rint(sums[1:-1] * MEAN_STEPS / sums[0]).astype(np.int64)
    centred_F = len(mean_F) * mean_F - mean_F.sum()
    return ClassMean(mean_F, centred_F, math.sqrt(max(1, int(centred_F @ centred_F)) / len(mean_F)))
