"""Training glyphs → deformed copies of them, drawn from their outlines by a process pool.

T training glyphs · V copies of each · F geometry features
"""

from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from glyphlens.core.shards import map_shards, shard_slices
from glyphlens.imaging.deform import Deformations, DeformParams, deform, draw_deformations
from glyphlens.imaging.geometry import FEATURES, em_geometry, mark_known
from glyphlens.imaging.outlines import Outlines, parse_many
from glyphlens.imaging.raster import CANVAS_PX, Placements, draw_outlines, fit_boxes
from glyphlens.tracks.arabic.glyphs.glyph_db import GlyphDatabase

GLYPHS_PER_SHARD = 256


class VariantParams(DeformParams):
    """Section ``variants`` of params.yaml."""

    copies: int = Field(ge=1)


class Variants(NamedTuple):
    """``packed_TVHB`` (T, V, 128, 16) uint8; ``geometry_TVF`` (T, V, 7) float32 of the deformed outlines."""

    packed_TVHB: NDArray[np.uint8]
    geometry_TVF: NDArray[np.float32]


def draw_variants(database: Path, glyphs: pd.DataFrame, seed: int, params: VariantParams, workers: int = 1) -> Variants:
    """Copies of glyphs given by glyph_id, upem, advance and is_diacritic.

    Whether a copy is drawn as a diacritic is inherited from its glyph.
    """
    slices = shard_slices(len(glyphs), GLYPHS_PER_SHARD)
    packed_TVHB = np.empty((len(glyphs), params.copies, CANVAS_PX, CANVAS_PX // 8), np.uint8)
    geometry_TVF = np.empty((len(glyphs), params.copies, FEATURES), np.float32)
    shards = [glyphs.iloc[rows] for rows in slices]
    results = map_shards(partial(_draw_shard, database, seed, params), shards, workers, "variants")
    for rows, drawn in zip(slices, results, strict=True):
        packed_TVHB[rows], geometry_TVF[rows] = drawn
    return Variants(packed_TVHB, geometry_TVF)


def _draw_shard(database: Path, seed: int, params: VariantParams, glyphs: pd.DataFrame) -> Variants:
    with GlyphDatabase(database) as opened:
        contours = opened.contours(glyphs["glyph_id"].tolist())
    outlines, faults = parse_many(contours)
    if faults:
        position, reason = next(iter(faults.items()))
        raise ValueError(f"{database}: glyph {glyphs['glyph_id'].iloc[position]} was drawn before, but now: {reason}")
    return vary(outlines, glyphs, seed, params)


def vary(outlines: Outlines, glyphs: pd.DataFrame, seed: int, params: VariantParams) -> Variants:
    """Deform, place and draw; a copy that leaves no ink keeps its glyph's weight, and if need be its whole outline."""
    copies, shape = params.copies, (len(glyphs), params.copies)
    repeated = outlines.repeat(copies)
    upem_G, advance_G = (np.repeat(glyphs[name].to_numpy(np.float64), copies) for name in ("upem", "advance"))
    is_diacritic_G = np.repeat(glyphs["is_diacritic"].to_numpy(np.bool_), copies)
    deformations = draw_deformations(seed, glyphs["glyph_id"].to_numpy(np.int64), copies, params)
    packed_GHB, placements = _draw(deform(repeated, deformations, upem_G), is_diacritic_G)
    for soften in (Deformations.without_weight, Deformations.neutral):
        vanished_G = np.asarray(~packed_GHB.any(axis=(1, 2)))
        if vanished_G.any():
            deformations = soften(deformations, vanished_G)
            packed_GHB, placements = _draw(deform(repeated, deformations, upem_G), is_diacritic_G)
    geometry_G6 = em_geometry(placements.boxes_G4, advance_G * deformations.x_scale_G, upem_G)
    return Variants(
        packed_GHB.reshape(*shape, *packed_GHB.shape[1:]), mark_known(geometry_G6).reshape(*shape, FEATURES)
    )


def _draw(outlines: Outlines, is_diacritic_G: NDArray[np.bool_]) -> tuple[NDArray[np.uint8], Placements]:
    placements = fit_boxes(outlines, is_diacritic_G)
    return draw_outlines(outlines, placements), placements
