"""Glyphs of many fonts → the two tables of glyphs.db: look-alikes merged, one row a font and class, drops listed.

A label's number is the place of its first candidate in the list of candidates: the lowest of a class is its plainest.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.imaging.shaping import FontMetrics
from glyphlens.sources.companion_scripts import OTHER
from glyphlens.tracks.arabic.glyphs.audit import LOOKALIKE_REPEATED, AuditRow, audit_table
from glyphlens.tracks.arabic.glyphs.candidates import PRESENTATION, Candidate
from glyphlens.tracks.arabic.glyphs.extraction import FontGlyphs
from glyphlens.tracks.arabic.glyphs.glyph_db import FONT_COLUMNS, GLYPH_COLUMNS
from glyphlens.tracks.arabic.glyphs.lookalikes import merge_lookalikes
from glyphlens.tracks.arabic.glyphs.other_glyphs import MISSING, OtherGlyphs, other_name, other_table

OTHER_DESCRIPTION: dict[str, object] = {
    "code_points": [],
    "form": "",
    "char_class": OTHER,
    "members": [OTHER],
    "lookalikes": [],
}
Extracted = tuple["pd.Series[str]", int, FontGlyphs]  # row of the manifest, number of the face, glyphs


class GlyphTables(NamedTuple):
    """The two tables of glyphs.db, the classes' descriptions by label, and everything that was left out."""

    fonts: pd.DataFrame
    glyphs: pd.DataFrame
    labels: dict[str, dict[str, object]]
    audit: pd.DataFrame


def label_tables(
    extracted: Sequence[Extracted],
    known: Sequence[Candidate],
    audit: Sequence[AuditRow],
    *,
    share: float,
    min_fonts: int,
) -> GlyphTables:
    """The tables of all fonts, in the order in which they come; ``audit`` is what was left out before."""
    samples = _samples([result for _, _, result in extracted], known)
    fonts = _fonts_table(extracted)
    raw, font, shape = (samples[name].to_numpy(np.int64) for name in ("label", "font", "shape"))
    merged = merge_lookalikes(raw, font, shape, share=share, min_fonts=min_fonts)
    only_presentation = _only_presentation(samples, merged, known)
    kept, repeated = _one_a_class(samples.assign(merged=merged[raw]), fonts, known)
    return GlyphTables(
        fonts,
        _glyphs_table(kept, fonts, known, only_presentation),
        _descriptions(raw, merged, known, only_presentation),
        audit_table([*audit, *repeated]),
    )


def with_others(
    tables: GlyphTables,
    extracted: Sequence[Extracted],
    others: Sequence[tuple["pd.Series[str]", int, OtherGlyphs]],
    audit: Sequence[AuditRow],
) -> GlyphTables:
    """The tables with the glyphs that are to be refused: of fonts of their own, and what each face has for a missing
    character.
    """
    missing = [
        (face_hash(str(row["sha256"]), number), [(other_name(MISSING, 0), result.missing)])
        for row, number, result in extracted
        if result.missing is not None
    ]
    foreign = [(face_hash(str(row["sha256"]), number), found.glyphs) for row, number, found in others]
    rows = other_table([*missing, *foreign])
    if rows.empty:
        return tables
    glyphs = pd.concat([tables.glyphs, rows.assign(glyph_id=len(tables.glyphs) + 1 + np.arange(len(rows)))])
    fonts = pd.concat([tables.fonts, _fonts_table(others)]) if others else tables.fonts
    return GlyphTables(
        fonts.reset_index(drop=True),
        glyphs[list(GLYPH_COLUMNS)].reset_index(drop=True),
        tables.labels | {OTHER: OTHER_DESCRIPTION},
        pd.concat([tables.audit, audit_table(audit)], ignore_index=True) if audit else tables.audit,
    )


def face_hash(file_hash: str, index: int) -> str:
    """Identifier of a face: the file's hash, with the face's number where it is not the first of a collection."""
    return file_hash if index == 0 else f"{file_hash}-{index}"


def _samples(results: Sequence[FontGlyphs], known: Sequence[Candidate]) -> pd.DataFrame:
    """One row a glyph: font and label by number, shape (equal where outlines are), and the glyph's own columns."""
    first: dict[str, int] = {}
    for number, candidate in enumerate(known):
        first.setdefault(candidate.label, number)
    label_of_candidate = np.array([first[candidate.label] for candidate in known])
    table = pd.DataFrame([glyph for result in results for glyph in result.glyphs])
    table.insert(0, "font", np.repeat(np.arange(len(results)), [len(result.glyphs) for result in results]))
    table["label"] = label_of_candidate[table["candidate"].to_numpy()]
    table["shape"] = pd.factorize(table["shape_hash"])[0]
    return table


def _fonts_table(extracted: Sequence[tuple["pd.Series[str]", int, FontGlyphs | OtherGlyphs]]) -> pd.DataFrame:
    """Rows in the order of the fonts."""
    rows = pd.DataFrame([row for row, _, _ in extracted]).reset_index(drop=True)
    metrics = pd.DataFrame([result.metrics for _, _, result in extracted], columns=list(FontMetrics._fields))
    hashes = [face_hash(str(row["sha256"]), number) for row, number, _ in extracted]
    table = pd.concat([rows[["family", "style", "weight", "licence", "file"]], metrics], axis=1)
    return table.assign(file_hash=hashes)[list(FONT_COLUMNS)]


def _one_a_class(
    samples: pd.DataFrame, fonts: pd.DataFrame, known: Sequence[Candidate]
) -> tuple[pd.DataFrame, list[AuditRow]]:
    """Rows sorted by font and label with the plainest member of each class, and the audit of the other members."""
    table = samples.sort_values(["font", "merged", "label"], ignore_index=True)
    repeats = table.duplicated(["font", "merged"])
    left_out = table[repeats]
    files = fonts["file"].to_numpy()
    audit: list[AuditRow] = [
        ("merging", LOOKALIKE_REPEATED, files[font], known[label].label, known[merged].label)
        for font, label, merged in zip(left_out["font"], left_out["label"], left_out["merged"], strict=True)
    ]
    kept = table[~repeats]
    names = [known[number].label for number in kept["merged"]]
    return kept.assign(text=names).sort_values(["font", "text"], ignore_index=True), audit


def _only_presentation(samples: pd.DataFrame, merged: NDArray[np.int64], known: Sequence[Candidate]) -> set[int]:
    """Classes that no font reaches but through a presentation-form character."""
    is_presentation = np.array([candidate.kind == PRESENTATION for candidate in known])
    by_class = pd.Series(is_presentation[samples["candidate"]]).groupby(merged[samples["label"]]).all()
    return set(by_class.index[by_class].tolist())


def _descriptions(
    raw: NDArray[np.int64], merged: NDArray[np.int64], known: Sequence[Candidate], only_presentation: set[int]
) -> dict[str, dict[str, object]]:
    members: dict[int, list[str]] = {}
    for number in np.unique(raw).tolist():
        members.setdefault(int(merged[number]), []).append(known[number].label)
    return {
        known[number].label: {
            "code_points": [f"U+{code_point:04X}" for code_point in known[number].code_points],
            "form": known[number].form,
            "char_class": PRESENTATION if number in only_presentation else known[number].char_class,
            "members": sorted(names),
            "lookalikes": [],
        }
        for number, names in sorted(members.items(), key=lambda item: known[item[0]].label)
    }


def _glyphs_table(
    kept: pd.DataFrame,
    fonts: pd.DataFrame,
    known: Sequence[Candidate],
    only_presentation: set[int],
) -> pd.DataFrame:
    numbers = kept["merged"].tolist()
    classes = [PRESENTATION if number in only_presentation else known[number].char_class for number in numbers]
    table = pd.DataFrame(
        {
            "glyph_id": np.arange(1, len(kept) + 1),
            "f_id": fonts["file_hash"].to_numpy()[kept["font"]],
            "label": kept["text"],
            "contours": kept["contours"],
            "joining_group": [known[number].joining_group for number in numbers],
            "char_class": classes,
            "width": kept["width"],
            "lsb": kept["lsb"],
            "rsb": kept["rsb"],
            "alt_label": [known[number].label for number in kept["label"]],
            "form": [known[number].form for number in numbers],
            "code_points": [
                " ".join(f"U+{code_point:04X}" for code_point in known[number].code_points) for number in numbers
            ],
        }
    )
    return table[list(GLYPH_COLUMNS)]
