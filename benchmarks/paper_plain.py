"""The straightforward way to tell ink from unevenly lit paper: every surface by sums over all pixels of all its terms.

H×W pixels · h×w pixels of a small copy · n = h·w · T terms of a surface
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from glyphlens.imaging.paper import (
    ABOVE,
    BELOW,
    FITS,
    LEAST_LIGHT,
    LEAST_PX,
    LEVELLING_GAIN,
    REFITS,
    SMALL_PX,
    Grey,
    Levels,
    two_levels,
)

Floats = NDArray[np.float64]


def plain_depth_on_paper(light_HW: Grey, seen_HW: NDArray[np.bool_]) -> tuple[Grey, Levels]:
    """As ``glyphlens.imaging.paper.depth_on_paper``, of pictures with sides of LEAST_PX and more."""
    flat_HW = 255 - light_HW
    flat = two_levels(flat_HW[seen_HW])
    paper_HW = plain_paper(light_HW, seen_HW)
    lit_HW = paper_HW / max(1.0, float(paper_HW[seen_HW].mean()))
    level_HW = np.clip(np.rint((paper_HW - light_HW) / np.maximum(lit_HW, LEAST_LIGHT)), 0, 255).astype(np.uint8)
    level = two_levels(level_HW[seen_HW])
    is_uneven = level.separability > flat.separability + LEVELLING_GAIN
    return (level_HW, level) if is_uneven else (flat_HW, flat)


def plain_paper(light_HW: Grey, seen_HW: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(H, W) the shade of the paper."""
    height, width = light_HW.shape
    scale = min(1.0, SMALL_PX / max(height, width))
    size = max(LEAST_PX, round(width * scale)), max(LEAST_PX, round(height * scale))
    small_hw = cv2.resize(light_HW, size, interpolation=cv2.INTER_AREA).astype(np.float64)
    seen_n = cv2.resize(seen_HW.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST).ravel() > 0
    small_n, weight_n = small_hw.ravel(), seen_n.astype(np.float64)
    surface_n = small_n
    for order in FITS:
        surface_n = plain_surface(small_hw, weight_n, order)
        weight_n = np.where(small_n >= surface_n, ABOVE, BELOW) * seen_n
    for _ in range(REFITS):
        depth_n = np.clip(surface_n - small_n, 0, 255).astype(np.uint8)
        is_paper_n = (depth_n <= two_levels(depth_n[seen_n]).middle) & seen_n
        surface_n = plain_surface(small_hw, is_paper_n.astype(np.float64), FITS[-1])
        surface_n = np.clip(surface_n, small_n[is_paper_n].min(initial=255), small_n[is_paper_n].max(initial=0))
    surface_hw = surface_n.reshape(small_hw.shape).astype(np.float32)
    return np.asarray(cv2.resize(surface_hw, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def plain_surface(values_hw: Floats, weight_n: Floats, order: int) -> Floats:
    """(n,) the polynomial of two variables that is nearest to the weighted values."""
    y_hw, x_hw = np.meshgrid(*(np.linspace(-1, 1, side) for side in values_hw.shape), indexing="ij")
    powers = [(p, q) for p in range(order + 1) for q in range(order + 1 - p)]
    terms_nT = np.stack([(x_hw**p * y_hw**q).ravel() for p, q in powers], axis=1)
    weighted_nT = terms_nT * weight_n[:, None]
    return np.asarray(terms_nT @ np.linalg.lstsq(weighted_nT.T @ terms_nT, weighted_nT.T @ values_hw.ravel())[0])
