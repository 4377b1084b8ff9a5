"""Whole images to another size by the exact area mean, in whole numbers, many at a time.

N images · H×W pixels before · h×w after · K pixels that share in one of the result along an axis
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

# Results computed at once: what lies in between stays in the processor's cache.
CHUNK_PIXELS = 1 << 18


class _Overlaps(NamedTuple):
    """For every result along an axis the first of K pixels and how many ``total``-ths of it each of them is."""

    first_l: NDArray[np.int64]
    share_lK: NDArray[np.int64]
    total: int


def resize_area(images_NHW: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """(N, H, W) uint8 → (N, height, width) uint8: the mean over the area that a pixel of the result covers.

    Exact up to rounding half up, smaller or larger alike. Raises ValueError where a size is below 1, or sums do not
    fit 32 bits (H·W up to 16 million).
    """
    if min(height, width, *images_NHW.shape[1:]) < 1:
        raise ValueError(f"no size of 1 or more: {images_NHW.shape[1:]} to {(height, width)}")
    rows, columns = _overlaps(images_NHW.shape[1], height), _overlaps(images_NHW.shape[2], width)
    total = rows.total * columns.total
    if total * 255 >= 1 << 32:
        raise ValueError(f"{images_NHW.shape[1:]} to {(height, width)}: sums do not fit 32 bits")
    # the rounding half is added before the division
    sum_type = np.uint16 if total * 255 + total // 2 < 1 << 16 else np.uint32
    resized_Nhw = np.empty((len(images_NHW), height, width), np.uint8)
    step = max(1, CHUNK_PIXELS // (images_NHW.shape[1] * images_NHW.shape[2]))
    for start in range(0, len(images_NHW), step):
        part = slice(start, start + step)
        sums_Nhw = _sum_rows(_sum_columns(images_NHW[part], columns, sum_type), rows)
        sums_Nhw += sum_type(total // 2)
        resized_Nhw[part] = sums_Nhw if total == 1 else sums_Nhw // sum_type(total)
    return resized_Nhw


@cache
def _overlaps(length: int, out: int) -> _Overlaps:
    """Both axes in units of which a pixel has ``out`` before and ``length`` after, reduced."""
    common = int(np.gcd(length, out))
    before, after = out // common, length // common
    start_l = np.arange(out) * after
    first_l = start_l // before
    taps = int((-(-(start_l + after) // before) - first_l).max())
    pixel_lK = first_l[:, None] + np.arange(taps)
    low_lK = np.maximum(pixel_lK * before, start_l[:, None])
    high_lK = np.minimum((pixel_lK + 1) * before, start_l[:, None] + after)
    return _Overlaps(first_l, np.maximum(high_lK - low_lK, 0), after)


def _sum_columns(images_NHW: NDArray[np.uint8], columns: _Overlaps, sum_type: Any) -> NDArray[Any]:
    """(N, H, w) sums along the width, ``total`` times the mean."""
    if len(columns.first_l) == images_NHW.shape[2]:
        return images_NHW.astype(sum_type)
    if columns.total == 2 and 2 * len(columns.first_l) == images_NHW.shape[2]:
        # two neighbours are one 16-bit word: no strided reading
        words_NHw = np.ascontiguousarray(images_NHW).view(np.uint16)
        return ((words_NHw & 0xFF) + (words_NHw >> 8)).astype(sum_type, copy=False)
    sums_NHw: NDArray[Any] = np.zeros((*images_NHW.shape[:2], len(columns.first_l)), sum_type)
    for tap, share_l in enumerate(columns.share_lK.T):
        sums_NHw += images_NHW.take(columns.first_l + tap, axis=2, mode="clip") * share_l.astype(sum_type)
    return sums_NHw


def _sum_rows(sums_NHw: NDArray[Any], rows: _Overlaps) -> NDArray[Any]:
    """(N, h, w) sums along the height."""
    sums_Nhw: NDArray[Any] = np.zeros((len(sums_NHw), len(rows.first_l), sums_NHw.shape[2]), sums_NHw.dtype)
    for tap, share_l in enumerate(rows.share_lK.T):
        sums_Nhw += sums_NHw.take(rows.first_l + tap, axis=1, mode="clip") * share_l.astype(sums_NHw.dtype)[:, None]
    return sums_Nhw
