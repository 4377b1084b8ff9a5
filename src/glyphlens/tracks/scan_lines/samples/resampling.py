"""Pictures of any size → the lines and samples that a network reads, by area; each line stored in 8 bits.

N pictures · H×W their pixels · L lines · S samples of a line
"""

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


def resampled_scan(
    values_HW: NDArray[np.float64], lines: int, samples: int
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """A scan in any unit → its lines (L, S) uint8, and which of the L are missing.

    A line with a value that is no number is missing, and so is every new line that it would be part of: nothing is
    filled in. The others are stored between their own smallest and largest value as 0 to 255, which standardising
    undoes but for the rounding to 8 bits. A flat line and a missing one are zeros.
    """
    unknown_H1 = ~np.isfinite(values_HW).all(axis=1, keepdims=True)
    known_HW = np.where(unknown_H1, 0, values_HW)
    known_HW /= np.abs(known_HW).max() or 1
    missing_L = (overlaps(len(values_HW), lines) @ unknown_H1)[:, 0] > 0
    lines_LS = resampled(known_HW[None], lines, samples)[0]
    lines_LS -= lines_LS.min(axis=1, keepdims=True)
    span_L1 = lines_LS.max(axis=1, keepdims=True)
    is_flat_L1 = (span_L1 <= FLAT) | missing_L[:, None]
    stored_LS = np.where(is_flat_L1, 0, lines_LS * (LEVELS / np.where(is_flat_L1, 1, span_L1)))
    return np.rint(stored_LS).astype(np.uint8), missing_L
