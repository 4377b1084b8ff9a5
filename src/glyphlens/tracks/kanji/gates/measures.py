"""Measures of many grey pictures at once, block by block: ink, its box, contrast, paper, and a 256-bit thumbnail.

N pictures · H×W = 64×64 pixels, 0 paper to 255 ink · n pictures of a block · W = 4 words of 64 bits
a held-out and b training pictures of a class
"""

from typing import NamedTuple

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.gates.ink_bounds import ink_bounds
from glyphlens.gates.sample_splits import HELD_OUT

BLOCK = 4096  # pictures: 16 MiB at a time, so that memory does not grow with the set
THUMBNAIL_PX = 16
THUMBNAIL_LEVEL = 64  # mean of a thumbnail's pixel from which on it is ink: half of a pixel's width of black pen
MARGIN_PX = 2  # outermost rows and columns, which the ink box leaves free
PAIRS = 1 << 20  # thumbnails compared at a time
Words = NDArray[np.uint64]


class PictureMeasures(NamedTuple):
    """``table``: ``ink_share``, ``top``, ``left``, ``bottom``, ``right``, ``peak``, ``margin``; thumbnails (N, 4)."""

    table: pd.DataFrame
    thumbnails_NW: Words


def measure_pictures(pixels_NHW: NDArray[np.uint8], ink_level: int) -> PictureMeasures:
    """Ink is a pixel of at least ``ink_level``; sides are half-open; ``margin`` is the mean level of the rim."""
    blocks = [np.asarray(pixels_NHW[start : start + BLOCK]) for start in range(0, len(pixels_NHW), BLOCK)]
    parts = [_measure(block, ink_level) for block in blocks]
    return PictureMeasures(
        pd.concat([part.table for part in parts], ignore_index=True),
        np.concatenate([part.thumbnails_NW for part in parts]),
    )


def _measure(pixels_nHW: NDArray[np.uint8], ink_level: int) -> PictureMeasures:
    inked_nHW = pixels_nHW >= ink_level
    rows_nH: NDArray[np.bool_] = np.any(inked_nHW, axis=2)
    columns_nW: NDArray[np.bool_] = np.any(inked_nHW, axis=1)
    table = pd.DataFrame(
        {
            "ink_share": inked_nHW.mean(axis=(1, 2)),
            **ink_bounds(rows_nH, columns_nW),
            "peak": pixels_nHW.max(axis=(1, 2)).astype(np.int64),
            "margin": margin_level(pixels_nHW),
        }
    )
    return PictureMeasures(table, thumbnails(pixels_nHW))


def margin_level(pixels_nHW: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(n,) mean level of the outermost MARGIN_PX rows and columns."""
    inner_nHW = pixels_nHW[:, MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]
    rim_px = pixels_nHW[0].size - inner_nHW[0].size
    total_n = pixels_nHW.sum(axis=(1, 2), dtype=np.int64) - inner_nHW.sum(axis=(1, 2), dtype=np.int64)
    level_n: NDArray[np.float64] = total_n / rim_px
    return level_n


def thumbnails(pixels_nHW: NDArray[np.uint8]) -> Words:
    """(n, 4) the picture at 16×16 pixels of one bit each: equal for a copy that was moved by less than a pixel."""
    count, height_px, width_px = pixels_nHW.shape
    # one tall picture: area sampling by whole numbers never mixes two of them
    tall = np.ascontiguousarray(pixels_nHW).reshape(count * height_px, width_px)
    small = cv2.resize(tall, (THUMBNAIL_PX, count * THUMBNAIL_PX), interpolation=cv2.INTER_AREA)
    bits_nB = np.packbits(small.reshape(count, -1) >= THUMBNAIL_LEVEL, axis=1)
    return bits_nB.view(np.uint64)


def distance(one_aW: Words, other_bW: Words) -> NDArray[np.uint16]:
    """(a, b) bits in which two lists of thumbnails differ."""
    total_ab = np.zeros((len(one_aW), len(other_bW)), np.uint16)
    for word in range(one_aW.shape[1]):
        total_ab += np.bitwise_count(one_aW[:, None, word] ^ other_bW[None, :, word])
    return total_ab


def nearest_trained(
    thumbnails_NW: Words, class_N: NDArray[np.int64], split_N: NDArray[np.object_]
) -> NDArray[np.int64]:
    """(N,) bits between a held-out picture and the nearest training one of its class; −1 where there is none.

    Classes are compared by themselves and at most PAIRS at a time: 600,000 pictures of 3,000 classes take seconds.
    """
    nearest_N = np.full(len(class_N), -1, np.int64)
    order = np.argsort(class_N, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(class_N[order])) + 1):
        train_b = rows[split_N[rows] == "train"]
        held_out_a = rows[np.isin(split_N[rows], HELD_OUT)]
        if not len(train_b):
            continue
        step = max(1, PAIRS // len(train_b))
        for start in range(0, len(held_out_a), step):
            part = held_out_a[start : start + step]
            nearest_N[part] = distance(thumbnails_NW[part], thumbnails_NW[train_b]).min(axis=1)
    return nearest_N
