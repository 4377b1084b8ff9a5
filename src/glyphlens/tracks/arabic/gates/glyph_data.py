"""What gate_glyphs judges: both tables of glyphs.db, labels.json, the audit, and every outline measured.

G glyphs · coordinates in font units
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from glyphlens.core.errors import InputError
from glyphlens.core.params import Section
from glyphlens.core.storage import load_json, load_table
from glyphlens.imaging.freetype_outlines import FixedOutlines
from glyphlens.imaging.outlines import parse_many
from glyphlens.tracks.arabic.glyphs.glyph_db import GlyphDatabase


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


@dataclass(frozen=True)
class GlyphData:
    """Both tables without the contours, labels.json, the audit, and what parsing every outline gave."""

    fonts: pd.DataFrame
    glyphs: pd.DataFrame
    labels: dict[str, Any]
    audit: pd.DataFrame
    outlines: pd.DataFrame

    @classmethod
    def open(cls, folder: Path) -> "GlyphData":
        """Raises InputError where a file is missing or broken."""
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
