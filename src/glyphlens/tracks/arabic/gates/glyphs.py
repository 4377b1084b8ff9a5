"""gate_glyphs: the database is consistent and its outlines can be drawn.

Judged are both tables of glyphs.db, labels.json, the audit, and every outline measured. Lengths of outlines are in em,
so that fonts of different units per em are held to one limit.

G glyphs · coordinates in font units
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from glyphlens.core.errors import InputError
from glyphlens.core.params import Section
from glyphlens.core.storage import load_json, load_table
from glyphlens.gates.check import SHOWN_ROWS, Checks, Outcome, Row, Verdict, at_most, first_rows, none_of, verdict
from glyphlens.gates.expectations import TableSuite, between, greater, matches, one_of, unique
from glyphlens.gates.run import Gate
from glyphlens.imaging.freetype_outlines import FixedOutlines
from glyphlens.imaging.outlines import parse_many
from glyphlens.sources.companion_scripts import OTHER
from glyphlens.tracks.arabic.glyphs.audit import FONT_WITHOUT_GLYPHS, LABEL_REPEATED, LOOKALIKE_REPEATED, OWN_LABEL
from glyphlens.tracks.arabic.glyphs.glyph_db import CHAR_CLASSES, LABEL_PATTERN, GlyphDatabase, form_of_label

FORMS = ("", "isol", "init", "medi", "fina")
KEY = ("glyph_id", "label", "f_id")
NO_LOSS = (LABEL_REPEATED, LOOKALIKE_REPEATED, FONT_WITHOUT_GLYPHS, OWN_LABEL)  # audited, but no glyph was lost by them


class GlyphLimits(Section):
    """Section ``gates.glyphs`` of params.yaml."""

    min_upem: int = Field(ge=1)
    max_upem: int = Field(ge=1)
    min_em_height: float = Field(gt=0)
    max_em_height: float = Field(gt=0)
    max_reach_em: float = Field(gt=0)
    max_degenerate_share: float = Field(ge=0, le=1)
    min_classes: int = Field(ge=2)
    class_samples: int = Field(ge=1)
    class_families: int = Field(ge=1)
    min_families: int = Field(ge=1)
    min_glyphs_per_font: int = Field(ge=1)
    max_skipped_fonts: float = Field(ge=0, le=1)
    max_lost_glyphs: float = Field(ge=0, le=1)


class GlyphPaths(NamedTuple):
    """The folder that the stage glyphs wrote."""

    glyphs: Path


@dataclass(frozen=True)
class GlyphData:
    """Both tables without the contours, labels.json, the audit, and what parsing every outline gave."""

    fonts: pd.DataFrame
    glyphs: pd.DataFrame
    labels: dict[str, Any]
    audit: pd.DataFrame
    outlines: pd.DataFrame

    @classmethod
    def open(cls, paths: GlyphPaths, limits: GlyphLimits) -> "GlyphData":
        """Raises InputError where a file is missing or broken."""
        folder = paths.glyphs
        with GlyphDatabase(folder / "glyphs.db") as database:
            fonts, glyphs = database.fonts(), database.glyphs()
            outlines = measure_outlines(database)
        labels = load_json(folder / "labels.json")
        if not isinstance(labels, dict):
            raise InputError(f"{folder / 'labels.json'}: expected a mapping of labels, found {type(labels).__name__}")
        return cls(fonts, glyphs, labels, load_table(folder / "audit.parquet"), outlines)

    @cached_property
    def families(self) -> "pd.Series[str]":
        """Family of every glyph; a font without one stands for itself."""
        family = self.fonts["family"].fillna(self.fonts["file_hash"])
        return self.glyphs["f_id"].map(dict(zip(self.fonts["file_hash"], family, strict=True)))

    @cached_property
    def facts(self) -> pd.DataFrame:
        """Glyph rows beside their outlines' ``fault``, ``thickness`` and ``reach_em``."""
        upem = self.glyphs["f_id"].map(dict(zip(self.fonts["file_hash"], self.fonts["upem"], strict=True)))
        facts = self.glyphs.merge(self.outlines, on="glyph_id", how="left", validate="one_to_one")
        return facts.assign(reach_em=facts["reach"] / upem.to_numpy())


def measure_outlines(database: GlyphDatabase) -> pd.DataFrame:
    """Of every glyph: ``fault`` ("" or why its contours do not parse), ``thickness`` and ``reach`` in font units.

    Thickness is the shorter side of the exact bounding box, reach its farthest coordinate.
    """
    parts = []
    for glyph_ids, contours in database.iter_contours():
        outlines, faults = parse_many(contours)
        boxes_G4 = FixedOutlines(outlines).bounding_boxes()
        sides_G2 = boxes_G4[:, 2:] - boxes_G4[:, :2]
        columns = {"glyph_id": glyph_ids, "fault": [faults.get(place, "") for place in range(len(glyph_ids))]}
        measured = {"thickness": sides_G2.min(1), "reach": np.abs(boxes_G4).max(1)}
        parts.append(pd.DataFrame({**columns, **measured}))
    empty = pd.DataFrame({name: [] for name in ("glyph_id", "fault", "thickness", "reach")})
    return pd.concat(parts, ignore_index=True) if parts else empty


def glyph_tables(data: GlyphData, limits: GlyphLimits) -> Sequence[TableSuite]:
    """What is expected of every row of both tables."""
    used = data.fonts.assign(em_height=em_heights(data.fonts))
    judged = data.glyphs.assign(once=labels_once(data.glyphs))
    fonts = (
        unique("font-once", ["file_hash"], "The hash is the font's key."),
        between("upem-range", "upem", limits.min_upem, limits.max_upem, "OpenType allows 16 to 16384 units per em."),
        greater("ascent-above-descent", "ascent", "descent", "A font whose top is below its bottom has no height."),
        between(
            "em-height-range",
            "em_height",
            limits.min_em_height,
            limits.max_em_height,
            "Used ascent − descent, in em: it decides what is a diacritic.",
        ),
    )
    glyphs = (
        unique("glyph-once", ["glyph_id"], "The glyph id is the glyph's key."),
        one_of(
            "foreign-keys",
            "f_id",
            data.fonts["file_hash"].tolist(),
            "A glyph without its font has no scale.",
            "a font of the fonts table",
        ),
        unique("font-label-once", ["f_id", "once"], "A label twice in a font is one of them mislabelled."),
        matches(
            "label-form",
            "label",
            rf"^{LABEL_PATTERN}$",
            "Labels are slugs with at most one form, because they become file names and classes.",
        ),
        one_of("char-class-known", "char_class", CHAR_CLASSES, "Slices of the evaluation go by these classes."),
        one_of("form-known", "form", FORMS, "A joining form is one of four, or none."),
    )
    return [
        # Checks of their own warn of these two.
        TableSuite("fonts", used, ("file_hash",), fonts, nullable=("family", "licence")),
        # A database of one's own may give no advances and bearings.
        TableSuite("glyphs", judged, ("glyph_id", "label"), glyphs, nullable=("width", "lsb", "rsb", "once")),
    ]


def labels_once(glyphs: pd.DataFrame) -> "pd.Series[str]":
    """What a font has once: a label, and of what is to be refused the name before merging."""
    return glyphs["label"].where(glyphs["label"] != OTHER, glyphs["alt_label"])


def em_heights(fonts: pd.DataFrame) -> "pd.Series[float]":
    """Vertical span in em: typographic where it spans anything, else ascent and descent (docs/SPEC.md#em-metrics)."""
    typo = fonts["typo_ascent"].fillna(0) + fonts["typo_descent"].fillna(0).abs()
    return typo.where(typo > 0, fonts["ascent"] + fonts["descent"].abs()) / fonts["upem"]


CHECKS: Checks[GlyphData, GlyphLimits] = Checks()


@CHECKS.add("licence-named")
def licence_named(data: GlyphData, limits: GlyphLimits) -> Outcome:
    """Whoever passes a font's glyphs on must know its licence; fonts and databases of your own state none."""
    unnamed = data.fonts["licence"].fillna("").str.strip() == ""
    rows = first_rows(data.fonts, unnamed, "file_hash", "family", "file")
    return at_most(int(unnamed.sum()), 0, "fonts without a licence", rows, otherwise=Verdict.WARN)


@CHECKS.add("family-named")
def family_named(data: GlyphData, limits: GlyphLimits) -> Outcome:
    """The split keeps families apart; a font without a family is one by itself, and its bold may be tested on."""
    alone = data.fonts["family"] == data.fonts["file_hash"]
    rows = first_rows(data.fonts, alone, "file_hash", "file")
    return at_most(int(alone.sum()), 0, "fonts without a family", rows, otherwise=Verdict.WARN)


@CHECKS.add("contours-closed")
def contours_closed(data: GlyphData, limits: GlyphLimits) -> Outcome:
    """Only closed paths of finite points can be filled; every row is parsed."""
    broken = data.facts["fault"].fillna("not in the table") != ""
    return none_of(int(broken.sum()), "outlines that do not parse", first_rows(data.facts, broken, *KEY, "fault"))


@CHECKS.add("outline-extent")
def outline_extent(data: GlyphData, limits: GlyphLimits) -> Outcome:
    """An outline without width or height encloses no ink and leaves a blank picture."""
    flat = (data.facts["fault"] == "") & ~(data.facts["thickness"] > 0)
    rows = first_rows(data.facts, flat, *KEY, "thickness")
    return at_most(float(flat.mean()), limits.max_degenerate_share, f"share of outlines; {flat.sum()} of them", rows)


@CHECKS.add("outline-reach")
def outline_reach(data: GlyphData, limits: GlyphLimits) -> Outcome:
    """An outline many em from its origin was decoded wrongly or is in another unit."""
    far = data.facts["reach_em"] > limits.max_reach_em
    rows = first_rows(data.facts, far, *KEY, "reach_em")
    return none_of(int(far.sum()), f"outlines that reach further than {limits.max_reach_em} em", rows)


@CHECKS.add("form-in-label")
def form_in_label(data: GlyphData, limits: GlyphLimits) -> Outcome:
    """beh.init has the form init: a label that says otherwise mixes two classes."""
    told = data.glyphs["label"].map(form_of_label)
    known = data.glyphs["form"].isin(FORMS)
    differs = known & (told != data.glyphs["form"])
    return none_of(int(differs.sum()), "rows", first_rows(data.glyphs, differs, *KEY, "form"))


@CHECKS.add("labels-described")
def labels_described(data: GlyphData, limits: GlyphLimits) -> Outcome:
    """labels.json says of each label which raw labels it stands for: all labels, and no others."""
    used = set(data.glyphs["label"])
    rows: list[Row] = [{"label": name, "fault": "not described"} for name in sorted(used - set(data.labels))]
    rows += [{"label": name, "fault": "no glyph has it"} for name in sorted(set(data.labels) - used)]
    rows += [
        {"label": name, "fault": "no members"}
        for name, entry in data.labels.items()
        if name in used and not entry.get("members")
    ]
    return none_of(len(rows), "labels on which labels.json and the table disagree", rows[:SHOWN_ROWS])


@CHECKS.add("labels-with-text")
def labels_with_text(data: GlyphData, limits: GlyphLimits) -> Outcome:
    """A glyph recognised as a label without code points is named, but gives no text; own databases may have such."""
    rows = [{"label": name} for name, entry in data.labels.items() if name != OTHER and not entry.get("code_points")]
    return at_most(len(rows), 0, "labels without code points", rows[:SHOWN_ROWS], otherwise=Verdict.WARN)


@CHECKS.add("members-once")
def members_once(data: GlyphData, limits: GlyphLimits) -> Outcome:
    """A raw label was merged into one class only, or two classes share their samples."""
    owners: dict[str, list[str]] = {}
    for label, entry in data.labels.items():
        for member in entry.get("members") or ():
            owners.setdefault(member, []).append(label)
    shared = [{"member": name, "labels": ", ".join(found)} for name, found in sorted(owners.items()) if len(found) > 1]
    return none_of(len(shared), "members of more than one label", shared[:SHOWN_ROWS])


@CHECKS.add("classes")
def classes(data: GlyphData, limits: GlyphLimits) -> Outcome:
    """The default fonts give over 1,200 classes; fewer means that shaping or merging lost some."""
    grouped = data.glyphs.assign(family=data.families).groupby("label")
    enough = (grouped.size() >= limits.class_samples) & (grouped["family"].nunique() >= limits.class_families)
    found, families = int(enough.sum()), data.families.nunique()
    passed = verdict(found >= limits.min_classes and families >= limits.min_families)
    limit = f"≥ {limits.min_classes} classes on ≥ {limits.min_families} families"
    message = f"classes with ≥ {limits.class_samples} samples from ≥ {limits.class_families} families"
    return Outcome(passed, f"{found} classes on {families} families", limit, message)


@CHECKS.add("font-coverage")
def font_coverage(data: GlyphData, limits: GlyphLimits) -> Outcome:
    """A font has its alphabet; one with a handful of glyphs was read wrongly."""
    counts = data.glyphs["f_id"].value_counts()
    fonts = data.fonts.assign(glyphs=[int(counts.get(name, 0)) for name in data.fonts["file_hash"]])
    thin = fonts["glyphs"] < limits.min_glyphs_per_font
    message = f"fonts with fewer than {limits.min_glyphs_per_font} glyphs"
    return none_of(int(thin.sum()), message, first_rows(fonts, thin, "file_hash", "family", "file", "glyphs"))


@CHECKS.add("skipped-fonts")
def skipped_fonts(data: GlyphData, limits: GlyphLimits) -> Outcome:
    """A broken font is skipped and named; many of them mean a broken download."""
    skipped = data.audit["stage"] == "font"
    share = float(skipped.sum() / max(1, skipped.sum() + len(data.fonts)))
    rows = first_rows(data.audit, skipped, "font", "reason", "detail")
    return at_most(share, limits.max_skipped_fonts, f"share of the fonts; {skipped.sum()} of them", rows)


@CHECKS.add("lost-glyphs")
def lost_glyphs(data: GlyphData, limits: GlyphLimits) -> Outcome:
    """Rows that could not be read are audited, never dropped silently, and there are few of them."""
    lost = (data.audit["stage"] != "font") & ~data.audit["reason"].isin(NO_LOSS)
    share = float(lost.sum() / max(1, lost.sum() + len(data.glyphs)))
    rows = first_rows(data.audit, lost, "font", "label", "reason") if share > limits.max_lost_glyphs else ()
    return at_most(share, limits.max_lost_glyphs, f"share of the glyphs; {lost.sum()} of them", rows)


GATE: Gate[GlyphPaths, GlyphData, GlyphLimits] = Gate(
    name="glyphs",
    purpose="Between the glyph database and the pictures drawn from it.",
    paths=GlyphPaths,
    limits=GlyphLimits,
    open=GlyphData.open,
    checks=CHECKS.entries,
    count_rows=lambda data: len(data.glyphs),
    tables=glyph_tables,
)
