"""``glyphlens predict``: what the glyph or character on each picture is.

N pictures · H×W pixels · B = W/8 bytes a row of packed pixels
"""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from glyphlens.commands.answers import answer_table
from glyphlens.commands.image_pictures import MAX_PIXELS, Ink, read_pictures
from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import pack_bits
from glyphlens.inference.picture_readers import Prepare, handwriting_reader
from glyphlens.inference.reading import Best, best_classes, joined
from glyphlens.inference.recognizer import RASTER, Recognizer
from glyphlens.tracks import picture_reader
from glyphlens.tracks.arabic.members import class_members, likely_first
from glyphlens.tracks.arabic.prior import language_prior, require_language, reweighted

BATCH = 256
SHOWN_INK = 64  # of 255: what a grey picture shows on the black and white contact sheet


class Predicted(NamedTuple):
    """Table of answers, one row a page, and the packed (N, H, B) pictures that the network saw."""

    table: pd.DataFrame
    packed_NHB: NDArray[np.uint8]


def predict_images(
    files: Sequence[Path],
    recognizer: Recognizer,
    *,
    top: int = 5,
    ink: Ink = "auto",
    diacritic: bool = False,
    language: str | None = None,
    max_pixels: int = MAX_PIXELS,
) -> Predicted:
    """Answers for every page of every file; one that cannot be used has its reason in the column ``fault``.

    Nothing is known of a picture's place in its em, so the geometry is all zeros. Raises InputError for a model that
    does not read pictures, and for a ``language`` that its classes are not written in.
    """
    prepare = preparation(recognizer, diacritic=diacritic)
    require_language(recognizer, language)
    members = class_members(recognizer.classes)
    prior_C = language_prior(members, language)
    shape = recognizer.inputs[RASTER].shape
    best: list[Best] = []
    packed: list[NDArray[np.uint8]] = [np.zeros((0, shape[0], shape[1] // 8), np.uint8)]
    names: list[str] = []
    faults: list[str] = []
    progress = tqdm(files, unit="image", desc="predict", disable=None, leave=False)
    pictures = (picture for path in progress for picture in read_pictures(path, prepare, ink, max_pixels=max_pixels))
    while part := list(islice(pictures, BATCH)):
        images_NHW = np.zeros((len(part), *shape), np.uint8)
        for number, picture in enumerate(part):
            if picture.pixels_hw is not None:
                images_NHW[number] = picture.pixels_hw
        names += [picture.name for picture in part]
        faults += [picture.fault for picture in part]
        found_NC = recognizer.probabilities(_feeds(recognizer, images_NHW))
        best.append(best_classes(found_NC if language is None else reweighted(found_NC, prior_C), top))
        packed.append(pack_bits(images_NHW > SHOWN_INK))
    subjects = pd.DataFrame({"image": names})
    likely = likely_first(members, language)
    table = answer_table(subjects, joined(best, top), faults, recognizer.classes, likely, top)
    return Predicted(table, np.concatenate(packed))


def preparation(recognizer: Recognizer, *, diacritic: bool) -> Prepare:
    """How the ink of a photo or scan becomes what the model was trained on; raises InputError where it cannot."""
    if RASTER not in recognizer.inputs:
        raise InputError(f"{recognizer.path}: reads {', '.join(recognizer.inputs)}, which a picture does not show")
    reader = picture_reader(recognizer.manifest.script) or handwriting_reader
    return reader(recognizer, diacritic=diacritic)


def _feeds(recognizer: Recognizer, images_NHW: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
    """The pictures, and zeros (unknown) for all else that the model reads."""
    unknown = {name: np.zeros((len(images_NHW), *end.shape), end.dtype) for name, end in recognizer.inputs.items()}
    return {**unknown, RASTER: images_NHW}
