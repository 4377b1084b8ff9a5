"""``glyphlens predict``: what the glyph or character on each picture is.

N pictures · W ways to see them, one or more each · C classes · H×W pixels · B = W/8 bytes a row of packed pixels
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.commands.answers import answer_table
from glyphlens.commands.image_pictures import MAX_PIXELS, Ink, Picture, Way, read_pictures
from glyphlens.core.errors import InputError
from glyphlens.core.in_memory import Content
from glyphlens.data.sample_set import pack_bits
from glyphlens.inference.picture_readers import Prepare, handwriting_reader
from glyphlens.inference.reading import Best, best_classes, joined
from glyphlens.inference.recognizer import RASTER, Recognizer
from glyphlens.tracks import picture_reader
from glyphlens.tracks.arabic.members import class_members, likely_first
from glyphlens.tracks.arabic.prior import language_prior, require_language, reweighted

BATCH = 256
SHOWN_INK = 64  # of 255: what a grey picture shows on the black and white contact sheet
LEAST = 1e-30  # what is divided by
SURE = 0.95  # of how a picture is to be seen: what is less sure is told


class Predicted(NamedTuple):
    """Table of answers, one row a page, and the packed (N, H, B) pictures that the network saw."""

    table: pd.DataFrame
    packed_NHB: NDArray[np.uint8]


class Part(NamedTuple):
    """Some of the pages: the best answers, what the network saw (N, H, W), and how, where that is not sure."""

    best: Best
    images_NHW: NDArray[np.uint8]
    notes: list[str]


def predict_images(
    files: Iterable[Content],
    recognizer: Recognizer,
    *,
    top: int = 5,
    ink: Ink = "auto",
    diacritic: bool = False,
    language: str | None = None,
    max_pixels: int = MAX_PIXELS,
    allowed_A: NDArray[np.int64] | None = None,
) -> Predicted:
    """Answers for every page of every file; one that cannot be used has its reason in the column ``fault``, and one
    that can be seen in several ways has in ``note`` which was taken and how sure that is.

    Nothing is known of a picture's place in its em, so the geometry is all zeros. ``allowed_A``: the classes that may
    be answered, all by default. Raises InputError for a model that does not read pictures, and for a ``language`` that
    its classes are not written in.
    """
    prepare = preparation(recognizer, diacritic=diacritic)
    require_language(recognizer, language)
    members = class_members(recognizer.classes)
    prior_C = None if language is None else language_prior(members, language)
    shape = recognizer.inputs[RASTER].shape
    allowed_A = np.arange(len(recognizer.classes)) if allowed_A is None else allowed_A
    parts: list[Part] = []
    names: list[str] = []
    faults: list[str] = []
    pictures = (picture for path in files for picture in read_pictures(path, prepare, ink, max_pixels=max_pixels))
    while some := list(islice(pictures, BATCH)):
        parts.append(_answered(recognizer, some, allowed_A, prior_C, top))
        names += [picture.name for picture in some]
        faults += [picture.fault for picture in some]
    best = joined([part.best for part in parts], top)
    likely = likely_first(members, language)
    table = answer_table(pd.DataFrame({"image": names}), best, faults, recognizer.classes, likely, top)
    table.insert(len(table.columns) - 1, "note", [note for part in parts for note in part.notes])
    packed = [np.zeros((0, shape[0], shape[1] // 8), np.uint8)]
    packed += [pack_bits(part.images_NHW > SHOWN_INK) for part in parts]
    return Predicted(table, np.concatenate(packed))


def _answered(
    recognizer: Recognizer,
    pictures: Sequence[Picture],
    allowed_A: NDArray[np.int64],
    prior_C: NDArray[np.float32] | None,
    top: int,
) -> Part:
    """Every way is read; then as ``weighed_ways``."""
    seen_WHW = seen_ways(recognizer, pictures)
    likely_WC = recognizer.probabilities(picture_feeds(recognizer, seen_WHW))
    return weighed_ways(pictures, likely_WC, seen_WHW.shape[1:], allowed_A, prior_C, top)


def seen_ways(recognizer: Recognizer, pictures: Sequence[Picture]) -> NDArray[np.uint8]:
    """(W, h, w) all ways to see the pictures, one picture's after the other's."""
    ways: list[Way] = [way for picture in pictures for way in picture.ways]
    return np.array([way.pixels_hw for way in ways], np.uint8).reshape(-1, *recognizer.inputs[RASTER].shape)


def weighed_ways(
    pictures: Sequence[Picture],
    likely_WC: NDArray[np.float32],
    shape: tuple[int, ...],
    allowed_A: NDArray[np.int64],
    prior_C: NDArray[np.float32] | None,
    top: int,
) -> Part:
    """Each picture's answers are the mean over its ways, weighed by their shares and by how confident the recogniser
    is of them; ``likely_WC``: its probabilities for ``seen_ways``."""
    ways: list[Way] = [way for picture in pictures for way in picture.ways]
    likely_WA = (likely_WC if prior_C is None else reweighted(likely_WC, prior_C))[:, allowed_A]
    weight_W = np.array([way.share for way in ways]) * likely_WA.max(axis=1, initial=LEAST)
    mean_NA = np.zeros((len(pictures), len(allowed_A)), np.float32)
    images_NHW, notes = np.zeros((len(pictures), *shape), np.uint8), [""] * len(pictures)
    first = 0
    for number, picture in enumerate(pictures):
        if not picture.ways:
            continue
        own = slice(first, first := first + len(picture.ways))
        share_w = weight_W[own] / weight_W[own].sum()
        chosen = int(share_w.argmax())
        images_NHW[number] = picture.ways[chosen].pixels_hw
        mean_A = share_w @ likely_WA[own]
        mean_NA[number] = mean_A / max(mean_A.sum(), LEAST)
        if share_w[chosen] < SURE:
            notes[number] = f"seen as {picture.ways[chosen].seen_as}: {share_w[chosen]:.0%} sure"
    best = best_classes(mean_NA, top)
    return Part(Best(allowed_A[best.classes_NK], best.confidence_NK), images_NHW, notes)


def preparation(recognizer: Recognizer, *, diacritic: bool) -> Prepare:
    """How the ink of a photo or scan becomes what the model was trained on; raises InputError where it cannot."""
    if RASTER not in recognizer.inputs:
        raise InputError(f"{recognizer.path}: reads {', '.join(recognizer.inputs)}, which a picture does not show")
    reader = picture_reader(recognizer.manifest.script) or handwriting_reader
    return reader(recognizer, diacritic=diacritic)


def picture_feeds(recognizer: Recognizer, images_NHW: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
    """The pictures, and zeros (unknown) for all else that the model reads."""
    unknown = {name: np.zeros((len(images_NHW), *end.shape), end.dtype) for name, end in recognizer.inputs.items()}
    return {**unknown, RASTER: images_NHW}
