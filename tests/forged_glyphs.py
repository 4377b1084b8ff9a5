"""A small folder like data/arabic/glyphs, made in code: families differ in their proportions."""

from pathlib import Path

import numpy as np
import pandas as pd

from glyphlens.core.storage import save_json
from glyphlens.imaging.contours import Outline, format_contours
from glyphlens.tracks.arabic.glyphs.glyph_db import FONT_COLUMNS, GLYPH_COLUMNS, write_database
from tests.imaging.shapes import box, circle, outline

FAMILIES = tuple(f"family-{number}" for number in range(10))
SHAPES = {
    "alef.isol": outline(box(50, 0, 150, 800)),
    "fatha": outline(box(10, 700, 160, 740)),
    "heh.isol": outline(circle(300, 250, 250, cubic=False), circle(300, 250, 100, cubic=False, hole=True)),
    "kasra": outline(box(10, -140, 160, -100)),
    "meem.medi": outline(
        circle(400, 200, 200, cubic=True), circle(400, 200, 90, cubic=True, hole=True), box(0, 0, 800, 60)
    ),
}


def shape_of(label: str, family: int, upem: int) -> Outline:
    """The glyph in the proportions of one family, on whole units."""
    original = SHAPES[label]
    points = original.points_P2 * [1 + 0.02 * family, 1] * upem / 1000
    return original._replace(points_P2=np.rint(points))


def forged_tables(families: int = len(FAMILIES)) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables fonts and glyphs: one font a family, all SHAPES in each."""
    fonts, glyphs = [], []
    for number, family in enumerate(FAMILIES[:families]):
        upem = (1000, 2048)[number % 2]
        metrics = {"typo_ascent": int(0.8 * upem), "typo_descent": -int(0.2 * upem), "family": family}
        fonts.append({"file_hash": f"{number:064x}", "upem": upem, **metrics})
        for label in SHAPES:
            shape = shape_of(label, number, upem)
            glyphs.append(
                {
                    "glyph_id": len(glyphs) + 1,
                    "f_id": f"{number:064x}",
                    "label": label,
                    "contours": format_contours(shape),
                    "char_class": "diacritic" if label in ("fatha", "kasra") else "isol",
                    "width": 0 if label in ("fatha", "kasra") else int(shape.points_P2[:, 0].max()),
                    "alt_label": label,
                    "form": label.partition(".")[2],
                }
            )
    return _complete(fonts, FONT_COLUMNS), _complete(glyphs, GLYPH_COLUMNS)


def _complete(rows: list[dict[str, object]], columns: tuple[str, ...]) -> pd.DataFrame:
    """All columns of the schema, empty ones as None."""
    frame = pd.DataFrame(rows).reindex(columns=list(columns)).astype(object)
    return frame.where(frame.notna(), None)


def forge_glyphs(folder: Path, fonts: pd.DataFrame, glyphs: pd.DataFrame) -> Path:
    """Write glyphs.db and labels.json; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_database(folder / "glyphs.db", fonts, glyphs)
    labels = sorted(set(glyphs["label"]))
    save_json(
        folder / "labels.json",
        {
            name: {"code_points": ["U+0627"], "form": name.partition(".")[2], "members": [name], "lookalikes": []}
            for name in labels
        },
    )
    return folder
