"""A user's own glyphs.db → our canonical tables: read-only, checked by name and type, rows left out in the audit."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from glyphlens.core.errors import InputError
from glyphlens.imaging.contours import ContourError, format_contours, parse_contours
from glyphlens.imaging.shaping import FontMetrics
from glyphlens.sources.arabic_script import FORMS
from glyphlens.tracks.arabic.glyphs.audit import FONT_WITHOUT_GLYPHS, LABEL_REPEATED, AuditRow, audit_table
from glyphlens.tracks.arabic.glyphs.glyph_db import (
    CHAR_CLASSES,
    FONT_COLUMNS,
    GLYPH_COLUMNS,
    open_readonly,
    require_columns,
    table_columns,
)
from glyphlens.tracks.arabic.glyphs.glyph_tables import GlyphTables
from glyphlens.tracks.arabic.glyphs.label_facts import LabelFacts, label_facts

TEXT: tuple[str, ...] = ("text",)
NUMBER: tuple[str, ...] = ("integer", "real")
REQUIRED: dict[str, dict[str, tuple[str, ...]]] = {
    "fonts": {"file_hash": TEXT, "upem": NUMBER},
    "glyphs": {"f_id": TEXT, "label": TEXT, "contours": TEXT},
}
METRICS = (*FontMetrics._fields, "weight")
BEARINGS = ("width", "lsb", "rsb")
OPTIONAL_NUMBERS = {"fonts": METRICS, "glyphs": BEARINGS}
OPTIONAL_TEXTS = {
    "fonts": ("family", "style", "licence", "file"),
    "glyphs": ("joining_group", "char_class", "alt_label", "form", "code_points"),
}


def own_tables(path: Path) -> GlyphTables:
    """The tables of a glyphs.db of the documented schema; ``id`` may stand for ``glyph_id``, others are ignored.

    Where form, joining group or code points are not given, or the class is none of ours (CHAR_CLASSES), they are what
    the label says. Orphans, rows without label, repeated labels of a font and contours that do not parse go to the
    audit. Raises InputError, naming table and column, where one is missing or holds another type, or where no glyph
    is left.
    """
    connection = open_readonly(path)
    try:
        fonts, glyphs = _read_fonts(connection, path), _read_glyphs(connection, path)
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read to its end ({error})") from error
    finally:
        connection.close()
    glyphs, audit = _usable(glyphs, set(fonts["file_hash"]))
    used = fonts["file_hash"].isin(glyphs["f_id"])
    audit += [("database", FONT_WITHOUT_GLYPHS, name, "", "") for name in fonts.loc[~used, "file_hash"]]
    if glyphs.empty:
        first = f"; the first: {audit[0][1]} ({audit[0][4]})" if audit else ""
        raise InputError(f"{path}: table 'glyphs' holds no usable row{first}")
    fonts = fonts[used].sort_values(["family", "weight", "file_hash"], ignore_index=True)
    order = glyphs["f_id"].map({name: number for number, name in enumerate(fonts["file_hash"])})
    glyphs = glyphs.assign(order=order).sort_values(["order", "label"], ignore_index=True)
    glyphs["glyph_id"] = range(1, len(glyphs) + 1)
    return GlyphTables(
        fonts[list(FONT_COLUMNS)], glyphs[list(GLYPH_COLUMNS)], _descriptions(glyphs), audit_table(audit)
    )


def _read_fonts(connection: sqlite3.Connection, path: Path) -> pd.DataFrame:
    found = _checked_columns(connection, path, "fonts", ())
    fonts = _select(connection, "fonts", [name for name in FONT_COLUMNS if name in found])
    for name in ("file_hash", "upem"):
        if fonts[name].isna().any():
            raise InputError(
                f"{path}: table 'fonts': column '{name}' is empty in {int(fonts[name].isna().sum())} row(s)"
            )
    if fonts["file_hash"].duplicated().any():
        repeated = fonts.loc[fonts["file_hash"].duplicated(), "file_hash"].iloc[0]
        raise InputError(f"{path}: table 'fonts': file_hash {repeated!r} stands twice")
    if not (fonts["upem"] > 0).all():
        worst = fonts.loc[~(fonts["upem"] > 0)].iloc[0]
        raise InputError(f"{path}: table 'fonts': upem {worst['upem']} of {worst['file_hash']!r} is not above 0")
    for name in METRICS:
        fonts[name] = _integers(fonts, name)
    no_height = fonts["ascent"] == fonts["descent"]
    for name in ("ascent", "descent"):
        fonts[name] = fonts[name].mask(no_height, fonts[f"typo_{name}"])
    for name in OPTIONAL_TEXTS["fonts"]:
        fonts[name] = _texts(fonts, name, fonts["file_hash"] if name == "family" else "")
    return fonts


def _read_glyphs(connection: sqlite3.Connection, path: Path) -> pd.DataFrame:
    key = "glyph_id" if "glyph_id" in table_columns(connection, "glyphs") else "id"
    found = _checked_columns(connection, path, "glyphs", (key,))
    optional = (*OPTIONAL_TEXTS["glyphs"], *BEARINGS)
    names = ["f_id", "label", "contours", *(name for name in optional if name in found)]
    glyphs = _select(connection, "glyphs", [f"{key} AS glyph_id", *names], order=key)
    for name in BEARINGS:
        glyphs[name] = _integers(glyphs, name) if name in found else None
    glyphs["alt_label"] = _texts(glyphs, "alt_label", glyphs["label"])
    said = [label_facts(_text(label)) for label in glyphs["label"]]
    by_label = pd.DataFrame(said, columns=list(LabelFacts._fields), index=glyphs.index)
    for name in ("joining_group", "code_points"):
        glyphs[name] = _texts(glyphs, name, by_label[name])
    for name, known in (("form", FORMS), ("char_class", CHAR_CLASSES)):
        glyphs[name] = glyphs[name].where(glyphs[name].isin(known), by_label[name]) if name in found else by_label[name]
    return glyphs


def _usable(glyphs: pd.DataFrame, known_fonts: set[str]) -> tuple[pd.DataFrame, list[AuditRow]]:
    """Rows that can be used, contours in canonical form, and the audit of the others."""
    seen: set[tuple[str, str]] = set()
    kept: list[int] = []
    contours: list[str] = []
    audit: list[AuditRow] = []
    texts = (map(_text, glyphs[name]) for name in ("f_id", "label", "contours"))
    columns = zip(glyphs["glyph_id"], *texts, strict=True)
    for row, (glyph_id, font, label, text) in enumerate(tqdm(columns, total=len(glyphs), desc="reading glyphs.db")):
        reason, detail = _fault(font, label, text, known_fonts, seen)
        if not reason:
            try:
                contours.append(format_contours(parse_contours(text)))
            except ContourError as error:
                reason, detail = "contours do not parse", str(error)
        if reason:
            audit.append(("database", reason, font, label, f"glyph_id {glyph_id}: {detail}"))
            continue
        seen.add((font, label))
        kept.append(row)
    return glyphs.iloc[kept].assign(contours=contours), audit


def _text(value: Any) -> str:
    """A column's text; an empty field, however pandas shows it, is an empty text."""
    return value if isinstance(value, str) else ""


def _fault(font: str, label: str, text: str, known_fonts: set[str], seen: set[tuple[str, str]]) -> tuple[str, str]:
    if font not in known_fonts:
        return "orphan", f"no font {font!r} in table 'fonts'"
    if not label:
        return "no label", "label is empty"
    if not text:
        return "no contours", "contours are empty"
    if (font, label) in seen:
        return LABEL_REPEATED, "the font has this label already"
    return "", ""


def _checked_columns(connection: sqlite3.Connection, path: Path, table: str, keys: Sequence[str]) -> list[str]:
    """Names of the columns, after the required ones were found and every typed one holds its type."""
    require_columns(connection, path, table, [*keys, *REQUIRED[table]])
    found = table_columns(connection, table)
    optional = dict.fromkeys(OPTIONAL_NUMBERS[table], NUMBER) | dict.fromkeys(OPTIONAL_TEXTS[table], TEXT)
    typed = optional | REQUIRED[table] | dict.fromkeys(keys, ("integer",))
    for name, types in typed.items():
        if name not in found:
            continue
        allowed = ", ".join(f"'{kind}'" for kind in (*types, "null"))
        wrong = connection.execute(
            f'SELECT count(*), min(rowid), typeof("{name}") FROM {table} WHERE typeof("{name}") NOT IN ({allowed})'
        ).fetchone()
        if wrong[0]:
            raise InputError(
                f"{path}: table '{table}': column '{name}' holds {wrong[2]} in {wrong[0]} row(s), first at rowid "
                f"{wrong[1]}; expected {' or '.join(types)}"
            )
    return found


def _select(connection: sqlite3.Connection, table: str, columns: Sequence[str], order: str = "rowid") -> pd.DataFrame:
    return pd.read_sql_query(f"SELECT {', '.join(columns)} FROM {table} ORDER BY {order}", connection)


def _integers(frame: pd.DataFrame, name: str) -> pd.Series:
    """A column as whole numbers, 0 where it is missing or empty."""
    if name not in frame:
        return pd.Series(0, index=frame.index)
    return pd.to_numeric(frame[name]).fillna(0).round().astype("int64")


def _texts(frame: pd.DataFrame, name: str, default: "str | pd.Series[str]") -> "pd.Series[str]":
    """A column of texts, the default where it is missing or empty."""
    if name not in frame:
        return pd.Series(default, index=frame.index)
    return frame[name].where(frame[name].notna() & (frame[name] != ""), default)


def _descriptions(glyphs: pd.DataFrame) -> dict[str, dict[str, object]]:
    """By label; a raw label is a member where it belongs to one label only and is none itself."""
    first = glyphs.drop_duplicates("label").set_index("label").sort_index()
    owners = glyphs.groupby("alt_label")["label"].nunique()
    own = set(owners.index[owners == 1]) - set(first.index)
    members = {label: own.intersection(names) for label, names in glyphs.groupby("label")["alt_label"]}
    return {
        label: {
            "code_points": code_points.split(),
            "form": form,
            "char_class": char_class,
            "members": sorted({label, *members[label]}),
            "lookalikes": [],
        }
        for label, code_points, form, char_class in zip(
            first.index.tolist(), first["code_points"], first["form"], first["char_class"], strict=True
        )
    }
