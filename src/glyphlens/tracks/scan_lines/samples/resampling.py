"""Pictures of any size → the lines and samples that a network reads, by area; each line stored in 8 bits.

N pictures · H×W their pixels · L lines · S samples of a line
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LEVELS = 255
# A line whose values span no more than this share of the scan's largest value is flat: what is left is rounding.
FLAT = 1e-12


def overlaps(length: int, count: int) -> NDArray[np.float64]:
    """(count, length): how much of each of ``length`` pixels lies in each of ``count`` equal pieces.

    Whole numbers, in units of 1 / count of a pixel, so that sums over integer pixels are exact in any order. Each row
    sums to ``length``.
    """
    piece, pixel = np.arange(count)[:, None], np.arange(length)[None, :]
    end = np.minimum((piece + 1) * length, (pixel + 1) * count)
    shared: NDArray[np.float64] = np.maximum(end - np.maximum(piece * length, pixel * count), 0).astype(np.float64)
    return shared


def resampled(pictures_NHW: NDArray[np.float64] | NDArray[np.uint8], lines: int, samples: int) -> NDArray[np.float64]:
    """(N, H, W) → (N, L, S) float64: the mean over the area of each new pixel, whether there are fewer or more."""
    height, width = pictures_NHW.shape[1:]
    summed_NLS = overlaps(height, lines) @ pictures_NHW.astype(np.float64) @ overlaps(width, samples).T
    means_NLS: NDArray[np.float64] = summed_NLS / (height * width)
    return means_NLS


def resampled_levels(pictures_NHW: NDArray[np.uint8], lines: int, samples: int) -> NDArray[np.uint8]:
    """(N, H, W) uint8 → (N, L, S) uint8; pictures that have this size already are returned as they are."""
    if pictures_NHW.shape[1:] == (lines, samples):
        return pictures_NHW
    return np.rint(resampled(pictures_NHW, lines, samples)).astype(np.uint8)


class StoredLines(NamedTuple):
    """A scan as it is stored: ``levels_LS`` uint8, from 0 to 255 in every line that is neither flat nor missing;
    ``missing_L`` bool; ``spans_L`` float32, how wide the values of each line are where the widest line has 255."""

    levels_LS: NDArray[np.uint8]
    missing_L: NDArray[np.bool_]
    spans_L: NDArray[np.float32]

    def values(self) -> NDArray[np.float32]:
        """(L, S): each line from 0 to its span, NaN where it is missing."""
        return line_values(*self)


def line_values(
    levels_NLS: NDArray[np.uint8], missing_NL: NDArray[np.bool_], spans_NL: NDArray[np.float32] | None
) -> NDArray[np.float32]:
    """(…, L, S) float32 of what is stored: the levels, or 0 to the span of each line; NaN where it is missing."""
    values_NLS = levels_NLS.astype(np.float32)
    if spans_NL is not None:
        values_NLS *= spans_NL[..., None] / np.float32(LEVELS)
    values_NLS[missing_NL] = np.nan
    return values_NLS


def resampled_scan(values_HW: NDArray[np.float64], lines: int, samples: int) -> StoredLines:
    """A scan in any unit → what is stored of it.

    A line with a value that is no number is missing, and so is every new line that it would be part of: nothing is
    filled in. Each other line has all 8 bits to itself, so that one line of far larger values takes nothing from the
    others, and how wide it is beside them is stored too. Flat and missing lines are zeros.
    """
    unknown_H1 = ~np.isfinite(values_HW).all(axis=1, keepdims=True)
    known_HW = np.where(unknown_H1, 0, values_HW)
    known_HW /= np.abs(known_HW).max() or 1
    missing_L = (overlaps(len(values_HW), lines) @ unknown_H1)[:, 0] > 0
    lines_LS = resampled(known_HW[None], lines, samples)[0]
    lines_LS -= lines_LS.min(axis=1, keepdims=True)
    span_L = lines_LS.max(axis=1)
    span_L[(span_L <= FLAT) | missing_L] = 0
    lines_LS *= np.where(span_L > 0, LEVELS / np.where(span_L > 0, span_L, 1), 0)[:, None]
    spans_L = (LEVELS * span_L / (span_L.max() or 1)).astype(np.float32)
    return StoredLines(np.rint(lines_LS).astype(np.uint8), missing_L, spans_L)
