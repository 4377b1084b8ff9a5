"""The straightforward way to prepare a picture: the border's median is the paper, the rest is prepared as a cell.

H×W pixels of the picture · h×w pixels of what the recogniser is shown
"""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from glyphlens.core.errors import InputError
from glyphlens.imaging.handwriting import HandwritingParams, prepare
from glyphlens.imaging.picture_ink import MIN_CONTRAST
from glyphlens.inference.recognizer import RASTER, Recognizer
from glyphlens.tracks.arabic.reader import fit_canvas

MID_GREY = 127.5


def plain_grey(image: Image.Image) -> NDArray[np.float64]:
    """(H, W) luminance; what is transparent becomes paper of the other tone than what is opaque on average."""
    if not image.has_transparency_data:
        return np.asarray(image.convert("L"), np.float64)
    colour = image.convert("RGBA")
    grey_HW, alpha_HW = np.asarray(colour.convert("L"), np.float64), np.asarray(colour.getchannel("A")) / 255
    paper = 0.0 if (grey_HW * alpha_HW).sum() / alpha_HW.sum() > MID_GREY else 255.0
    return np.asarray(np.rint(grey_HW * alpha_HW + paper * (1 - alpha_HW)))


def plain_ink(grey_HW: NDArray[np.float64]) -> NDArray[np.uint8]:
    """(H, W) uint8 ink, paper 0 and the strongest ink 255; raises InputError where nothing differs from the border."""
    paper = float(np.median(np.concatenate([grey_HW[0], grey_HW[-1], grey_HW[:, 0], grey_HW[:, -1]])))
    strength_HW = paper - grey_HW if paper > MID_GREY else grey_HW - paper
    if strength_HW.max() < MIN_CONTRAST:
        raise InputError(f"nothing to see: ink and paper differ by {strength_HW.max():.0f} grey levels")
    return np.asarray(np.rint(strength_HW.clip(0) * (255 / strength_HW.max())), np.uint8)


def plainly_prepared(content: bytes, recognizer: Recognizer) -> NDArray[np.uint8]:
    """(h, w) what the recogniser is shown of a picture file; zeros where nothing is to be seen."""
    shape = recognizer.inputs[RASTER].shape
    try:
        ink_HW = plain_ink(plain_grey(Image.open(io.BytesIO(content))))
    except InputError:
        return np.zeros(shape, np.uint8)
    if recognizer.manifest.script == "arabic":
        return fit_canvas(ink_HW)
    return prepare(ink_HW[None], HandwritingParams.model_validate(recognizer.manifest.preparation))[0]
