"""glyphs.db → packed pictures: FreeType on whole arrays of outlines, against polygons drawn with Pillow one by one."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from benchmarks.ratio import Ratio, timed
from glyphlens.data.sample_set import unpack_bits
from glyphlens.imaging.outlines import parse_many
from glyphlens.imaging.raster import CANVAS_PX, DIACRITIC_PX, DiacriticRule, rasterise
from glyphlens.tracks.arabic.glyphs.glyph_db import GlyphDatabase
from glyphlens.tracks.arabic.glyphs.glyph_drawing import read_glyphs

DATABASE = Path("data/arabic/glyphs/glyphs.db")
GLYPHS = 2000
SUBDIVISIONS = 8
SUPERSAMPLING = 2
SAME_PIXELS = 0.98  # Pillow's polygons include their edges, and holes are carved out of overlaps
RULE = DiacriticRule(diacritic_rule="ratio", diacritic_ratio=0.25)
Point = tuple[float, float]


def polygons(text: str) -> list[list[Point]]:
    """Closed polylines of a glyph's contours, curves sampled uniformly (docs/SPEC.md#rasters)."""
    found = []
    for subpath in json.loads(text):
        line: list[Point] = []
        for name, value in subpath:
            if name in ("moveTo", "lineTo"):
                line.append(tuple(value))
            elif name == "qCurveTo":
                for control, end in quadratic_segments(value):
                    line += sampled([line[-1], control, end])
            elif name == "cubicTo":
                line += sampled([line[-1], *value])
        found.append(line)
    return found


def quadratic_segments(points: list[list[float]]) -> list[tuple[Point, Point]]:
    """Control and end of each segment, with the implied points between controls."""
    controls, last = points[:-1], points[-1]
    ends = [((a[0] + b[0]) / 2, (a[1] + b[1]) / 2) for a, b in pairwise(controls)]
    return list(zip(controls, [*ends, last], strict=True))


def sampled(controls: list[Point]) -> list[Point]:
    """Points of a quadratic or cubic Bézier curve, without its first."""
    line = []
    for step in range(1, SUBDIVISIONS + 1):
        t = step / SUBDIVISIONS
        u = 1 - t
        weights = (u * u, 2 * u * t, t * t) if len(controls) == 3 else (u**3, 3 * u * u * t, 3 * u * t * t, t**3)
        x = sum(weight * point[0] for weight, point in zip(weights, controls, strict=True))
        y = sum(weight * point[1] for weight, point in zip(weights, controls, strict=True))
        line.append((x, y))
    return line


def signed_area(line: list[Point]) -> float:
    """Shoelace formula; positive counter-clockwise."""
    return sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(line, line[1:] + line[:1], strict=True)) / 2


def plain_raster(text: str, em_height: float) -> NDArray[np.bool_]:
    """The straightforward way (docs/SPEC.md#rasters): polygons at twice the size, reduced and cut at one half."""
    lines = polygons(text)
    xs, ys = zip(*(point for line in lines for point in line), strict=True)
    left, top = min(xs), max(ys)
    major = max(max(xs) - left, top - min(ys))
    target = DIACRITIC_PX if major / em_height < RULE.diacritic_ratio else CANVAS_PX
    scale = target / major * SUPERSAMPLING
    canvas = Image.new("L", (CANVAS_PX * SUPERSAMPLING,) * 2)
    draw = ImageDraw.Draw(canvas)
    areas = [signed_area(line) for line in lines]
    outward = sum(areas) > 0
    placed = [[((x - left) * scale, (top - y) * scale) for x, y in line] for line in lines]
    for solid in (True, False):
        for line, area in zip(placed, areas, strict=True):
            if ((area > 0) == outward) == solid:
                draw.polygon(line, fill=255 if solid else 0)
    return np.asarray(canvas.resize((CANVAS_PX, CANVAS_PX), Image.Resampling.BICUBIC)) >= 128


def measure() -> list[Ratio]:
    """One core each, from the database file to pictures; the pictures have to be the same but for edge pixels."""
    glyphs = read_glyphs(DATABASE)
    glyphs = glyphs.iloc[:: max(1, len(glyphs) // GLYPHS)][:GLYPHS]
    ids, em_heights = glyphs["glyph_id"].tolist(), glyphs["em_height"].to_numpy(np.float64)

    def plain() -> NDArray[np.bool_]:
        with GlyphDatabase(DATABASE) as opened:
            return np.stack(
                [plain_raster(opened.contours([glyph])[0], em) for glyph, em in zip(ids, em_heights, strict=True)]
            )

    def fast() -> NDArray[np.uint8]:
        with GlyphDatabase(DATABASE) as opened:
            contours = opened.contours(ids)
        outlines, faults = parse_many(contours)
        return rasterise(outlines, em_heights, np.full(len(ids), np.nan), RULE, faults).packed_GHB

    fast_s, packed_GHB = timed(fast, repeats=3)
    plain_s, images_GHW = timed(plain)
    same = float((unpack_bits(packed_GHB).astype(bool) == images_GHW).mean())
    if same < SAME_PIXELS:
        raise AssertionError(f"only {same:.4f} of the pixels are the same, expected {SAME_PIXELS}")
    note = f"{len(ids)} glyphs, {len(ids) / fast_s:.0f}/s a core, {same:.2%} of the pixels the same"
    return [Ratio("rasters: glyphs.db to packed pixels", plain_s, fast_s, 6.0, note)]
