"""How glyphs reach a model of the Arabic track: drawn from fonts by the manifest's rule, or fitted from photos.

H×W pixels of a photo · h×w pixels of the cropped glyph
"""

from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import ValidationError

from glyphlens.core.errors import InputError
from glyphlens.imaging.raster import CANVAS_PX, DIACRITIC_PX, DiacriticRule
from glyphlens.inference.picture_readers import Prepare, wrong_rule
from glyphlens.inference.recognizer import Recognizer
from glyphlens.tracks.arabic.export.manifest import SCRIPT

HALF_INK = 127.5


def glyph_reader(recognizer: Recognizer, *, diacritic: bool) -> Prepare:
    """Onto the canvas of the training glyphs, marks half as large."""
    return partial(fit_canvas, target_px=DIACRITIC_PX if diacritic else CANVAS_PX)


def drawing_rule(recognizer: Recognizer) -> DiacriticRule:
    """How the model's training glyphs were scaled; raises InputError where its label map does not say.

    A label map that names no script is Arabic.
    """
    script, rule = recognizer.manifest.script or SCRIPT, recognizer.manifest.preparation
    if script != SCRIPT:
        raise InputError(f"{recognizer.path}: reads {script}, not the glyphs of Arabic fonts")
    try:
        return DiacriticRule.model_validate({name: rule.get(name) for name in DiacriticRule.model_fields})
    except ValidationError as error:
        raise wrong_rule(recognizer, DiacriticRule) from error


def fit_canvas(ink_HW: NDArray[np.uint8], target_px: int = CANVAS_PX) -> NDArray[np.uint8]:
    """(128, 128) uint8 0 or 255: the box of what is at least half ink, its longer side scaled to ``target_px``."""
    rows, columns = np.flatnonzero((ink_HW > HALF_INK).any(axis=1)), np.flatnonzero((ink_HW > HALF_INK).any(axis=0))
    box = ink_HW[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height_px, width_px = (max(1, round(side * target_px / max(box.shape))) for side in box.shape)
    scaled_hw = np.asarray(Image.fromarray(box).resize((width_px, height_px), Image.Resampling.BICUBIC))
    canvas_HW = np.zeros((CANVAS_PX, CANVAS_PX), np.uint8)
    canvas_HW[:height_px, :width_px] = np.where(scaled_hw > HALF_INK, 255, 0)
    return canvas_HW
