"""gate_glyphs: a small good database passes; each forgery fails the one check that is about it."""

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from glyphlens.core.errors import InputError
from glyphlens.gates.check import Verdict
from glyphlens.tracks.arabic.gates.glyphs import (
    GATE,
    GlyphData,
    GlyphPaths,
    contours_closed,
    outline_extent,
    outline_reach,
)
from tests.gates.forgeries import Forge, forgeries, table_cell
from tests.tracks.arabic.gates.forged_glyphs import LIMITS, SQUARE, glyph_table, write_folder


def opened(folder: Path) -> GlyphData:
    return GATE.open(GlyphPaths(folder), LIMITS)


@pytest.fixture
def good(tmp_path: Path) -> GlyphData:
    return opened(write_folder(tmp_path, glyph_table()))


def test_a_good_database_passes(good: GlyphData, verdicts: Any) -> None:
    assert verdicts(GATE, good, LIMITS) == {}


def fonts(column: str, value: object) -> Forge:
    return lambda data: replace(data, fonts=table_cell(data.fonts, column, value, 1))


def glyphs(column: str, value: object) -> Forge:
    return lambda data: replace(data, glyphs=table_cell(data.glyphs, column, value, 4))


def audited(stage: str, reason: str) -> Forge:
    row = {"stage": stage, "reason": reason, "font": "x.woff2", "label": "", "detail": ""}
    return lambda data: replace(data, audit=pd.DataFrame([row]))


def described(**labels: Any) -> Forge:
    return lambda data: replace(data, labels={**data.labels, **labels})


def duplicate_font(data: GlyphData) -> GlyphData:
    return replace(data, fonts=pd.concat([data.fonts, data.fonts.iloc[[1]]], ignore_index=True))


def rename_label(data: GlyphData) -> GlyphData:
    """A label of the wrong form everywhere, so that only its form is wrong."""
    table = data.glyphs.assign(label=data.glyphs["label"].replace("fatha", "Fatha 1"))
    labels = {("Fatha 1" if name == "fatha" else name): entry for name, entry in data.labels.items()}
    return replace(data, glyphs=table, labels=labels)


def relabel_within_font(data: GlyphData) -> GlyphData:
    """One more row with a label that its font has already."""
    extra = data.glyphs.iloc[[0]].assign(glyph_id=99)
    outlines = data.outlines.iloc[[0]].assign(glyph_id=99)
    return replace(
        data,
        glyphs=pd.concat([data.glyphs, extra], ignore_index=True),
        outlines=pd.concat([data.outlines, outlines], ignore_index=True),
    )


def one_family(data: GlyphData) -> GlyphData:
    return replace(data, fonts=data.fonts.assign(family="the same"))


def fine_units(data: GlyphData) -> GlyphData:
    """A font of 20,000 units per em, in proportion."""
    table = data.fonts.copy()
    table.loc[1, ["upem", "ascent", "descent", "typo_ascent", "typo_descent"]] *= 20
    return replace(data, fonts=table)


def bare_font(data: GlyphData) -> GlyphData:
    extra = data.fonts.iloc[[0]].assign(file_hash="hash_d")
    return replace(data, fonts=pd.concat([data.fonts, extra], ignore_index=True))


def outlines(column: str, value: object) -> Forge:
    return lambda data: replace(data, outlines=table_cell(data.outlines, column, value, 4))


def without_family(data: GlyphData) -> GlyphData:
    return fonts("family", data.fonts["file_hash"].iloc[1])(data)


# the orphan also thins its class and its font
FEWER = {"class_samples": 2, "class_families": 2, "min_glyphs_per_font": 2}


@forgeries(
    ("font-once", duplicate_font),
    ("upem-range", fine_units),
    ("ascent-above-descent", fonts("ascent", -400)),
    ("em-height-range", fonts("typo_ascent", 9_000)),
    ("licence-named", fonts("licence", " ")),
    ("licence-named", fonts("licence", None)),
    ("family-named", without_family),
    ("foreign-keys", glyphs("f_id", "hash_z"), FEWER),
    ("font-label-once", relabel_within_font),
    ("label-form", rename_label),
    ("char-class-known", glyphs("char_class", "cuneiform")),
    ("glyphs-char_class-not-null", glyphs("char_class", None)),
    ("form-known", glyphs("form", "medial")),
    ("form-in-label", glyphs("form", "fina")),
    ("contours-closed", outlines("fault", "contours hold no closed path")),
    ("outline-extent", outlines("thickness", 0.0)),
    ("outline-reach", outlines("reach", 11_000.0)),
    ("labels-described", described(ghost={"code_points": ["U+0628"], "members": ["ghost"]})),
    ("labels-described", described(fatha={"code_points": ["U+064E"], "members": []})),
    ("labels-with-text", described(fatha={"code_points": [], "members": ["fatha"]})),
    ("members-once", described(fatha={"code_points": ["U+064E"], "members": ["fatha", "beh.init"]})),
    ("classes", one_family),
    ("font-coverage", bare_font),
    ("skipped-fonts", audited("font", "font skipped")),
    ("lost-glyphs", audited("extraction", "no closed contour")),
)
def test_a_forgery_fails_exactly_its_check(
    good: GlyphData, verdicts: Any, check: str, forge: Forge, limits: dict[str, Any]
) -> None:
    assert set(verdicts(GATE, forge(good), LIMITS.model_copy(update=limits))) == {check}


def test_facts_that_an_own_database_may_lack_are_only_warned_of(good: GlyphData, verdicts: Any) -> None:
    forged = described(fatha={"code_points": [], "members": ["fatha"]})(fonts("licence", "")(without_family(good)))
    assert verdicts(GATE, forged, LIMITS) == dict.fromkeys(
        ("licence-named", "family-named", "labels-with-text"), "WARN"
    )


def test_a_repeated_glyph_id_fails(good: GlyphData, verdicts: Any) -> None:
    assert "glyph-once" in verdicts(GATE, glyphs("glyph_id", 1)(good), LIMITS)


def test_a_repeat_in_the_audit_is_no_loss(good: GlyphData, verdicts: Any) -> None:
    assert verdicts(GATE, audited("extraction", "label given before")(good), LIMITS) == {}


@pytest.mark.parametrize(
    "contours",
    [
        '[[["moveTo",[0,0]],["lineTo",[500,0]],["lineTo",[500,500]]]]',
        '[[["moveTo",[0,0]],["lineTo",[NaN,0]],["closePath",null]]]',
        "[]",
        "",
        "{",
    ],
)
def test_contours_that_do_not_parse_are_found_in_the_database(tmp_path: Path, contours: str) -> None:
    table = glyph_table()
    table.loc[4, "contours"] = contours
    outcome = contours_closed(opened(write_folder(tmp_path, table)), LIMITS)
    assert (outcome.verdict, outcome.value, outcome.rows[0]["glyph_id"]) == (Verdict.FAIL, 1, 5)


def test_outlines_are_measured_in_the_database(tmp_path: Path) -> None:
    table = glyph_table()
    table.loc[0, "contours"] = '[[["moveTo",[0,0]],["lineTo",[500,0]],["closePath",null]]]'
    table.loc[1, "contours"] = SQUARE.replace("500", "10001")
    data = opened(write_folder(tmp_path, table))
    assert [row["glyph_id"] for row in outline_extent(data, LIMITS).rows] == [1]
    assert [row["glyph_id"] for row in outline_reach(data, LIMITS).rows] == [2]


def test_a_database_without_its_table_is_an_error_that_names_it(tmp_path: Path) -> None:
    write_folder(tmp_path, glyph_table())
    with sqlite3.connect(tmp_path / "glyphs.db") as connection:
        connection.execute("DROP TABLE glyphs")
    connection.close()
    with pytest.raises(InputError, match="'glyphs' is missing"):
        opened(tmp_path)
