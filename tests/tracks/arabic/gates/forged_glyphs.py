"""A small good folder like data/arabic/glyphs with limits that suit it; the tests of gate_glyphs forge on it."""

from pathlib import Path

import pandas as pd

from glyphlens.core.storage import save_json, save_table
from glyphlens.tracks.arabic.gates.glyphs import GlyphLimits
from glyphlens.tracks.arabic.glyphs.glyph_db import write_database

SQUARE = '[[["moveTo",[0,0]],["lineTo",[500,0]],["lineTo",[500,500]],["lineTo",[0,500]],["closePath",null]]]'
LABELS = ("beh.init", "beh.medi", "fatha")
FONTS = ("hash_a", "hash_b", "hash_c")
LIMITS = GlyphLimits(
    min_upem=16,
    max_upem=16384,
    min_em_height=0.5,
    max_em_height=5.0,
    max_reach_em=10.0,
    max_degenerate_share=0.0,
    min_classes=3,
    class_samples=3,
    class_families=3,
    min_families=3,
    min_glyphs_per_font=3,
    max_skipped_fonts=0.0,
    max_lost_glyphs=0.0,
)


def font_table() -> pd.DataFrame:
    row = {"upem": 1000, "ascent": 900, "descent": -300, "typo_ascent": 800, "typo_descent": -200}
    zeros = dict.fromkeys(("x_height", "cap_height", "line_gap"), 0)
    texts = {"style": "normal", "weight": 400, "licence": "OFL-1.1"}
    return pd.DataFrame(
        [
            {"file_hash": name, **row, **zeros, "family": f"family {name}", **texts, "file": f"{name}.woff2"}
            for name in FONTS
        ]
    )


def glyph_table(contours: str = SQUARE) -> pd.DataFrame:
    rows = [
        {"f_id": font, "label": label, "contours": contours, "joining_group": "", "char_class": "diacritic"}
        for font in FONTS
        for label in LABELS
    ]
    table = pd.DataFrame(rows).assign(width=600, lsb=0, rsb=100, code_points="U+0628")
    form = table["label"].str.extract(r"\.(\w+)$")[0].fillna("")
    return table.assign(glyph_id=range(1, len(table) + 1), alt_label=table["label"], form=form)


def write_folder(folder: Path, glyphs: pd.DataFrame) -> Path:
    write_database(folder / "glyphs.db", font_table(), glyphs)
    save_json(folder / "labels.json", {name: {"code_points": ["U+0628"], "members": [name]} for name in LABELS})
    save_table(
        folder / "audit.parquet", pd.DataFrame(columns=["stage", "reason", "font", "label", "detail"], dtype=str)
    )
    return folder
