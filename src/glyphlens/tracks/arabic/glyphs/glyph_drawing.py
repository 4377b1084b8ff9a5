"""glyphs.db → packed pictures and one described row a glyph, drawn by a process pool.

G glyphs of a shard
"""

import hashlib
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.core.shards import map_shards, shard_slices
from glyphlens.imaging.geometry import GEOMETRY, em_geometry
from glyphlens.imaging.metrics import em_metrics
from glyphlens.imaging.outlines import hash_outlines, parse_many
from glyphlens.imaging.raster import CANVAS_PX, DiacriticRule, Rasters, rasterise
from glyphlens.tracks.arabic.glyphs.glyph_db import GlyphDatabase

GLYPHS_PER_SHARD = 1024
HASH_BYTES = 16
BOX = ("bbox_min_x", "bbox_min_y", "bbox_max_x", "bbox_max_y")


class DrawnGlyphs(NamedTuple):
    """Pictures (N, 128, 16) uint8 and their rows; ``audit`` are the glyphs that gave no picture, with the reason."""

    packed_NHB: NDArray[np.uint8]
    rows: pd.DataFrame
    audit: pd.DataFrame


def read_glyphs(database: Path) -> pd.DataFrame:
    """The glyphs of a database with what drawing needs from their fonts: family, upem, em_height (font units).

    A font without a family is a family of its own; a glyph without an advance has NaN.
    """
    with GlyphDatabase(database) as opened:
        glyphs, fonts = opened.glyphs(), opened.fonts()
    metrics = em_metrics(fonts).assign(family=fonts["family"].fillna(fonts["file_hash"]).to_numpy())
    glyphs = glyphs.join(metrics, on="f_id", how="inner").rename(columns={"f_id": "font_hash"})
    texts = {name: glyphs[name].fillna("") for name in ("alt_label", "form", "char_class")}
    return glyphs.assign(advance=pd.to_numeric(glyphs["width"], errors="coerce"), **texts)


def draw_glyphs(database: Path, glyphs: pd.DataFrame, rule: DiacriticRule, workers: int) -> DrawnGlyphs:
    """Draw the glyphs of a frame made by ``read_glyphs``, in its order."""
    shards = [glyphs.iloc[rows] for rows in shard_slices(len(glyphs), GLYPHS_PER_SHARD)]
    drawn = list(map_shards(partial(_draw_shard, database, rule), shards, workers, "rasters"))
    return DrawnGlyphs(
        np.concatenate([shard.packed_NHB for shard in drawn]),
        pd.concat([shard.rows for shard in drawn], ignore_index=True),
        pd.concat([shard.audit for shard in drawn], ignore_index=True),
    )


def _draw_shard(database: Path, rule: DiacriticRule, glyphs: pd.DataFrame) -> DrawnGlyphs:
    with GlyphDatabase(database) as opened:
        contours = opened.contours(glyphs["glyph_id"].tolist())
    outlines, faults = parse_many(contours)
    em_heights_G, advances_G = glyphs["em_height"].to_numpy(np.float64), glyphs["advance"].to_numpy(np.float64)
    rasters = rasterise(outlines, em_heights_G, advances_G, rule, faults)
    rows = glyphs.assign(**_facts(rasters), outline_hash=hash_outlines(outlines))
    rows[list(GEOMETRY)] = em_geometry(rasters.placements.boxes_G4, advances_G, glyphs["upem"].to_numpy(np.float64))
    blank = np.array(sorted(rasters.faults), dtype=np.int64)
    audit = glyphs.iloc[blank][["glyph_id", "font_hash", "label"]].assign(
        reason=[rasters.faults[position] for position in blank.tolist()]
    )
    kept = np.setdiff1d(np.arange(len(glyphs)), blank)
    return DrawnGlyphs(rasters.packed_GHB[kept], rows.iloc[kept], audit)


def _facts(rasters: Rasters) -> dict[str, Any]:
    """The facts of each picture (docs/SPEC.md#facts-of-a-raster), and its share of ink."""
    placements = rasters.placements
    boxes = dict(zip(BOX, placements.boxes_G4.T.astype(np.float32), strict=True))
    return {
        **boxes,
        "is_diacritic": placements.is_diacritic_G,
        "scale_factor": placements.scale_G.astype(np.float32),
        "major_dim_ratio": placements.ratio_G.astype(np.float32),
        "target_dim": placements.target_px_G.astype(np.int16),
        "ink_share": (np.bitwise_count(rasters.packed_GHB).sum(axis=(1, 2)) / CANVAS_PX**2).astype(np.float32),
        "raster_hash": [_digest(picture) for picture in rasters.packed_GHB],
    }


def _digest(picture: NDArray[np.uint8]) -> str:
    return hashlib.blake2b(picture.tobytes(), digest_size=HASH_BYTES).hexdigest()
