"""A clean character → pictures of it as people have them, each with one fault, as the bytes of an image file.

H×W pixels of the picture · ink is 0 … 255
"""

import io
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE_PX, MARGIN_PX = 96, 16  # the longer side of the ink in a picture, and the paper around it
DARK, LIGHT = 30, 235  # of clean ink and paper
GRAIN = 2.0  # standard deviation of the paper's noise, in grey levels
Ink = NDArray[np.uint8]
Grey = NDArray[np.float64]


def _sized(ink_HW: Ink, longer_px: int = SIDE_PX) -> Ink:
    """The box of the ink, its longer side of so many pixels."""
    rows, columns = (np.flatnonzero((ink_HW > 127).any(axis=axis)) for axis in (1, 0))
    box_HW = ink_HW[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = (max(1, round(side * longer_px / max(box_HW.shape))) for side in box_HW.shape)
    method = cv2.INTER_AREA if longer_px < max(box_HW.shape) else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(box_HW, (width, height), interpolation=method), np.uint8)


def _printed(ink_HW: Ink, margin: int | tuple[int, int, int, int], dark: float = DARK, light: float = LIGHT) -> Grey:
    """Grey of that ink on paper, with a margin (one number, or top, bottom, left, right)."""
    top, bottom, left, right = (margin,) * 4 if isinstance(margin, int) else margin
    return light + (dark - light) / 255 * np.pad(ink_HW, ((top, bottom), (left, right))).astype(np.float64)


def _clean(ink_HW: Ink) -> Grey:
    return _printed(_sized(ink_HW), MARGIN_PX)


def _tight(ink_HW: Ink) -> Grey:
    return _printed(_sized(ink_HW), 0)


def _tight_left(ink_HW: Ink) -> Grey:
    return _printed(_sized(ink_HW), (MARGIN_PX, MARGIN_PX, 0, MARGIN_PX))


def _framed(ink_HW: Ink) -> Grey:
    grey_HW = _clean(ink_HW)
    inner_HW = grey_HW[2:-2, 2:-2].copy()
    grey_HW[:] = DARK
    grey_HW[2:-2, 2:-2] = inner_HW
    return grey_HW


def _dark_edge(ink_HW: Ink) -> Grey:
    """As a scanner's lid leaves it: a wedge along one side, up to 8 % of the width."""
    grey_HW = _clean(ink_HW)
    height, width = grey_HW.shape
    ends = np.linspace(0.03, 0.08, height) * width
    grey_HW[np.arange(width) < ends[:, None]] = 15
    return grey_HW


def _corner(ink_HW: Ink) -> Grey:
    grey_HW = _clean(ink_HW)
    grey_HW[0, 0] = 0
    return grey_HW


def _neighbour(ink_HW: Ink) -> Grey:
    """A piece of the character before it, cut by the picture's left side."""
    ink_HW = _sized(ink_HW)
    grey_HW = _printed(ink_HW, (MARGIN_PX, MARGIN_PX, MARGIN_PX + 8, MARGIN_PX))
    piece_HW = _printed(ink_HW[:, -6:], (MARGIN_PX, MARGIN_PX, 0, 0))
    piece_HW = piece_HW[:, -6:]  # all of it where it is narrower, as an alef
    grey_HW[:, : piece_HW.shape[1]] = piece_HW
    return grey_HW


def _shaded(ink_HW: Ink) -> Grey:
    """Lit from one corner, the far one at 40 %; darker towards all corners."""
    grey_HW = _clean(ink_HW)
    y, x = np.meshgrid(*(np.linspace(-1, 1, side) for side in grey_HW.shape), indexing="ij")
    return grey_HW * (0.7 + 0.3 * (0.6 * x + 0.4 * y)) * (1 - 0.15 * (x**2 + y**2) / 2)


def _shadowed(ink_HW: Ink) -> Grey:
    """The soft edge of a hand's shadow across the picture; in it the light is 55 %."""
    grey_HW = _clean(ink_HW)
    y, x = np.meshgrid(*(np.linspace(-1, 1, side) for side in grey_HW.shape), indexing="ij")
    return grey_HW * (0.55 + 0.45 / (1 + np.exp(-(x + 0.5 * y) / 0.12)))


def _enlarged(ink_HW: Ink) -> Grey:
    grey_HW = _clean(ink_HW)
    return np.asarray(cv2.resize(grey_HW, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC), np.float64)


def _reduced(grey_HW: Grey) -> Grey:
    """The longer side 32 pixels."""
    scale = 32 / max(grey_HW.shape)
    return np.asarray(cv2.resize(grey_HW, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.float64)


def _thin_low(ink_HW: Ink) -> Grey:
    """Strokes thinner by two pixels of 96, but for those that have no more, then 32 pixels as the longer side."""
    sized_HW, square = _sized(ink_HW), np.ones((3, 3), np.uint8)
    is_thin_HW = cv2.morphologyEx(sized_HW, cv2.MORPH_OPEN, square) < 128
    thin_HW = np.maximum(cv2.erode(sized_HW, square), np.where(is_thin_HW, sized_HW, 0))
    return _reduced(_printed(np.asarray(thin_HW, np.uint8), MARGIN_PX))


GREYS: dict[str, Callable[[Ink], Grey]] = {
    "clean": _clean,
    "tight crop": _tight,
    "cut tight on the left": _tight_left,
    "frame of 2 px": _framed,
    "dark scan edge": _dark_edge,
    "dark corner pixel": _corner,
    "piece of a neighbour": _neighbour,
    "ink 20 on paper 110": lambda ink_HW: _printed(_sized(ink_HW), MARGIN_PX, 20, 110),
    "light on dark": lambda ink_HW: 255 - _clean(ink_HW),
    "light on dark, tight": lambda ink_HW: 255 - _tight(ink_HW),
    "light on dark, framed": lambda ink_HW: 255 - _framed(ink_HW),
    "uneven light": _shaded,
    "soft shadow": _shadowed,
    "JPEG, quality 30": _clean,
    "enlarged ×4": _enlarged,
    "reduced to 32 px": lambda ink_HW: _reduced(_clean(ink_HW)),
    "thin strokes, 32 px": _thin_low,
    "tight, uneven, JPEG": lambda ink_HW: _shaded_crop(ink_HW),
}
CARD, CUT_OUT = "opaque card, transparent margin", "ink alone, tight on transparency"
FAULTS = (*GREYS, CARD, CUT_OUT)


def _shaded_crop(ink_HW: Ink) -> Grey:
    """Cut tight out of a picture under uneven light."""
    return _shaded(ink_HW)[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]


def faulty_file(ink_HW: Ink, fault: str, seed: int) -> bytes:
    """The picture of a character, ink 255, with one of FAULTS, as PNG or JPEG."""
    stream = io.BytesIO()
    if fault == CUT_OUT:
        alpha_HW = _sized(ink_HW)
        Image.merge("LA", (Image.new("L", alpha_HW.shape[::-1], DARK), Image.fromarray(alpha_HW))).save(stream, "PNG")
    elif fault == CARD:
        card = _noisy(_clean(ink_HW), seed).convert("LA")
        page = Image.new("LA", (card.width + 40, card.height + 40), (0, 0))
        page.paste(card, (20, 20))
        page.save(stream, "PNG")
    elif "JPEG" in fault:
        _noisy(GREYS[fault](ink_HW), seed).save(stream, "JPEG", quality=30)
    else:
        _noisy(GREYS[fault](ink_HW), seed).save(stream, "PNG")
    return stream.getvalue()


def _noisy(grey_HW: Grey, seed: int) -> Image.Image:
    grain_HW = np.random.default_rng(seed).normal(0, GRAIN, grey_HW.shape)
    return Image.fromarray(np.clip(np.rint(grey_HW + grain_HW), 0, 255).astype(np.uint8))
