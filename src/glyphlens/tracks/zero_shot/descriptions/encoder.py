"""Descriptions → vectors by the exported text encoder, without torch: how a character is added by describing it.

N descriptions · E numbers of an embedding
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.inference.recognizer import BATCH, EMBEDDING, open_session
from glyphlens.tracks.zero_shot.descriptions.arrays import COMPONENTS, ComponentVocabulary, padded
from glyphlens.tracks.zero_shot.descriptions.description import MOST_STROKES, Description, framed
from glyphlens.tracks.zero_shot.descriptions.table import ARRAYS, NAMES, DescriptionTable

FOLDER, MODEL = "descriptions", "encoder.onnx"
FILES = (MODEL, COMPONENTS, ARRAYS, NAMES)  # of the folder
INPUTS = ("stroke_types", "stroke_points", "component_ids", "component_numbers")
MOST_COMPONENTS = 30


@dataclass(frozen=True)
class DescriptionEncoder:
    """What the folder ``descriptions`` of an export holds: the encoder, its vocabulary, all known descriptions."""

    session: onnxruntime.InferenceSession
    vocabulary: ComponentVocabulary
    known: DescriptionTable

    @classmethod
    def load(cls, folder: Path) -> "DescriptionEncoder":
        """Open what an export wrote; raises InputError where something is missing or broken."""
        session = open_session(folder / MODEL, threads=1)
        return cls(session, ComponentVocabulary.load(folder), DescriptionTable.load(folder))

    def require_readable(self, description: Description) -> None:
        """Raise InputError for one of more strokes or components than the encoder reads."""
        if len(description.types) > MOST_STROKES or len(description.names) > MOST_COMPONENTS:
            raise InputError(
                f"{len(description.types)} strokes and {len(description.names)} components, at most {MOST_STROKES} and "
                f"{MOST_COMPONENTS} are read"
            )

    def vectors(self, descriptions: Sequence[Description]) -> NDArray[np.float32]:
        """(N, E) of length 1, N ≥ 1; raises InputError for one of too many strokes or components."""
        for description in descriptions:
            self.require_readable(description)
        parts = []
        for start in range(0, len(descriptions), BATCH):
            arrays = padded([framed(each) for each in descriptions[start : start + BATCH]], self.vocabulary)
            feeds = (
                _filled(arrays.stroke_types_NS, MOST_STROKES),
                _filled(arrays.stroke_points_NSP2, MOST_STROKES),
                _filled(arrays.component_ids_NK, MOST_COMPONENTS),
                _filled(arrays.component_numbers_NK5, MOST_COMPONENTS),
            )
            parts.append(self.session.run([EMBEDDING], dict(zip(INPUTS, feeds, strict=True)))[0])
        return np.concatenate(parts)


def _filled(values: NDArray[np.generic], length: int) -> NDArray[np.generic]:
    """Zeros behind the second axis, up to ``length``."""
    return np.pad(values, [(0, 0), (0, length - values.shape[1]), *[(0, 0)] * (values.ndim - 2)])
