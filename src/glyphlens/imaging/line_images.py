"""A line cut out of a page → the picture that recognisers of lines read: even paper 0, ink 255, one height.

H×W pixels
"""

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

PAPER_SHARE, INK_SHARE = 0.15, 0.995  # of the pixels from the brightest on: where paper and ink are measured
LEAST_CONTRAST = 24  # grey levels between paper and ink; what differs less is taken for empty paper
NOISE_SHARE = 0.06  # of the contrast: what is fainter than that is paper


def prepare_line(grey_HW: NDArray[np.uint8], height_px: int) -> NDArray[np.uint8]:
    """(h, w) uint8 grey of any polarity and light → (``height_px``, W) uint8, ink 255, at the same aspect.

    The darker side is ink unless most of the picture is dark. Paper under uneven light is levelled by its brightest.
    """
    dark_HW = 255 - scaled_to_height(_dark_on_light(grey_HW), height_px)
    depth_HW = dark_HW.astype(np.float32) - _paper(dark_HW)
    (ink,) = _levels(np.asarray(np.maximum(depth_HW, 0), np.uint8), INK_SHARE)
    contrast = max(float(ink), LEAST_CONTRAST)
    share_HW = (depth_HW / contrast - NOISE_SHARE) / (1 - NOISE_SHARE)
    return np.asarray(np.clip(share_HW * 255 + 0.5, 0, 255), np.uint8)


def _dark_on_light(grey_HW: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture, inverted where its middle value is nearer to its darkest than to its brightest."""
    darkest, middle, brightest = _levels(grey_HW, 0.01, 0.5, 0.99)
    return 255 - grey_HW if middle - darkest < brightest - middle else grey_HW


def scaled_to_height(grey_HW: NDArray[np.uint8], height_px: int) -> NDArray[np.uint8]:
    """(H, W) uint8 → (``height_px``, W) of the same aspect."""
    height, width = grey_HW.shape
    if height == height_px:
        return grey_HW
    size = max(1, round(width * height_px / height)), height_px
    method = cv2.INTER_AREA if height > height_px else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(grey_HW, size, interpolation=method), np.uint8)


def filled_px(width_px: int, multiple_px: int) -> int:
    """The width up to which a line is filled with background: the next multiple.

    >>> filled_px(64, 64), filled_px(65, 64)
    (64, 128)
    """
    return -(-width_px // multiple_px) * multiple_px


def _paper(dark_HW: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(1, W) darkness of the paper along the line: a low percentile of wide blocks of columns, joined smoothly."""
    height, width = dark_HW.shape
    blocks = max(1, round(width / (2 * height)))
    edges = np.linspace(0, width, blocks + 1).astype(int)
    parts = (dark_HW[:, low:high] for low, high in pairwise(edges))
    levels = np.concatenate([_levels(part, PAPER_SHARE) for part in parts])
    centres = (edges[:-1] + edges[1:]) / 2
    return np.asarray(np.interp(np.arange(width), centres, levels)[None], np.float32)


def _levels(values_HW: NDArray[np.uint8], *shares: float) -> NDArray[np.int64]:
    """The grey levels below which these shares of the pixels lie."""
    counts = np.cumsum(
        cv2.calcHist([np.ascontiguousarray(values_HW)], [0], None, [256], [0, 256]).ravel(), dtype=np.float64
    )
    return np.asarray(np.searchsorted(counts, np.array(shares) * counts[-1]), np.int64)
