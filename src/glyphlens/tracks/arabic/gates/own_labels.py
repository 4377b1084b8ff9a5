"""gate_own_labels: what a person says of glyphs names fonts, glyphs and labels that there are, and contradicts nothing.

A glyph that is named by a label is looked for by the stage glyphs, which shapes the fonts; all else is judged here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from pydantic import Field

from glyphlens.core.params import Section
from glyphlens.gates.check import SHOWN_ROWS, Checks, Outcome, none_of
from glyphlens.gates.run import Gate
from glyphlens.imaging.font_bytes import uncompressed
from glyphlens.imaging.shaping import FontFace
from glyphlens.sources.fonts.files import load_fonts
from glyphlens.sources.fonts.isolation import Limits, run_isolated
from glyphlens.tracks.arabic.glyphs.own_labels import (
    FaceKey,
    Fault,
    OwnLabel,
    conflicts,
    face_of,
    faces_by_name,
    read_own_labels,
    unknown_fonts,
    unknown_labels,
)


class OwnLabelLimits(Section):
    """Section ``gates.own_labels`` of params.yaml."""

    font_seconds: int = Field(ge=1)
    font_memory_mib: int = Field(ge=64)


class OwnLabelPaths(NamedTuple):
    """The folder of CSV files, and the fonts that they are about."""

    own_labels: Path
    fonts: Path


@dataclass(frozen=True)
class OwnLabelData:
    """The rows of all files, the manifest of the fonts, and rows whose glyph number cannot be drawn."""

    own: list[OwnLabel]
    manifest: pd.DataFrame
    undrawn: list[Fault]

    @classmethod
    def open(cls, paths: OwnLabelPaths, limits: OwnLabelLimits) -> "OwnLabelData":
        """Raises InputError where a file is no table of the columns; only fonts that are named are opened."""
        own, manifest = read_own_labels(paths.own_labels), load_fonts(paths.fonts)
        return cls(own, manifest, undrawn_glyphs(own, manifest, paths.fonts, limits))


def undrawn_glyphs(
    own: Sequence[OwnLabel], manifest: pd.DataFrame, folder: Path, limits: OwnLabelLimits
) -> list[Fault]:
    """Rows with a glyph number that their font does not have, or that has no outline, and fonts that do not open."""
    rows, asked = faces_by_name(manifest), dict[FaceKey, list[OwnLabel]]()
    for entry in own:
        if (face := face_of(entry, rows)) is not None:
            asked.setdefault(face, []).append(entry)
    bounds, tasks = Limits(limits.font_seconds, limits.font_memory_mib), list(asked.items())
    faults: list[Fault] = []
    for outcome in run_isolated(partial(_undrawn, folder, manifest), tasks, bounds, workers=1):
        named = tasks[outcome.number][1]
        faults += [Fault(named[0], named[0].font, outcome.reason)] if outcome.result is None else outcome.result
    return faults


def _undrawn(folder: Path, manifest: pd.DataFrame, task: tuple[FaceKey, list[OwnLabel]]) -> list[Fault]:
    (row, number), own = task
    face = FontFace(uncompressed((folder / manifest["file"].iloc[row]).read_bytes()), number)
    faults = []
    for entry in own:
        if entry.gid is not None and entry.gid >= face.glyph_count:
            faults.append(Fault(entry, entry.glyph, f"the font has {face.glyph_count:,} glyphs, counted from 0"))
        elif entry.gid is not None and not len(face.outline(entry.gid).ends_C):
            faults.append(Fault(entry, entry.glyph, "the glyph has no outline"))
    return faults


CHECKS: Checks[OwnLabelData, OwnLabelLimits] = Checks()


@CHECKS.add("fonts-known")
def fonts_known(data: OwnLabelData, limits: OwnLabelLimits) -> Outcome:
    """A label belongs to a glyph of one font, which has to be among those that the track reads."""
    return _none(unknown_fonts(data.own, data.manifest), "rows about fonts that are not there")


@CHECKS.add("glyphs-known")
def glyphs_known(data: OwnLabelData, limits: OwnLabelLimits) -> Outcome:
    """A number that the font does not have, or that shows nothing, was meant for another font."""
    return _none(data.undrawn, "rows about glyphs that cannot be drawn")


@CHECKS.add("labels-known")
def labels_known(data: OwnLabelData, limits: OwnLabelLimits) -> Outcome:
    """A label that nothing else has would be a class of its own: a slip of the pen."""
    return _none(unknown_labels(data.own), "rows with labels that nothing has")


@CHECKS.add("no-conflicts")
def no_conflicts(data: OwnLabelData, limits: OwnLabelLimits) -> Outcome:
    """Two people, or one on two days, may differ; somebody has to decide."""
    return _none(conflicts(data.own, data.manifest), "rows that contradict another row")


def _none(faults: Sequence[Fault], message: str) -> Outcome:
    rows = [
        {"file": fault.own.file, "row": fault.own.row, "value": fault.value, "why": fault.reason} for fault in faults
    ]
    return none_of(len(faults), message, rows[:SHOWN_ROWS])


GATE: Gate[OwnLabelPaths, OwnLabelData, OwnLabelLimits] = Gate(
    name="own_labels",
    purpose="Between what a person says of glyphs and the database that is told so.",
    paths=OwnLabelPaths,
    limits=OwnLabelLimits,
    open=OwnLabelData.open,
    checks=CHECKS.entries,
    count_rows=lambda data: len(data.own),
    judged=lambda paths: (paths.own_labels,),
    sources=("own_labels",),
)
