"""Glyphs that are to be refused, as rows of the tables: drawn by lot from fonts of other scripts and of icons, and what
every font shows for a character that it lacks.
"""

import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from glyphlens.core.errors import InputError
from glyphlens.imaging.font_bytes import uncompressed
from glyphlens.imaging.shaping import FontFace, FontFileError, FontMetrics, Part
from glyphlens.sources.arabic_script import NO_JOINING_GROUP, makes_glyph
from glyphlens.sources.companion_scripts import COMMON, OTHER, companion_characters, companion_script
from glyphlens.sources.fonts.isolation import Limits, run_isolated
from glyphlens.tracks.arabic.glyphs.audit import FONT_SKIPPED, AuditRow
from glyphlens.tracks.arabic.glyphs.extraction import Glyph, glyph_of

MISSING = "notdef"
FOREIGN_CATEGORIES = ("Lo", "Co", "So", "Mc")  # letters, icons, signs


class OtherGlyphs(NamedTuple):
    """Of one font: its metrics, and glyphs with their names, unique in it."""

    metrics: FontMetrics
    glyphs: list[tuple[str, Glyph]]


class _Draw(NamedTuple):
    paths: tuple[Path, ...]
    kind: str
    sha256: str
    most: int


def other_rows(
    fonts: pd.DataFrame, count: int, limits: Limits, workers: int
) -> tuple[list[tuple["pd.Series[str]", int, OtherGlyphs]], list[AuditRow]]:
    """(row of the manifest, 0, glyphs) of every font, in that order, and the audit of those that fail."""
    columns = (fonts["paths"], fonts["script"], fonts["sha256"])
    tasks = [_Draw(paths, kind, digest, count) for paths, kind, digest in zip(*columns, strict=True)]
    found: dict[int, OtherGlyphs] = {}
    audit: list[AuditRow] = []
    for outcome in run_isolated(_draw, tasks, limits, workers):
        if outcome.result is None:
            audit.append(("font", FONT_SKIPPED, str(fonts["file"][outcome.number]), "", outcome.reason))
        else:
            found[outcome.number] = outcome.result
    return [(fonts.iloc[number], 0, found[number]) for number in sorted(found)], audit


def other_name(kind: str, number: int) -> str:
    """The label before merging of a glyph that is refused: ``other_cjk_17``; ``kind_of_name`` reads it."""
    return f"{OTHER}_{kind}_{number}"


def kind_of_name(name: str) -> str:
    """cjk, hangul, icons, notdef … of such a name; empty for another one."""
    first, _, rest = name.partition("_")
    return rest.rpartition("_")[0] if first == OTHER else ""


def other_table(fonts: Sequence[tuple[str, Sequence[tuple[str, Glyph]]]]) -> pd.DataFrame:
    """Rows of glyphs.db without their numbers, of (face, [(name, glyph)]); of equal outlines of a face the first."""
    rows = [
        {
            "f_id": face,
            "label": OTHER,
            "contours": glyph.contours,
            "joining_group": NO_JOINING_GROUP,
            "char_class": OTHER,
            "width": glyph.width,
            "lsb": glyph.lsb,
            "rsb": glyph.rsb,
            "alt_label": name,
            "form": "",
            "code_points": "",
        }
        for face, glyphs in fonts
        for name, glyph in glyphs
    ]
    table = pd.DataFrame(rows)
    return table.drop_duplicates(["f_id", "contours"], ignore_index=True) if rows else table


def _draw(task: _Draw) -> OtherGlyphs:
    faces = [FontFace(uncompressed(path.read_bytes())) for path in task.paths]
    metrics = faces[0].metrics
    places = [(face, gid) for face in faces if face.metrics.upem == metrics.upem for gid in _foreign_glyphs(face)]
    missing = _outlined(faces[0], 0)
    glyphs = [] if missing is None else [(other_name(MISSING, 0), missing)]
    for number in np.random.default_rng(int(task.sha256[:16], 16)).permutation(len(places)).tolist():
        found = _outlined(*places[number])
        if found is not None:
            glyphs.append((other_name(task.kind, number), found))
        if len(glyphs) > task.most:
            break
    if not glyphs:
        raise InputError("no glyph of another script")
    return OtherGlyphs(metrics, sorted(glyphs, key=lambda pair: pair[0]))


def _outlined(face: FontFace, gid: int) -> Glyph | None:
    try:
        found = glyph_of(face, 0, (Part(gid, 0, 0, face.advance(gid), 0),))
    except FontFileError:
        return None
    return found if isinstance(found, Glyph) else None


def _foreign_glyphs(face: FontFace) -> list[int]:
    """Numbers of the glyphs of letters, signs and icons of no script that has classes."""
    known: set[int] = set()
    foreign: set[int] = set()
    for code_point in face.code_points():
        (foreign if _is_foreign(code_point) else known).add(face.glyph(code_point))
    return sorted(foreign - known - {0})


def _is_foreign(code_point: int) -> bool:
    if unicodedata.category(chr(code_point)) not in FOREIGN_CATEGORIES or makes_glyph(code_point):
        return False
    is_wide = unicodedata.decomposition(chr(code_point)).startswith(("<wide>", "<narrow>"))
    is_known = code_point in companion_characters() or companion_script(code_point) not in ("", COMMON)
    return not (is_wide or is_known)
