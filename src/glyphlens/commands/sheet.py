"""The contact sheet: every glyph with its predicted label, code points and confidence, in pages of PNG.

N glyphs · H×W pixels · B = W/8 bytes a row of packed pixels
"""

import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from glyphlens.commands.answers import BETWEEN, Row, same_shape
from glyphlens.commands.output import check_writable, unwritable
from glyphlens.core.errors import OutputError
from glyphlens.core.storage import is_stream, is_there, place_name, writing
from glyphlens.data.sample_set import unpack_bits

COLUMNS, ROWS_A_PAGE = 12, 100
TILE_PX, GLYPH_PX, TEXT_PX = 136, 96, 12
TILE_HEIGHT_PX = GLYPH_PX + 5 * TEXT_PX + 8
HEADING_PX = 34
PAD_PX = 6
MAKER = ("Software", "glyphlens")  # a keyword that the PNG specification defines, and its text
LAST_DRAWABLE = 0x24F  # the built-in font has Latin letters only
INK, PAPER, FRAME, FAINT = (20, 20, 20), (255, 255, 255), (222, 222, 222), (120, 120, 120)
SURE, UNSURE, DOUBTFUL = (30, 140, 60), (200, 140, 0), (200, 50, 40)


def save_sheet(path: Path, table: pd.DataFrame, packed_NHB: NDArray[np.uint8], subject: str, title: str) -> list[Path]:
    """Write ``path`` and, beyond 1,200 glyphs, ``…-2.png`` and on; returns the paths.

    ``subject`` is the column that names a tile. A further page takes the place of one of an earlier sheet. Raises
    OutputError, before the first page is written, where one cannot be or another file is in its place.
    """
    page_glyphs = COLUMNS * ROWS_A_PAGE
    pages = max(1, -(-len(table) // page_glyphs))
    paths = sheet_paths(path, pages, f"{len(table):,} glyphs fill {pages}")
    for number, page in enumerate(paths):
        part = slice(number * page_glyphs, (number + 1) * page_glyphs)
        heading = title if pages == 1 else f"{title} · page {number + 1} of {pages}"
        picture = draw_page(table.iloc[part], packed_NHB[part], subject, heading)
        save_picture(page, picture)
    return paths


def sheet_paths(path: Path, pages: int, filled: str) -> list[Path]:
    """``path``, ``…-2.png`` and on; ``filled`` says why there are several.

    Raises OutputError where a stream would get several, one cannot be written, or another file is in its place.
    """
    if pages > 1 and is_stream(path):
        raise OutputError(f"{place_name(path)}: takes one page, {filled}; name a file for --sheet")
    paths = [path, *(path.with_stem(f"{path.stem}-{number}") for number in range(2, pages + 1))]
    for page in paths[1:]:
        _require_free(page)
    return paths


def save_picture(path: Path, picture: Image.Image) -> None:
    """One PNG that says who made it; raises OutputError where it cannot be written."""
    maker = PngInfo()
    maker.add_text(*MAKER)
    try:
        with writing(path) as partial:
            picture.save(partial, format="PNG", compress_level=3, pnginfo=maker)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise unwritable(path, error) from error


def _require_free(page: Path) -> None:
    """Raise OutputError where a page that nobody named cannot be written, or would cost a file that is no such page."""
    check_writable(page)
    if is_there(page) and not (page.is_file() and _is_ours(page)):  # reading a pipe may never end
        raise OutputError(
            f"{page}: a further page of the sheet would be written over this file; move it, or name --sheet otherwise"
        )


def _is_ours(path: Path) -> bool:
    try:
        with path.open("rb") as file, Image.open(file, formats=["PNG"]) as image:
            return MAKER in image.info.items()
    except (OSError, SyntaxError, ValueError):
        return False


def draw_page(table: pd.DataFrame, packed_NHB: NDArray[np.uint8], subject: str, heading: str) -> Image.Image:
    """One page: rows of twelve tiles below a heading."""
    rows = max(1, -(-len(table) // COLUMNS))
    page = Image.new("RGB", (COLUMNS * TILE_PX, HEADING_PX + rows * TILE_HEIGHT_PX), PAPER)
    pen = ImageDraw.Draw(page)
    pen.text((PAD_PX, 8), heading, fill=INK, font=ImageFont.load_default(16))
    font = ImageFont.load_default(TEXT_PX)
    for number, row in enumerate(table.to_dict("records")):
        left_px, top_px = number % COLUMNS * TILE_PX, HEADING_PX + number // COLUMNS * TILE_HEIGHT_PX
        pen.rectangle((left_px, top_px, left_px + TILE_PX - 2, top_px + TILE_HEIGHT_PX - 2), outline=FRAME)
        page.paste(_glyph(packed_NHB[number]), (left_px + (TILE_PX - GLYPH_PX) // 2, top_px + PAD_PX))
        _caption(pen, font, (left_px + PAD_PX, top_px + GLYPH_PX + PAD_PX + 2), row, str(row[subject]))
    return page


def _glyph(packed_HB: NDArray[np.uint8]) -> Image.Image:
    """The picture on paper, reduced, its ink centred."""
    ink_HW = unpack_bits(packed_HB[None])[0].astype(bool)
    canvas = Image.new("L", (GLYPH_PX, GLYPH_PX), 255)
    if ink_HW.any():
        height_px = int(np.flatnonzero(ink_HW.any(axis=1))[-1]) + 1
        width_px = int(np.flatnonzero(ink_HW.any(axis=0))[-1]) + 1
        image = Image.fromarray(np.where(ink_HW[:height_px, :width_px], 20, 255).astype(np.uint8))
        scale = GLYPH_PX / ink_HW.shape[0]
        image = image.resize((max(1, round(width_px * scale)), max(1, round(height_px * scale))), Image.Resampling.BOX)
        canvas.paste(image, ((GLYPH_PX - image.width) // 2, (GLYPH_PX - image.height) // 2))
    return canvas


def _caption(pen: ImageDraw.ImageDraw, font: Any, corner_px: tuple[int, int], row: Row, subject: str) -> None:
    """Subject and confidence in the first line, the label in up to two, code points in the last."""
    left_px, top_px = corner_px
    room_px = TILE_PX - 2 * PAD_PX
    if row["fault"]:
        lines = [(subject, FAINT), *((text, FAINT) for text in _wrapped(pen, font, row["fault"], room_px, 3))]
    else:
        label = _wrapped(pen, font, _drawable(row["label"]), room_px, 2)
        codes = BETWEEN.join((row["code_points"], *(codes for _, codes in same_shape(row)))).replace("U+", "")
        lines = [(subject, FAINT), *((text, INK) for text in label), (codes, FAINT)]
        shade = SURE if row["confidence"] >= 0.9 else UNSURE if row["confidence"] >= 0.5 else DOUBTFUL
        percent = f"{row['confidence']:.0%}"
        pen.text((left_px + room_px - pen.textlength(percent, font=font), top_px), percent, fill=shade, font=font)
    for number, (text, colour) in enumerate(lines):
        fitting = _shortened(pen, font, text, room_px - (36 if number == 0 else 0))
        pen.text((left_px, top_px + number * (TEXT_PX + 2)), fitting, fill=colour, font=font)


def _drawable(label: str) -> str:
    """The label, or the Unicode name of a character that the built-in font cannot draw."""
    return unicodedata.name(label, label).lower() if len(label) == 1 and ord(label) > LAST_DRAWABLE else label


def _wrapped(pen: ImageDraw.ImageDraw, font: Any, text: str, room_px: int, most: int) -> list[str]:
    """Lines broken after an underscore or a space; what does not fit stays in the last line."""
    words = text.replace("_", "_\n").replace(" ", " \n").split("\n")
    lines = [words[0]]
    for word in words[1:]:
        if len(lines) == most or pen.textlength(lines[-1] + word.rstrip(), font=font) <= room_px:
            lines[-1] += word
        else:
            lines.append(word)
    return lines


def _shortened(pen: ImageDraw.ImageDraw, font: Any, text: str, room_px: float) -> str:
    """The text, its middle replaced by … where it is too wide (labels differ at both ends)."""
    if pen.textlength(text, font=font) <= room_px:
        return text
    kept = len(text) - 1
    while kept > 2 and pen.textlength(f"{text[: kept // 2]}…{text[-(kept - kept // 2) :]}", font=font) > room_px:
        kept -= 1
    return f"{text[: kept // 2]}…{text[-(kept - kept // 2) :]}"
