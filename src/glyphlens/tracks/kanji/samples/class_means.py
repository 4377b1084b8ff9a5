"""What a class looks like to most of its writers: the mean thumbnail of its pictures.

N pictures · P×P pixels · F = 256 pixels of a 16×16 thumbnail
"""

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

THUMBNAIL_PX = 16
FEWEST_CELLS = 5  # of a class that tell what is its own
MEAN_STEPS = 256  # means are whole multiples of 1 / MEAN_STEPS, so that sums of products are exact in any order


class ClassMean(NamedTuple):
    """``mean_F`` int64: the mean thumbnail times MEAN_STEPS; ``centred_F`` and ``length`` for correlations."""

    mean_F: NDArray[np.int64]
    centred_F: NDArray[np.int64]
    length: float


# By label the number of pictures and the sum of their thumbnails, (1 + F,) int64.
ThumbnailSums = Mapping[str, NDArray[np.int64]]


def thumbnail_sums(labels: Iterable[str], pictures_NPP: NDArray[np.uint8]) -> ThumbnailSums:
    """Of pictures with their labels."""
    sums: dict[str, NDArray[np.int64]] = {}
    for label, pixels_F in zip(labels, thumbnails(pictures_NPP), strict=True):
        total = sums.setdefault(label, np.zeros(THUMBNAIL_PX**2 + 1, np.int64))
        total[0] += 1
        total[1:] += pixels_F
    return sums


def added_sums(parts: Iterable[ThumbnailSums]) -> dict[str, NDArray[np.int64]]:
    """The sums of all parts together."""
    total: dict[str, NDArray[np.int64]] = {}
    for part in parts:
        for label, sums in part.items():
            total[label] = total[label] + sums if label in total else sums
    return total


def class_means(sums: ThumbnailSums) -> dict[str, ClassMean]:
    """Of every class with FEWEST_CELLS pictures or more."""
    return {label: _mean(total) for label, total in sums.items() if total[0] >= FEWEST_CELLS}


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


def _mean(sums: NDArray[np.int64]) -> ClassMean:
    mean_F = np.rint(sums[1:] * MEAN_STEPS / sums[0]).astype(np.int64)
    centred_F = len(mean_F) * mean_F - mean_F.sum()
    return ClassMean(mean_F, centred_F, math.sqrt(max(1, int(centred_F @ centred_F)) / len(mean_F)))
