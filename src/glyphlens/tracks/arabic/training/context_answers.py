"""What the recogniser answers to every glyph of whole fonts, in glyph order, beside what the sample set says they are.

G drawn glyphs of a font · K best classes of each · S glyphs of several fonts
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from glyphlens.core.errors import InputError
from glyphlens.core.storage import BROKEN_ZIP, writing
from glyphlens.data.sample_set import SampleSet, unpack_bits
from glyphlens.inference.reading import best_classes, joined
from glyphlens.inference.recognizer import GEOMETRY, RASTER, Recognizer
from glyphlens.sources.companion_scripts import script_of_label
from glyphlens.sources.fonts.isolation import Limits
from glyphlens.tracks.arabic.font_context import SMALLEST
from glyphlens.tracks.arabic.glyphs.face_glyphs import FaceGlyphs, draw_fonts, known_labels, labels_of
from glyphlens.tracks.arabic.reader import drawing_rule

BLOCK = 1024  # glyphs whose probabilities of all classes are held at a time
ARRAYS = ("classes_GK", "p_GK", "right_GK", "known_G", "beside_G")


@dataclass(frozen=True)
class FontAnswers:
    """What the recogniser says of a font's glyphs in their order, and which answers are right.

    ``classes_GK`` int64, best first, ``p_GK`` float32 probabilities, ``right_GK`` bool, ``known_G`` bool: whether the
    sample set knows what the glyph is; ``beside_G`` bool: whether that is not of Arabic script.
    """

    family: str
    split: str
    classes_GK: NDArray[np.int64]
    p_GK: NDArray[np.float32]
    right_GK: NDArray[np.bool_]
    known_G: NDArray[np.bool_]
    beside_G: NDArray[np.bool_]

    def take(self, rows: NDArray[np.int64]) -> "FontAnswers":
        """The glyphs of these rows, in their order."""
        return replace(self, **{name: getattr(self, name)[rows] for name in ARRAYS})

    @property
    def arabic_G(self) -> NDArray[np.bool_]:
        """Which glyphs are known to be of Arabic script."""
        return self.known_G & ~self.beside_G

    @property
    def log_p_GK(self) -> NDArray[np.float32]:
        """Log-probabilities; none is minus infinity."""
        log_p_GK: NDArray[np.float32] = np.log(self.p_GK.clip(min=SMALLEST))
        return log_p_GK


def answer_fonts(
    recognizer: Recognizer,
    fonts: pd.DataFrame,
    samples: SampleSet,
    count: int,
    limits: Limits,
    workers: int,
) -> list[FontAnswers]:
    """The ``count`` best answers to all glyphs of ``fonts`` (path, companions, family, split), in the table's order.

    A font that cannot be drawn within the limits is left out, and so is one of which the sample set knows no glyph.
    """
    labels = known_labels(samples)
    beside = frozenset(row for row, entry in enumerate(samples.classes) if script_of_label(entry.label))
    files = [(path, *others) for path, others in zip(fonts["path"], fonts["companions"], strict=True)]
    found: list[tuple[int, FontAnswers]] = []
    with tqdm(desc="fonts", unit="face", disable=None) as progress:
        for number, glyphs in draw_fonts(files, drawing_rule(recognizer), limits, workers):
            font = fonts.iloc[number]
            known = labels_of(glyphs, font["family"], labels)
            if any(known):
                arrays = _answer(recognizer, glyphs, known, count)
                beside_G = np.array([bool(numbers) and numbers <= beside for numbers in known])
                found.append((number, FontAnswers(font["family"], font["split"], *arrays, beside_G)))
            progress.update()
    return [answers for _, answers in sorted(found, key=lambda pair: pair[0])]


def _answer(
    recognizer: Recognizer, glyphs: FaceGlyphs, known: Sequence[frozenset[int]], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]:
    """The first four of ARRAYS."""
    parts = []
    for start in range(0, len(known), BLOCK):
        rows = slice(start, start + BLOCK)
        pictures = unpack_bits(glyphs.packed_GHB[rows]) * np.uint8(255)
        feeds = {RASTER: pictures, GEOMETRY: glyphs.geometry_GF[rows]}
        parts.append(best_classes(recognizer.probabilities(feeds), count))
    classes_GK, p_GK = joined(parts, count)
    right_GK = np.array([np.isin(row, list(numbers)) for row, numbers in zip(classes_GK, known, strict=True)])
    return classes_GK, p_GK, right_GK, np.array([bool(numbers) for numbers in known])


def save_answers(path: Path, fonts: Sequence[FontAnswers]) -> None:
    """Write the answers of several fonts as one .npz; the same answers give the same bytes."""
    arrays = {name: np.concatenate([getattr(font, name) for font in fonts]) for name in ARRAYS}
    arrays |= {name: np.array([getattr(font, name) for font in fonts], np.str_) for name in ("family", "split")}
    with writing(path) as partial, partial.open("wb") as handle:
        lengths = np.array([len(font.known_G) for font in fonts])
        np.savez_compressed(handle, allow_pickle=False, lengths=lengths, **arrays)


def load_answers(path: Path) -> list[FontAnswers]:
    """The fonts of ``save_answers``; raises InputError where the file cannot be read."""
    try:
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        cuts = np.cumsum(arrays["lengths"])[:-1]
        parts = zip(*(np.split(arrays[name], cuts) for name in ARRAYS), strict=True)
        names = zip(arrays["family"].tolist(), arrays["split"].tolist(), strict=True)
        return [FontAnswers(*name, *part) for name, part in zip(names, parts, strict=True)]
    except (*BROKEN_ZIP, ValueError, KeyError) as error:
        raise InputError(
            f"{path}: not the answers of a context network's fonts ({error}); run `dvc repro context`"
        ) from error
