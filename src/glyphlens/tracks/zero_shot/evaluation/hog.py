"""The baseline: histograms of oriented gradients, compared with those of templates. Nothing in it was trained.

Dalal and Triggs 2005, doi:10.1109/CVPR.2005.177, without overlapping blocks: a picture has one contrast already.
N pictures · H×W pixels · F = 8·8 cells × 8 directions
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from glyphlens.inference.prototypes import of_length_1

CELLS, DIRECTIONS = 8, 8  # cells on each side of a picture; directions without sign, half a turn
BLOCK = 256  # pictures at a time: what is counted stays in the processor's cache
FULL, SLOPES = 255, 511  # largest difference of two pixels, how many differences there are
Floats = NDArray[np.float32]


def gradient_histograms(pixels_NHW: NDArray[np.uint8]) -> Floats:
    """(N, F) of length 1: square roots of each cell's gradients by direction; all 0 for an empty picture.

    H and W are multiples of CELLS. A gradient goes to the two nearest directions by its distance to them.
    """
    blocks = [pixels_NHW[start : start + BLOCK] for start in range(0, len(pixels_NHW), BLOCK)]
    features = CELLS * CELLS * DIRECTIONS
    return np.concatenate([np.zeros((0, features), np.float32), *map(_block_histograms, blocks)])


def _block_histograms(pixels_NHW: NDArray[np.uint8]) -> Floats:
    count, height, width = pixels_NHW.shape
    grey_NHW = pixels_NHW.astype(np.int32)
    across_NHW, down_NHW = np.zeros_like(grey_NHW), np.zeros_like(grey_NHW)
    across_NHW[:, :, 1:-1] = grey_NHW[:, :, 2:] - grey_NHW[:, :, :-2]
    down_NHW[:, 1:-1] = grey_NHW[:, 2:] - grey_NHW[:, :-2]
    slope_N = (across_NHW * SLOPES + down_NHW).ravel()
    sloped = np.flatnonzero(slope_N)  # a third of the pixels: the others add nothing
    slope = slope_N[sloped] + FULL * (SLOPES + 1)
    cell_HW = (np.arange(height) * CELLS // height)[:, None] * CELLS + np.arange(width) * CELLS // width
    cell = np.add.outer(np.arange(count) * CELLS * CELLS, cell_HW.ravel()).ravel()[sloped] * DIRECTIONS
    size = count * CELLS * CELLS * DIRECTIONS
    shares = _shares_of_slopes()
    sums = np.bincount(cell + shares.lower[slope], shares.to_lower[slope], size)
    sums += np.bincount(cell + shares.upper[slope], shares.to_upper[slope], size)
    return of_length_1(np.sqrt(sums).astype(np.float32).reshape(count, -1))


class _SlopeShares(NamedTuple):
    """Of every gradient (across · SLOPES + down, from the smallest on) its two directions, and what goes to each."""

    lower: NDArray[np.int64]
    upper: NDArray[np.int64]
    to_lower: NDArray[np.float64]
    to_upper: NDArray[np.float64]


@cache
def _shares_of_slopes() -> _SlopeShares:
    step = np.arange(-FULL, FULL + 1)
    direction = (np.arctan2(step, step[:, None]) % np.pi / np.pi * DIRECTIONS).ravel()
    strength, below = np.hypot(step, step[:, None]).ravel(), direction.astype(np.int64)
    to_upper = strength * (direction - below)
    return _SlopeShares(below % DIRECTIONS, (below + 1) % DIRECTIONS, strength - to_upper, to_upper)
