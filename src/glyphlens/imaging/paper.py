"""A picture of dark ink on light paper → how dark each pixel is against its paper, whose light may be uneven.

H×W pixels · h×w pixels of a small copy · T terms of a surface
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Floats = NDArray[np.float64]

SMALL_PX, LEAST_PX = 64, 8  # sides of the copy that the paper's shade is fitted to; shorter pictures have none
ABOVE, BELOW = 0.97, 0.03  # weights of what is lighter and what is darker than the surface: ink hardly counts
FITS = (1, 1, 1, 2, 2, 2, 3, 3, 3)  # orders of the successive surfaces
REFITS = 2  # to what is then taken for paper alone
LEAST_LIGHT = 0.1  # of the mean: what is in deeper shade is taken to be in that
LEVELLING_GAIN = 0.02  # of the separability: less is no uneven light


class Levels(NamedTuple):
    """The means of two classes of grey levels, and the share of the variance that they explain (Otsu 1979)."""

    paper: float
    ink: float
    separability: float

    @property
    def middle(self) -> float:
        """Half ink."""
        return (self.paper + self.ink) / 2


def depth_on_paper(light_HW: Grey, seen_HW: NDArray[np.bool_]) -> tuple[Grey, Levels]:
    """(H, W) uint8 how much darker than its paper each pixel is, and the levels of those that are ``seen``.

    Uneven light is a quadratic surface through the paper, and levelled where that tells ink and paper better apart.
    """
    flat_HW = 255 - light_HW
    flat = two_levels(flat_HW[seen_HW])
    if min(light_HW.shape) < LEAST_PX:
        return flat_HW, flat
    paper_HW = _paper(light_HW, seen_HW)
    lit_HW = paper_HW / max(1.0, float(paper_HW[seen_HW].mean()))  # ink in the shade differs less from its paper
    level_HW = np.clip(np.rint((paper_HW - light_HW) / np.maximum(lit_HW, LEAST_LIGHT)), 0, 255).astype(np.uint8)
    level = two_levels(level_HW[seen_HW])
    is_uneven = level.separability > flat.separability + LEVELLING_GAIN
    return (level_HW, level) if is_uneven else (flat_HW, flat)


def two_levels(depths: Grey) -> Levels:
    """The two classes of (n,) depths whose means are furthest apart for their sizes; equal means where all are one."""
    levels = np.arange(256)
    counts = np.bincount(depths, minlength=256).astype(np.float64)
    below, sums = np.cumsum(counts), np.cumsum(counts * levels)
    total, mean = below[-1], sums[-1] / max(below[-1], 1)
    above = total - below
    is_cut = (below > 0) & (above > 0)
    if not is_cut.any():
        return Levels(mean, mean, 0.0)
    between = np.where(is_cut, (mean * below - sums) ** 2 / np.maximum(below * above, 1), 0)
    cut = int(between.argmax())
    variance = float((counts * (levels - mean) ** 2).sum() / total)
    explained = float(between[cut]) / variance
    return Levels(float(sums[cut] / below[cut]), float((sums[-1] - sums[cut]) / above[cut]), explained)


def _paper(light_HW: Grey, seen_HW: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(H, W) the shade of the paper: first by asymmetric least squares (Eilers 2003), then through paper alone."""
    height, width = light_HW.shape
    scale = min(1.0, SMALL_PX / max(height, width))
    size = max(LEAST_PX, round(width * scale)), max(LEAST_PX, round(height * scale))
    small_hw = cv2.resize(light_HW, size, interpolation=cv2.INTER_AREA).astype(np.float64)
    seen_n = cv2.resize(seen_HW.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST).ravel() > 0
    small_n, weight_n = small_hw.ravel(), seen_n.astype(np.float64)
    surface_n = small_n
    for order in FITS:
        surface_n = _surface(small_hw, weight_n, order)
        weight_n = np.where(small_n >= surface_n, ABOVE, BELOW) * seen_n
    for _ in range(REFITS):
        depth_n = np.clip(surface_n - small_n, 0, 255).astype(np.uint8)
        is_paper_n = (depth_n <= two_levels(depth_n[seen_n]).middle) & seen_n
        surface_n = _surface(small_hw, is_paper_n.astype(np.float64), FITS[-1])
        surface_n = np.clip(surface_n, small_n[is_paper_n].min(initial=255), small_n[is_paper_n].max(initial=0))
    surface_hw = surface_n.reshape(small_hw.shape).astype(np.float32)
    return np.asarray(cv2.resize(surface_hw, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _surface(values_hw: Floats, weight_n: Floats, order: int) -> Floats:
    """(h·w,) the polynomial of two variables that is nearest to the weighted values."""
    y_hw, x_hw = np.meshgrid(*(np.linspace(-1, 1, side) for side in values_hw.shape), indexing="ij")
    powers = [(p, q) for p in range(order + 1) for q in range(order + 1 - p)]
    terms_nT = np.stack([(x_hw**p * y_hw**q).ravel() for p, q in powers], axis=1)
    weighted_nT = terms_nT * weight_n[:, None]
    return np.asarray(terms_nT @ np.linalg.lstsq(weighted_nT.T @ terms_nT, weighted_nT.T @ values_hw.ravel())[0])
