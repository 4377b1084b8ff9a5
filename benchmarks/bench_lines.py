"""Texts → pictures of lines: outlines drawn in blocks, against glyph after glyph loaded, rendered and pasted."""

import io
from collections.abc import Sequence
from pathlib import Path

import freetype
import numpy as np
import uharfbuzz as hb
from numpy.typing import NDArray

from benchmarks.ratio import Ratio, timed
from glyphlens.imaging.font_bytes import uncompressed
from glyphlens.imaging.line_images import prepare_line
from glyphlens.imaging.text_runs import TextFace, coverage, set_glyphs
from glyphlens.tracks.khmer.texts.text_set import load_texts

FONTS, TEXTS = Path("data/raw/fonts/khmer"), Path("data/khmer/texts")
LINES = 400
HEIGHT_PX, SIZE_PX, BASELINE_PX = 48, 26, 16
LEAST_SAME = 0.9  # correlation: the plain way rounds every glyph to whole pixels


def measure() -> list[Ratio]:
    """The ratio for lines of Khmer alone; raises InputError where the stages before have not run."""
    table, _ = load_texts(TEXTS)
    data = uncompressed(sorted(FONTS.glob("hanuman-khmer-*"))[1].read_bytes())
    known = TextFace(data).characters
    texts = [text for text in table["text"] if {ord(character) for character in text} <= known][:LINES]
    fast_s, ours = timed(lambda: drawn_by_outlines(data, texts), repeats=3)
    plain_s, theirs = timed(lambda: drawn_by_glyphs(data, texts), repeats=3)
    same = np.mean([correlation(one, other) for one, other in zip(ours, theirs, strict=True)])
    if same < LEAST_SAME:
        raise AssertionError(f"the two ways draw different lines (correlation {same:.2f})")
    note = f"{len(texts) / fast_s:.0f} lines per second, prepared for reading"
    return [Ratio("lines: texts to prepared pictures", plain_s, fast_s, target=1.5, note=note)]


def drawn_by_outlines(data: bytes, texts: Sequence[str]) -> list[NDArray[np.uint8]]:
    """Our way: outlines in em, any scale, FreeType on arrays of points."""
    face, pictures = TextFace(data), []
    for text in texts:
        run = face.shape(text, "Khmr", "km")
        glyphs = set_glyphs(face, run)
        placed = glyphs._replace(points_P2=glyphs.points_P2 * SIZE_PX + (4.0, float(BASELINE_PX)))
        picture_HW = coverage(placed, HEIGHT_PX, int(run.advance * SIZE_PX) + 8)
        pictures.append(prepare_line(255 - picture_HW, HEIGHT_PX))
    return pictures


def drawn_by_glyphs(data: bytes, texts: Sequence[str]) -> list[NDArray[np.uint8]]:
    """The way of the two libraries' examples: shape, then for every glyph its bitmap, pasted where it belongs."""
    face, font, pictures = freetype.Face(io.BytesIO(data)), hb.Font(hb.Face(hb.Blob(data))), []
    face.set_pixel_sizes(0, SIZE_PX)
    scale = SIZE_PX / face.units_per_EM
    for text in texts:
        buffer = hb.Buffer()
        buffer.add_str(text)
        buffer.script, buffer.language, buffer.direction = "Khmr", "km", "ltr"
        hb.shape(font, buffer)
        advance = sum(place.x_advance for place in buffer.glyph_positions)
        picture_HW, pen = np.zeros((HEIGHT_PX, int(advance * scale) + 8), np.uint8), 0
        for info, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
            face.load_glyph(info.codepoint, freetype.FT_LOAD_RENDER | freetype.FT_LOAD_NO_HINTING)
            left = 4 + round((pen + place.x_offset) * scale) + face.glyph.bitmap_left
            top = HEIGHT_PX - BASELINE_PX - round(place.y_offset * scale) - face.glyph.bitmap_top
            paste(face.glyph.bitmap, max(0, top), max(0, left), picture_HW)
            pen += place.x_advance
        pictures.append(prepare_line(255 - picture_HW, HEIGHT_PX))
    return pictures


def paste(bitmap: freetype.Bitmap, top: int, left: int, picture_HW: NDArray[np.uint8]) -> None:
    """The bitmap at its place, as far as it is in the picture."""
    if bitmap.rows and bitmap.width:
        glyph_HW = np.array(bitmap.buffer, np.uint8).reshape(bitmap.rows, bitmap.pitch)[:, : bitmap.width]
        target_HW = picture_HW[top : top + bitmap.rows, left : left + bitmap.width]
        np.maximum(target_HW, glyph_HW[: target_HW.shape[0], : target_HW.shape[1]], out=target_HW)


def correlation(one_HW: NDArray[np.uint8], other_HW: NDArray[np.uint8]) -> float:
    """Of the pixels of two pictures of one size."""
    return float(np.corrcoef(one_HW.ravel(), other_HW.ravel())[0, 1])
