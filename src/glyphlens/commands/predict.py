"""``glyphlens predict``: what the glyph on each picture is.

N pictures · H×W pixels
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from glyphlens.commands.answers import Best, answer_table, best_classes
from glyphlens.commands.image_pictures import Ink, read_glyph
from glyphlens.errors import InputError
from glyphlens.imaging.geometry import FEATURES
from glyphlens.imaging.raster import CANVAS_PX
from glyphlens.inference import Recognizer
from glyphlens.samples import pack_bits

BATCH = 256


class Predicted(NamedTuple):
    """Table of answers, one row a picture, and the packed (N, 128, 16) pictures that the network saw."""

    table: pd.DataFrame
    packed_NHB: NDArray[np.uint8]


def predict_images(
    files: Sequence[Path], recognizer: Recognizer, *, top: int = 5, ink: Ink = "auto", diacritic: bool = False
) -> Predicted:
    """Answers for every file; a picture that cannot be used has its reason in the column ``fault``.

    Nothing is known of a picture's place in its em, so the geometry is all zeros.
    """
    best: list[Best] = []
    packed: list[NDArray[np.uint8]] = []
    faults: list[str] = []
    with tqdm(total=len(files), unit="image", desc="predict", disable=None, leave=False) as progress:
        for start in range(0, len(files), BATCH):
            part = files[start : start + BATCH]
            images_NHW = np.zeros((len(part), CANVAS_PX, CANVAS_PX), np.uint8)
            for number, path in enumerate(part):
                try:
                    images_NHW[number] = read_glyph(path, ink=ink, diacritic=diacritic)
                    faults.append("")
                except InputError as error:
                    faults.append(str(error).removeprefix(f"{path}: "))
            unknown_NF = np.zeros((len(part), FEATURES), np.float32)
            best.append(best_classes(recognizer.probabilities(images_NHW, unknown_NF), top))
            packed.append(pack_bits(images_NHW))
            progress.update(len(part))
    joined = Best(*(np.concatenate(parts) for parts in zip(*best, strict=True)))
    subjects = pd.DataFrame({"image": [str(path) for path in files]})
    return Predicted(answer_table(subjects, joined, faults, recognizer.classes, top), np.concatenate(packed))
