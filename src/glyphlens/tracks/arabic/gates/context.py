"""gate_context: to read fonts as a whole costs nothing, and the file that is offered says what was measured.

G glyphs of a font · K best classes
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import Field

from glyphlens.core.params import Section
from glyphlens.core.storage import load_json, sha256_file
from glyphlens.gates.check import Checks, Outcome, at_most, none_of
from glyphlens.gates.run import Gate
from glyphlens.inference.folder import MEASURED, ExportFolder
from glyphlens.tracks.arabic.evaluation.context_scores import context_losses, context_scores, corrected
from glyphlens.tracks.arabic.font_context import ANSWERS, MODEL, FontContext
from glyphlens.tracks.arabic.training.context_answers import FontAnswers, load_answers

MIB = 1 << 20
NOT_OFFERED = "no file is offered"


class ContextLimits(Section):
    """Section ``gates.context`` of params.yaml."""

    max_context_mib: float = Field(gt=0)
    max_loss: float = Field(ge=0, le=1)
    max_scored_gap: float = Field(ge=0, le=1)
    max_mass_gap: float = Field(ge=0, le=1)


class ContextPaths(NamedTuple):
    """The folder of the context network, and the exported recogniser that it corrects."""

    context: Path
    export: Path


@dataclass(frozen=True)
class ContextData:
    """The folder, what the stage measured, the recogniser's file, and its answers to the validation fonts."""

    folder: Path
    measured: dict[str, Any]
    recognizer: Path
    fonts: list[FontAnswers]

    @classmethod
    def open(cls, paths: ContextPaths, limits: ContextLimits) -> "ContextData":
        """Raises InputError where a file is missing or broken; the model itself is opened by a check."""
        answers, model = paths.context / ANSWERS, ExportFolder(paths.export / "int8").only_model()
        fonts = load_answers(answers) if (paths.context / MODEL).is_file() else []
        return cls(paths.context, load_json(paths.context / MEASURED), model, fonts)

    @property
    def is_offered(self) -> bool:
        """Whether there is a file; a network that loses is not exported."""
        return (self.folder / MODEL).is_file()

    @cached_property
    def context(self) -> FontContext:
        """The file, opened on one core."""
        return FontContext.load(self.folder, threads=1)

    @cached_property
    def scores(self) -> dict[str, float]:
        """The gate's own, on the validation fonts."""
        return context_scores(self.context, self.fonts)


CHECKS: Checks[ContextData, ContextLimits] = Checks()


@CHECKS.add("context-own")
def context_own(data: ContextData, limits: ContextLimits) -> Outcome:
    """It has learnt the faults of one recogniser; those of another export are others."""
    if not data.is_offered:
        return none_of(0, NOT_OFFERED)
    is_own = data.context.facts.recognizer == sha256_file(data.recognizer)
    return none_of(int(not is_own), f"files of another recogniser than {data.recognizer.name}")


@CHECKS.add("context-size")
def context_size(data: ContextData, limits: ContextLimits) -> Outcome:
    """The file is kept in git."""
    size_mib = (data.folder / MODEL).stat().st_size / MIB if data.is_offered else 0.0
    return at_most(size_mib, limits.max_context_mib, "MiB")


@CHECKS.add("context-loss")
def context_loss(data: ContextData, limits: ContextLimits) -> Outcome:
    """Whoever identifies a font gets answers in context: they must never be worse, in whatever order glyphs come."""
    if not data.is_offered:
        return at_most(0.0, limits.max_loss, NOT_OFFERED)
    losses = context_losses(data.scores)
    rows = [{"read": name, "loss": loss} for name, loss in losses.items()]
    return at_most(round(max(losses.values()), 6), limits.max_loss, "largest loss of top-1 on validation fonts", rows)


@CHECKS.add("context-measured")
def context_measured(data: ContextData, limits: ContextLimits) -> Outcome:
    """The numbers that were written down are those of the file."""
    if not data.is_offered:
        return at_most(0.0, limits.max_scored_gap, NOT_OFFERED)
    known = data.measured["validation"]
    gaps = {name: abs(score - known[name]) for name, score in data.scores.items()}
    rows = [{"score": name, "gap": gap} for name, gap in gaps.items()]
    return at_most(float(np.max(list(gaps.values()))), limits.max_scored_gap, "measured.json against the gate", rows)


@CHECKS.add("context-mass")
def context_mass(data: ContextData, limits: ContextLimits) -> Outcome:
    """What comes out is probabilities again: a glyph's candidates share what they had."""
    if not data.is_offered:
        return at_most(0.0, limits.max_mass_gap, NOT_OFFERED)
    gaps = [np.abs(corrected(data.context, font).sum(1) - font.p_GK.sum(1)).max() for font in data.fonts]
    return at_most(float(np.max(gaps)), limits.max_mass_gap, "largest change of a glyph's sum")


GATE: Gate[ContextPaths, ContextData, ContextLimits] = Gate(
    name="context",
    purpose="Between the network that reads whole fonts and everybody who identifies one.",
    paths=ContextPaths,
    limits=ContextLimits,
    open=ContextData.open,
    checks=CHECKS.entries,
    count_rows=lambda data: sum(len(font.known_G) for font in data.fonts),
    judged=lambda paths: (paths.context,),
)
