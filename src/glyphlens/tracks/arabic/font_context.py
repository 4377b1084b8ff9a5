"""An exported context network opened for use: class probabilities of all glyphs of a font → corrected ones.

G glyphs of one font, in glyph order · C classes
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, sha256_file
from glyphlens.inference.recognizer import DTYPES, ORT_ERRORS, Recognizer, open_session

FOLDER = "context"  # beside the recogniser that it corrects
MODEL, FACTS, ANSWERS = "context.onnx", "context.json", "answers.npz"
PROBABILITIES, CORRECTED = "probabilities", "in_context"
FEWEST = 2  # glyphs of which one can be the context of another
SMALLEST = 1e-7  # of a candidate's probability, in training and in use
Floats = NDArray[np.float32]


class ContextFacts(BaseModel):
    """context.json: SHA-256 of the file, and of the recogniser whose answers it was trained on; C; the temperature."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    sha256: str
    recognizer: str
    classes: int
    temperature: float


@dataclass(frozen=True)
class FontContext:
    """Corrects the answers of one recogniser to the glyphs of one font."""

    path: Path
    session: onnxruntime.InferenceSession
    facts: ContextFacts

    @classmethod
    def load(cls, folder: Path, *, threads: int | None = None) -> "FontContext":
        """Raises InputError where a file is missing, broken or not the other's."""
        path = folder / MODEL
        session = open_session(path, threads=threads)
        try:
            facts = ContextFacts.model_validate(load_json(folder / FACTS))
        except ValidationError as error:
            raise InputError(
                f"{folder / FACTS}: not the facts of a context network ({error.error_count()} faults)"
            ) from error
        if sha256_file(path) != facts.sha256:
            raise InputError(
                f"{path}: not the file that {FACTS} beside it describes, by SHA-256; run `dvc repro` again"
            )
        _require_ends(path, session, facts.classes)
        return cls(path, session, facts)

    def correct(self, probabilities_GC: Floats) -> Floats:
        """(G, C) probabilities, rows in glyph order → corrected ones; those of fewer than two glyphs as they were.

        Raises InputError for another number of classes and where a result is not finite.
        """
        if probabilities_GC.ndim != 2 or probabilities_GC.shape[1] != self.facts.classes:
            raise InputError(f"{self.path}: probabilities {probabilities_GC.shape}, expected (G, {self.facts.classes})")
        if len(probabilities_GC) < FEWEST:
            return probabilities_GC
        try:
            corrected_GC: Floats = self.session.run([CORRECTED], {PROBABILITIES: probabilities_GC})[0]
        except ORT_ERRORS as error:
            raise InputError(f"{self.path}: cannot read {len(probabilities_GC)} glyphs ({error})") from error
        if not np.isfinite(corrected_GC).all():
            raise InputError(f"{self.path}: gives probabilities that are not finite; run `dvc repro context` again")
        return corrected_GC


def context_of(recognizer: Recognizer) -> FontContext | None:
    """The context network in the folder beside a recogniser, on as many cores as it; None where there is none.

    Raises InputError for one of another recogniser.
    """
    folder = recognizer.path.parent / FOLDER
    if not folder.is_dir():
        return None
    threads = recognizer.session.get_session_options().intra_op_num_threads or None
    context = FontContext.load(folder, threads=threads)
    if context.facts.recognizer != sha256_file(recognizer.path):
        raise InputError(f"{context.path}: trained on the answers of another recogniser than {recognizer.path.name}")
    return context


def _require_ends(path: Path, session: onnxruntime.InferenceSession, classes: int) -> None:
    for name, ends in ((PROBABILITIES, session.get_inputs()), (CORRECTED, session.get_outputs())):
        found = [(end.name, DTYPES.get(end.type, end.type), _width(end.shape)) for end in ends]
        if found != [(name, "float32", classes)]:
            raise InputError(f"{path}: has {found}, expected {name} float32 (G, {classes})")


def _width(shape: Sequence[int | str]) -> int | str:
    return shape[-1] if len(shape) == 2 else len(shape)
