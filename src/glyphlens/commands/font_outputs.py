"""What else can be made of one font's answers: a font with a cmap, glyph classes for features, a ToUnicode CMap."""

import io
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from fontTools.ttLib import TTFont, newTable
from fontTools.ttLib.tables._c_m_a_p import CmapSubtable

from glyphlens.commands.class_texts import plain_letters
from glyphlens.commands.face_pictures import plain_font, read_font_file
from glyphlens.commands.output import check_writable
from glyphlens.core.errors import InputError
from glyphlens.core.storage import writing
from glyphlens.imaging.font_bytes import UNPACKING_ERRORS
from glyphlens.sources.arabic_script import PRESENTATION_BLOCKS, presentation_form

MAX_NAME = 63  # characters of a glyph class's name (OpenType Feature File Specification, 2.g.ii)
GID_BYTES = 2
WINDOWS, UNICODE_BMP = 3, 1
LAST_OF_FORMAT = {4: 0xFFFF, 12: 0x10FFFF}  # the last character that a table of a cmap can hold


def check_font_outputs(paths: Sequence[Path], fonts: Sequence[Path]) -> None:
    """Raise InputError for files of another kind, or of several fonts; OutputError where one cannot be written."""
    for path in paths:
        if path.suffix.lower() not in _MAKERS:
            raise InputError(f"{path}: --write takes a file called {', '.join(_MAKERS)}")
        if len(fonts) != 1:
            raise InputError(f"{path}: --write is about one font, found {len(fonts)}")
        check_writable(path)


def save_font_output(path: Path, font: Path, table: pd.DataFrame, least: float) -> None:
    """Write a file of the kind that its suffix says, of the first face's answers that are at least that sure."""
    sure = table[(table["face"] == 0) & (table["fault"] == "") & (table["confidence"] >= least) & (table["gid"] > 0)]
    data = plain_font(read_font_file(font))
    try:
        made = _MAKERS[path.suffix.lower()](data, sure)
    except UNPACKING_ERRORS as error:
        raise InputError(f"{font}: its tables cannot be read ({type(error).__name__}: {error})") from error
    with writing(path) as partial:
        partial.write_bytes(made)


def font_with_cmap(data: bytes, answers: pd.DataFrame) -> bytes:
    """The font with its characters mapped, forms as presentation forms; entries that it has stay as they are.

    Of several glyphs of one character the surest is mapped, in every table of characters, of which readers prefer one
    or the other.
    """
    font = TTFont(io.BytesIO(data), fontNumber=0, lazy=True)
    names = font.getGlyphOrder()
    found: dict[int, str] = {}
    for row in answers.sort_values("confidence", ascending=False, kind="stable").to_dict("records"):
        code_point = character_of(_code_points(row["code_points"]), row["form"])
        if code_point is not None:
            found.setdefault(code_point, names[row["gid"]])
    cmap = font["cmap"] if "cmap" in font else _new_cmap(font)
    found |= cmap.getBestCmap() or {}
    if cmap.getcmap(WINDOWS, UNICODE_BMP) is None:
        cmap.tables.append(_bmp_table())
    for table in cmap.tables:
        if table.isUnicode() and table.format in LAST_OF_FORMAT:
            entries = {code: name for code, name in found.items() if code <= LAST_OF_FORMAT[table.format]}
            table.cmap = entries | table.cmap
    stream = io.BytesIO()
    font.save(stream, reorderTables=None)
    return stream.getvalue()


def glyph_classes(names: Sequence[str], answers: pd.DataFrame) -> str:
    """A feature file of glyph classes: one for each label and one for each form."""
    classes: defaultdict[str, list[str]] = defaultdict(list)
    for row in answers.sort_values("gid").to_dict("records"):
        classes[_class_name(row["label"])].append(names[row["gid"]])
        if row["form"]:
            classes[f"all.{row['form']}"].append(names[row["gid"]])
    lines = [f"@{name} = [{' '.join(members)}];" for name, members in sorted(classes.items())]
    return "\n".join(["# Glyph classes by shape alone", *lines]) + "\n"


def character_of(code_points: tuple[int, ...], form: str) -> int | None:
    """The one character that shows these letters in this form; None where there is none."""
    if len(code_points) == 1 and form in ("", "isol"):
        return code_points[0]
    return _presentation_characters().get((code_points, form))


@cache
def _presentation_characters() -> Mapping[tuple[tuple[int, ...], str], int]:
    characters = (code for first, last in PRESENTATION_BLOCKS for code in range(first, last + 1))
    found: dict[tuple[tuple[int, ...], str], int] = {}
    for code in characters:
        if unicodedata.name(chr(code), "") and (shape := presentation_form(code)):
            found.setdefault(shape, code)
    return found


def _new_cmap(font: TTFont) -> Any:
    font["cmap"] = newTable("cmap")
    font["cmap"].tableVersion, font["cmap"].tables = 0, []
    return font["cmap"]


def _bmp_table() -> CmapSubtable:
    table = CmapSubtable.newSubtable(4)
    table.platformID, table.platEncID, table.language, table.cmap = WINDOWS, UNICODE_BMP, 0, {}
    return table


def _classes(data: bytes, answers: pd.DataFrame) -> bytes:
    names = TTFont(io.BytesIO(data), fontNumber=0, lazy=True).getGlyphOrder()
    return glyph_classes(names, answers).encode()


def _to_unicode(_: bytes, answers: pd.DataFrame) -> bytes:
    from glyphlens.sources.pdf.cmaps import format_cmap

    rows = answers.to_dict("records")
    texts = {row["gid"]: plain_letters("".join(map(chr, _code_points(row["code_points"])))) for row in rows}
    return format_cmap({gid: text for gid, text in texts.items() if text}, GID_BYTES).encode("ascii")


def _code_points(text: str) -> tuple[int, ...]:
    return tuple(int(code.removeprefix("U+"), 16) for code in text.split())


def _class_name(label: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", label)[:MAX_NAME]


_MAKERS: Mapping[str, Callable[[bytes, pd.DataFrame], bytes]] = {
    ".ttf": font_with_cmap,
    ".otf": font_with_cmap,
    ".fea": _classes,
    ".cmap": _to_unicode,
}
