"""Cells with a written character → pictures of one size, contrast and position, many at a time.

Chosen for the images of the ETL Character Database: pieces of neighbouring cells and frame lines at the edges, noisy
grey paper, characters that differ by a factor of two in size and of three in darkness.

N images · H×W pixels of a cell · P×P pixels of the result
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from glyphlens.imaging.ink import InkParams, find_ink

# Cells prepared at once: what lies in between stays in the processor's cache (measured with 128×127 cells).
CHUNK = 64
WHITE = 255
SLIVER = np.float32(1e-6)  # keeps intervals without width from dividing by zero
# Weights are whole multiples of 1 / STEPS, so that sums of their products with pixels are exact in any order: below 2²⁴
# along one axis (float32 holds 24 bits; a picture pixel may average 500 cell pixels), below 2⁴⁰ along both (float64
# holds 53). Which level a pixel is rounded to depends on no processor, BLAS or number of threads.
STEPS = np.float32(1 << 16)


class HandwritingParams(InkParams):
    """How a cell becomes a picture: the ink's own settings, the picture's side, that of the ink in it, and the blur."""

    image_px: int = Field(ge=16, le=256)
    box_px: int = Field(ge=8, le=256)
    blur_sigma_px: float = Field(ge=0, le=2)


def prepare(images_NHW: NDArray[np.uint8], params: HandwritingParams) -> NDArray[np.uint8]:
    """(N, H, W) uint8 cells of any height and width, larger is more ink → (N, P, P) uint8, 0 paper to 255 ink.

    Contrast is stretched, components that lie in the cell's outer ``edge_share`` are cleared, and the ink's box is
    scaled so that its longer side has ``box_px`` (area mean when made smaller, linear when made larger), centred and
    blurred. A cell without ink becomes a picture of zeros. Raises ValueError where the images are no (N, H, W) uint8.
    """
    if images_NHW.ndim != 3 or images_NHW.dtype != np.uint8:
        raise ValueError(f"images must be (N, H, W) uint8, found {images_NHW.shape} {images_NHW.dtype}")
    if params.box_px > params.image_px:
        raise ValueError(f"box_px ({params.box_px}) must not exceed image_px ({params.image_px})")
    prepared_NPP = np.zeros((len(images_NHW), params.image_px, params.image_px), np.uint8)
    for start in range(0, len(images_NHW), CHUNK):
        part = slice(start, start + CHUNK)
        prepared_NPP[part] = _prepare_chunk(images_NHW[part], params)
    return prepared_NPP


def _prepare_chunk(images_NHW: NDArray[np.uint8], params: HandwritingParams) -> NDArray[np.uint8]:
    ink = find_ink(images_NHW, params)
    height_N, width_N = ink.bottom_N - ink.top_N, ink.right_N - ink.left_N
    # cell pixels a picture pixel
    scale_N = (np.maximum(np.maximum(height_N, width_N), 1) / params.box_px).astype(np.float32)
    rows_NPH = _weights(ink.top_N, ink.bottom_N, scale_N, images_NHW.shape[1], params.image_px)
    columns_NPW = _weights(ink.left_N, ink.right_N, scale_N, images_NHW.shape[2], params.image_px)
    rows_NPW = rows_NPH @ ink.strokes_NHW.astype(np.float32)
    resampled_NPP = rows_NPW.astype(np.float64) @ columns_NPW.transpose(0, 2, 1).astype(np.float64)
    resampled_NPP *= (WHITE / float(STEPS) ** 2 / np.maximum(ink.range_N, 1))[:, None, None]
    return _blurred(np.minimum(np.rint(resampled_NPP), WHITE).astype(np.uint8), params.blur_sigma_px)


def _weights(
    first_N: NDArray[np.int64], end_N: NDArray[np.int64], scale_N: NDArray[np.float32], length: int, image_px: int
) -> NDArray[np.float32]:
    """(N, P, length): what each cell pixel gives to each picture pixel along one axis, in whole 1 / STEPS; nothing
    outside first … end.

    A picture pixel is the mean over an interval of the cell, at least one pixel wide: wider ones average, narrower
    ones, which lie between two pixels' centres, interpolate. What of a picture pixel lies outside the box is paper.
    """
    first_N1, end_N1, scale_N1 = (each.astype(np.float32)[:, None] for each in (first_N, end_N, scale_N))
    middle_NP = (first_N1 + end_N1) / 2 + (np.arange(image_px, dtype=np.float32) + 0.5 - image_px / 2) * scale_N1

    def interval(width_N1: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        return np.maximum(middle_NP - width_N1 / 2, first_N1), np.minimum(middle_NP + width_N1 / 2, end_N1)

    low_NP, high_NP = interval(scale_N1)
    inside_NP = np.maximum(high_NP - low_NP, 0) / scale_N1
    low_NP, high_NP = interval(np.maximum(scale_N1, 1))
    pixel_L = np.arange(length, dtype=np.float32)
    weights_NPL = np.minimum(high_NP[:, :, None], pixel_L + 1)
    weights_NPL -= np.maximum(low_NP[:, :, None], pixel_L)
    np.maximum(weights_NPL, 0, out=weights_NPL)
    weights_NPL *= (STEPS * inside_NP / np.maximum(high_NP - low_NP, SLIVER))[:, :, None]
    return np.rint(weights_NPL, out=weights_NPL)


def _blurred(images_NPP: NDArray[np.uint8], sigma_px: float) -> NDArray[np.uint8]:
    """A Gaussian blur of all images in one call, as one tall image with empty rows between them."""
    if not sigma_px:
        return images_NPP
    radius_px, side_px = math.ceil(3 * sigma_px), images_NPP.shape[2]
    apart = np.pad(images_NPP, ((0, 0), (0, radius_px), (0, 0)))
    kernel = (2 * radius_px + 1, 2 * radius_px + 1)
    blurred = cv2.GaussianBlur(apart.reshape(-1, side_px), kernel, sigma_px, borderType=cv2.BORDER_CONSTANT)
    return blurred.reshape(apart.shape)[:, :side_px].astype(np.uint8, copy=False)
