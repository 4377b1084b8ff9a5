"""Image file of one glyph or character → the picture that the recogniser was trained on.

H×W pixels · h×w pixels of the cropped glyph
"""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from glyphlens.errors import InputError
from glyphlens.imaging.raster import CANVAS_PX

Ink = Literal["auto", "dark", "light"]
Prepare = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
MIN_CONTRAST = 32  # grey levels of 255 between paper and ink
MID_GREY = 127.5


def read_glyph(path: Path, prepare: Prepare, ink: Ink = "auto") -> NDArray[np.uint8]:
    """What ``prepare`` makes of the picture's ink (H, W), paper 0 and the strongest ink 255.

    Raises InputError, naming the file, for what is no image, has no contrast, or is too large to be a glyph.
    """
    try:
        with Image.open(path) as image:
            grey_HW = _grey(ImageOps.exif_transpose(image))
        return prepare(ink_of(grey_HW, ink))
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except UnidentifiedImageError as error:
        raise InputError(f"{path}: not an image of a format that Pillow reads") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(f"{path}: the image cannot be read ({error})") from error


def ink_of(grey_HW: NDArray[np.uint8], ink: Ink = "auto") -> NDArray[np.uint8]:
    """(H, W) uint8 grey → (H, W) uint8 ink, paper 0 and the strongest ink 255.

    ``auto`` takes the median of the border for the paper. Raises InputError where nothing stands out from it.
    """
    border = np.concatenate([grey_HW[0], grey_HW[-1], grey_HW[:, 0], grey_HW[:, -1]])
    if ink == "auto":
        paper = float(np.median(border))
        is_dark = paper > MID_GREY
    else:
        is_dark = ink == "dark"
        paper = float(grey_HW.max() if is_dark else grey_HW.min())
    strength_HW = (paper - grey_HW) if is_dark else (grey_HW - paper)
    strongest = float(strength_HW.max())
    if strongest < MIN_CONTRAST:
        raise InputError(
            f"nothing to see: ink and paper differ by {max(strongest, 0):.0f} grey levels, at least {MIN_CONTRAST} are "
            "needed (--ink dark or --ink light says which is which)"
        )
    return np.rint(strength_HW.clip(0) * (255 / strongest)).astype(np.uint8)


def fit_canvas(ink_HW: NDArray[np.uint8], target_px: int = CANVAS_PX) -> NDArray[np.uint8]:
    """(128, 128) uint8 0 or 255: the box of what is at least half ink, its longer side scaled to ``target_px``."""
    rows, columns = np.flatnonzero((ink_HW > MID_GREY).any(axis=1)), np.flatnonzero((ink_HW > MID_GREY).any(axis=0))
    box = ink_HW[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height_px, width_px = (max(1, round(side * target_px / max(box.shape))) for side in box.shape)
    scaled_hw = np.asarray(Image.fromarray(box).resize((width_px, height_px), Image.Resampling.BICUBIC))
    canvas_HW = np.zeros((CANVAS_PX, CANVAS_PX), np.uint8)
    canvas_HW[:height_px, :width_px] = np.where(scaled_hw > MID_GREY, 255, 0)
    return canvas_HW


def _grey(image: Image.Image) -> NDArray[np.uint8]:
    """(H, W) uint8 luminance; what is transparent becomes paper of the other tone than what is opaque."""
    if image.mode.startswith("I") or image.mode == "F":
        levels = np.asarray(image, np.float64)
        span = float(levels.max() - levels.min()) or 1.0
        stretched_HW: NDArray[np.uint8] = np.rint((levels - levels.min()) * (255 / span)).astype(np.uint8)
        return stretched_HW
    if not image.has_transparency_data:
        return np.asarray(image.convert("L"))
    colour = image.convert("RGBA")
    luminance, alpha = np.asarray(colour.convert("L"), np.float64), np.asarray(colour.getchannel("A"), np.float64) / 255
    if alpha.sum() == 0:
        raise InputError("the image is wholly transparent")
    paper = 0.0 if (luminance * alpha).sum() / alpha.sum() > MID_GREY else 255.0
    blended_HW: NDArray[np.uint8] = np.rint(luminance * alpha + paper * (1 - alpha)).astype(np.uint8)
    return blended_HW
