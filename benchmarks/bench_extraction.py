"""Extraction of every glyph of a few fonts, against drawing each part of each glyph with fontTools' pens."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import uharfbuzz as hb
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTFont

from benchmarks.ratio import Ratio, timed
from glyphlens.imaging.contours import parse_contours
from glyphlens.imaging.font_bytes import uncompressed
from glyphlens.imaging.shaping import FontFace
from glyphlens.tracks.arabic.glyphs.candidates import Candidate, candidates
from glyphlens.tracks.arabic.glyphs.extraction import extract_glyphs
from glyphlens.tracks.arabic.glyphs.ligatures import font_ligatures

FONTS = Path("data/raw/fonts/arabic")
FAMILIES = ("almarai", "amiri", "noto-sans-arabic", "noto-nastaliq-urdu")
BUDGET_S = 60.0  # all glyphs of the default fonts on two cores
CORES = 2
EVERY = 12  # of the fonts, one in so many is timed and the time scaled
NAMES = {"curveTo": "cubicTo"}


def measure() -> list[Ratio]:
    """Shaping and outlines to contour JSON, one core, the same glyphs both ways; and all fonts against the budget."""
    fonts = [uncompressed(next(iter(sorted(FONTS.glob(f"{name}-arabic-*")))).read_bytes()) for name in FAMILIES]
    known = candidates()
    fast_s, ours = timed(lambda: [_ours(data, known) for data in fonts], repeats=3)
    plain_s, theirs = timed(lambda: [_plain(data, glyphs) for data, glyphs in zip(fonts, ours, strict=True)], repeats=3)
    for mine, other in zip(ours, theirs, strict=True):
        for text, contours in mine.items():
            first, second = parse_contours(contours), parse_contours(other[text])
            assert np.array_equal(first.ends_C, second.ends_C), text
            # FreeType rounds the points of scaled components to whole units
            np.testing.assert_allclose(first.points_P2, second.points_P2, atol=1)
    glyphs = sum(map(len, ours))
    note = f"{glyphs / fast_s:.0f} glyphs/s a core; the plain way is told which of {len(known)} texts the fonts have"
    return [_against_budget(known), Ratio("extraction: fontTools pens", plain_s, fast_s, 1.0, note)]


def _against_budget(known: list[Candidate]) -> Ratio:
    """From the font file to its rows, scaled from a part of the fonts to all of them on two cores."""
    files = sorted(FONTS.glob("*.woff2"))
    chosen = files[::EVERY]
    seconds, glyphs = timed(lambda: sum(len(_whole_font(path, known)) for path in chosen))
    note = f"{len(chosen)} of {len(files)} fonts, {glyphs / seconds:.0f} glyphs/s a core with unpacking and ligatures"
    scaled_s = seconds * len(files) / len(chosen) / CORES
    return Ratio(f"extraction: {BUDGET_S:.0f} s on two cores", BUDGET_S, scaled_s, 1.0, note)


def _whole_font(path: Path, known: list[Candidate]) -> dict[tuple[int, ...], str]:
    data = uncompressed(path.read_bytes())
    font_ligatures(data)
    return _ours(data, known)


def _ours(data: bytes, known: list[Candidate]) -> dict[tuple[int, ...], str]:
    return {known[glyph.candidate].text: glyph.contours for glyph in extract_glyphs(FontFace(data), known).glyphs}


def _plain(data: bytes, texts: dict[tuple[int, ...], str]) -> dict[tuple[int, ...], str]:
    """Only the texts that the font has a glyph for: telling those from the others is left out here."""
    font = TTFont(io.BytesIO(data))
    glyph_set, order = font.getGlyphSet(), font.getGlyphOrder()
    shaper = hb.Font(hb.Face(data))
    contours = {}
    for text in texts:
        buffer = hb.Buffer()
        buffer.add_codepoints(list(text))
        buffer.script, buffer.language, buffer.direction = "Arab", "ar", "rtl"
        buffer.flags = hb.BufferFlags.REMOVE_DEFAULT_IGNORABLES
        hb.shape(shaper, buffer)
        pen, x = DecomposingRecordingPen(glyph_set), 0
        for info, position in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
            moved = TransformPen(pen, (1, 0, 0, 1, x + position.x_offset, position.y_offset))
            glyph_set[order[info.codepoint]].draw(moved)
            x += position.x_advance
        contours[text] = json.dumps([_command(name, points) for name, points in pen.value])
    return contours


def _command(name: str, points: tuple[Any, ...]) -> list[Any]:
    if name == "closePath":
        return [name, None]
    return [NAMES.get(name, name), points[0] if name in ("moveTo", "lineTo") else points]
