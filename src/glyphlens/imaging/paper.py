"""A picture of dark ink on light paper → how dark each pixel is against its paper, whose light may be uneven.

H×W pixels · h×w pixels of a small copy · T terms of a surface · P powers of one variable
"""

from functools import cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]
Powers = tuple[NDArray[np.int64], NDArray[np.int64]]

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


def depth_on_paper(light_HW: Grey, seen_HW: Mask) -> tuple[Grey, Levels]:
    """(H, W) uint8 how much darker than its paper each pixel is, and the levels of those that are ``seen``.

    Uneven light is a surface of the third order through the paper, and levelled where that tells ink and paper better
    apart; where they are so clearly apart that it could not, no surface is looked for.
    """
    flat_HW = 255 - light_HW
    flat = two_levels(flat_HW, seen_HW)
    if min(light_HW.shape) < LEAST_PX or flat.separability + LEVELLING_GAIN >= 1:
        return flat_HW, flat
    paper_HW = _paper(light_HW, seen_HW)
    lit_HW = paper_HW / max(1.0, float(paper_HW[seen_HW].mean()))  # ink in the shade differs less from its paper
    level_HW = np.clip(np.rint((paper_HW - light_HW) / np.maximum(lit_HW, LEAST_LIGHT)), 0, 255).astype(np.uint8)
    level = two_levels(level_HW, seen_HW)
    is_uneven = level.separability > flat.separability + LEVELLING_GAIN
    return (level_HW, level) if is_uneven else (flat_HW, flat)


def two_levels(depths: Grey, seen: Mask | None = None) -> Levels:
    """The two classes of depths, all or those that are ``seen`` (of one shape), whose means are furthest apart for
    their sizes; equal means where all are one."""
    levels = np.arange(256)
    mask = None if seen is None else seen.view(np.uint8)
    counts = cv2.calcHist([depths], [0], mask, [256], [0, 256]).ravel().astype(np.float64)
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


def _paper(light_HW: Grey, seen_HW: Mask) -> NDArray[np.float32]:
    """(H, W) the shade of the paper: first by asymmetric least squares (Eilers 2003), then through paper alone."""
    height, width = light_HW.shape
    scale = min(1.0, SMALL_PX / max(height, width))
    size = max(LEAST_PX, round(width * scale)), max(LEAST_PX, round(height * scale))
    small_hw = cv2.resize(light_HW, size, interpolation=cv2.INTER_AREA).astype(np.float64)
    seen_hw = cv2.resize(seen_HW.view(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    weight_hw = seen_hw.astype(np.float64)
    for order in FITS:
        surface_hw = _surface(small_hw, weight_hw, order)
        weight_hw = np.where(small_hw >= surface_hw, ABOVE, BELOW) * seen_hw
    for _ in range(REFITS):
        depth_hw = np.clip(surface_hw - small_hw, 0, 255).astype(np.uint8)
        is_paper_hw = (depth_hw <= two_levels(depth_hw, seen_hw).middle) & seen_hw
        surface_hw = _surface(small_hw, is_paper_hw.astype(np.float64), FITS[-1])
        shades = small_hw[is_paper_hw]
        surface_hw = np.clip(surface_hw, shades.min(initial=255), shades.max(initial=0))
    large_HW = cv2.resize(surface_hw.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(large_HW, np.float32)


def _surface(values_hw: Floats, weight_hw: Floats, order: int) -> Floats:
    """(h, w) the polynomial of two variables that is nearest to the weighted values; of several, that of the least
    factors.

    The normal equations are sums of weights times powers of y and x, taken over rows and then over columns.
    """
    y_hP, x_wP = (_powers(side) for side in values_hw.shape)
    terms, products = _terms(order)
    sums_PP = y_hP[:, : 2 * order + 1].T @ weight_hw @ x_wP[:, : 2 * order + 1]
    y_hP, x_wP = y_hP[:, : order + 1], x_wP[:, : order + 1]
    aims_PP = y_hP.T @ (weight_hw * values_hw) @ x_wP
    factors_PP = np.zeros_like(aims_PP)
    factors_PP[terms] = np.linalg.lstsq(sums_PP[products], aims_PP[terms])[0]
    return np.asarray(y_hP @ factors_PP @ x_wP.T)


@cache
def _powers(side: int) -> Floats:
    """(side, P) powers, up to twice the highest order, of where each pixel lies between -1 and 1."""
    return np.vander(np.linspace(-1, 1, side), 2 * max(FITS) + 1, increasing=True)


@cache
def _terms(order: int) -> tuple[Powers, Powers]:
    """The powers of y and of x in each term, (T,) and (T,), and in the product of two, (T, T) and (T, T)."""
    p_T, q_T = np.array([(p, q) for p in range(order + 1) for q in range(order + 1 - p)]).T
    return (p_T, q_T), (np.add.outer(p_T, p_T), np.add.outer(q_T, q_T))
