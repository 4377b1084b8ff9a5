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
from glyphlens.core.storage import save_text, writing
from glyphlens.imaging.font_bytes import UNPACKING_ERRORS
from glyphlens.sources.arabic_script import PRESENTATION_BLOCKS, presentation_form
from glyphlens.sources.pdf.cmaps import format_cmap

MAX_NAME = 63  # characters of a glyph class's name (OpenType Feature File Specification, 2.g.ii)
GID_BYTES = 2
WINDOWS, UNICODE_BMP = 3, 1


def check_font_outputs(paths: Sequence[Path], fonts: Sequence[Path]) -> None:
    """Raise InputError for files of another kind, or of several fonts; OutputError where one cannot be written."""
    for path in paths:
        if path.suffix.lower() not in _WRITERS:
            raise InputError(f"{path}: --write takes a file called {', '.join(_WRITERS)}")
        if len(fonts) != 1:
            raise InputError(f"{path}: --write is about one font, found {len(fonts)}")
        check_writable(path)


def save_font_output(path: Path, font: Path, table: pd.DataFrame, least: float) -> None:
    """Write a file of the kind that its suffix says, of the first face's answers that are at least that sure."""
    sure = table[(table["face"] == 0) & (table["fault"] == "") & (table["confidence"] >= least) & (table["gid"] > 0)]
    _WRITERS[path.suffix.lower()](path, font, sure)


def font_with_cmap(data: bytes, answers: pd.DataFrame) -> bytes:
    """The font with its characters mapped, forms as presentation forms; entries that it has stay as they are.

    Of several glyphs of one character the surest is mapped. Raises InputError where its tables cannot be read.
    """
    try:
        font = TTFont(io.BytesIO(data), fontNumber=0, lazy=True)
        names = font.getGlyphOrder()
        mapped = dict(font.getBestCmap() or {}) if "cmap" in font else {}
        for row in answers.sort_values("confidence", ascending=False, kind="stable").to_dict("records"):
            code_point = character_of(_code_points(row["code_points"]), row["form"])
            if code_point is not None:
                mapped.setdefault(code_point, names[row["gid"]])
        subtable = CmapSubtable.newSubtable(4)
        subtable.platformID, subtable.platEncID, subtable.language = WINDOWS, UNICODE_BMP, 0
        subtable.cmap = {code: name for code, name in mapped.items() if code <= 0xFFFF}
        cmap = font["cmap"] if "cmap" in font else _new_cmap(font)
        cmap.tables = [each for each in cmap.tables if (each.platformID, each.platEncID) != (WINDOWS, UNICODE_BMP)]
        cmap.tables.append(subtable)
        stream = io.BytesIO()
        font.save(stream, reorderTables=None)
    except UNPACKING_ERRORS as error:
        raise InputError(f"its tables cannot be read ({type(error).__name__}: {error})") from error
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


def _save_font(path: Path, font: Path, answers: pd.DataFrame) -> None:
    data = font_with_cmap(_plain(font), answers)
    with writing(path) as partial:
        partial.write_bytes(data)


def _save_classes(path: Path, font: Path, answers: pd.DataFrame) -> None:
    names = TTFont(io.BytesIO(_plain(font)), fontNumber=0, lazy=True).getGlyphOrder()
    save_text(path, glyph_classes(names, answers))


def _save_cmap(path: Path, _: Path, answers: pd.DataFrame) -> None:
    texts = {
        row["gid"]: plain_letters("".join(map(chr, _code_points(row["code_points"]))))
        for row in answers.to_dict("records")
    }
    save_text(path, format_cmap(texts, GID_BYTES))


def _plain(font: Path) -> bytes:
    return plain_font(read_font_file(font))


def _code_points(text: str) -> tuple[int, ...]:
    return tuple(int(code.removeprefix("U+"), 16) for code in text.split())


def _class_name(label: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", label)[:MAX_NAME]


_WRITERS: Mapping[str, Callable[[Path, Path, pd.DataFrame], None]] = {
    ".ttf": _save_font,
    ".otf": _save_font,
    ".fea": _save_classes,
    ".cmap": _save_cmap,
}
