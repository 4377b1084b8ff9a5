"""glyphs: every labelled glyph of every font, or of the user's own glyphs.db, in one database with its audit."""

from argparse import Namespace
from pathlib import Path

import pandas as pd
from pydantic import Field
from tqdm import tqdm

from glyphlens.core.errors import InputError
from glyphlens.core.machine import MachineParams
from glyphlens.core.params import Section, load_params
from glyphlens.core.storage import save_json, save_metrics, save_table
from glyphlens.gates.token import require_token
from glyphlens.sources.fonts.files import load_fonts
from glyphlens.sources.fonts.isolation import Limits
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracks.arabic.glyphs.audit import FONT_SKIPPED
from glyphlens.tracks.arabic.glyphs.companion_fonts import font_sources, refused_fonts
from glyphlens.tracks.arabic.glyphs.font_glyphs import glyph_tables
from glyphlens.tracks.arabic.glyphs.glyph_db import write_database
from glyphlens.tracks.arabic.glyphs.glyph_tables import GlyphTables
from glyphlens.tracks.arabic.glyphs.own_database import own_tables
from glyphlens.tracks.arabic.glyphs.own_labels import OwnLabel, read_own_labels

MIN_SAMPLES = MIN_FAMILIES = 5  # what a class needs to be counted in the metric; the rasters stage has its own


class GlyphParams(Section):
    """The ``glyphs`` section of params.yaml."""

    own_database: str | None
    lookalike_share: float = Field(gt=0, le=1)
    lookalike_fonts: int = Field(ge=1)
    font_seconds: int = Field(ge=1)
    font_memory_mib: int = Field(ge=64)
    others_per_font: int = Field(ge=1)


def main(argv: list[str] | None = None) -> None:
    """Write ``<out>/{glyphs.db,labels.json,audit.parquet}`` and the metrics."""
    inputs = ("fonts", "companions", "own_labels", "token")
    paths = stage_paths(argv, *inputs, "out", "metrics", sources=("own_labels",))
    require_token(paths.token, paths.own_labels)
    params = load_params(GlyphParams, "glyphs")
    own = read_own_labels(paths.own_labels)
    if own and params.own_database:
        raise InputError(f"{paths.own_labels}: names glyphs of fonts, but glyphs.own_database is read instead of them")
    tables = own_tables(Path(params.own_database)) if params.own_database else _from_fonts(paths, own, params)

    write_database(paths.out / "glyphs.db", tables.fonts, tables.glyphs)
    save_json(paths.out / "labels.json", tables.labels)
    save_table(paths.out / "audit.parquet", tables.audit)
    metrics = summary(tables)
    save_metrics(paths.metrics, metrics)
    skipped = tables.audit[tables.audit["reason"] == FONT_SKIPPED]
    for row in skipped.itertuples():
        tqdm.write(f"glyphs: warning: {row.font}: skipped: {row.detail}")
    tqdm.write(f"glyphs: {', '.join(f'{value} {name}' for name, value in metrics.items())}")


def summary(tables: GlyphTables) -> dict[str, int]:
    """Counts for metrics/arabic/glyphs.json; ``classes`` are labels with ≥ 5 samples and ≥ 5 families."""
    family = tables.glyphs["f_id"].map(tables.fonts.set_index("file_hash")["family"])
    by_label = pd.DataFrame({"label": tables.glyphs["label"], "family": family}).groupby("label")["family"]
    enough = (by_label.size() >= MIN_SAMPLES) & (by_label.nunique() >= MIN_FAMILIES)
    return {
        "fonts": len(tables.fonts),
        "families": int(tables.fonts["family"].nunique()),
        "glyphs": len(tables.glyphs),
        "classes": int(enough.sum()),
        "audited": len(tables.audit),
    }


def _from_fonts(paths: Namespace, own: list[OwnLabel], params: GlyphParams) -> GlyphTables:
    return glyph_tables(
        font_sources(paths.fonts, load_fonts(paths.fonts), paths.companions),
        refused_fonts(paths.companions),
        own,
        limits=Limits(params.font_seconds, params.font_memory_mib),
        workers=load_params(MachineParams, "machine").workers,
        lookalike_share=params.lookalike_share,
        lookalike_fonts=params.lookalike_fonts,
        others_per_font=params.others_per_font,
    )


if __name__ == "__main__":
    run_stage(main)
