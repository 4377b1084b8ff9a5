"""Tables for a person to read on the terminal: what does not fit goes on in the next line, and nothing is cut off."""

import os
import sys
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from glyphlens.commands.answers import BETWEEN, Row, runners_up, same_shape
from glyphlens.commands.check import NO, OTHER_CODE_POINT, SCORES

SURE, UNSURE = 0.9, 0.5
WIDTH_WITHOUT_TERMINAL = 160
GAPS = (3, 1)  # characters between columns; the narrow one where the wide one leaves too little room
LEAST = 4  # characters of a folded column, as long as the keys allow it
LEAST_EXTRA = 12
SHOWN_RUNNERS_UP = 2
Cell = str | Text


class Column(NamedTuple):
    """A column's heading; a key is folded last, an extra is cut to what room the others leave, or left out."""

    name: str
    is_key: bool = False
    is_number: bool = False
    is_extra: bool = False


def console(*, stderr: bool = False) -> Console:
    """A console that does not squeeze tables when its output goes to a file or a pipe, and takes texts as they are."""
    stream = sys.stderr if stderr else sys.stdout
    is_measured = stream.isatty() or "COLUMNS" in os.environ
    width = None if is_measured else WIDTH_WITHOUT_TERMINAL
    return Console(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)


def fitted_table(title: str, columns: Sequence[Column], rows: Sequence[Sequence[Cell]], width: int) -> Table:
    """A table of at most ``width`` characters. The widths are shared out here, which is much faster than in rich."""
    needed = [
        max([cell_len(column.name), *(cell_len(str(row[place])) for row in rows)])
        for place, column in enumerate(columns)
    ]
    gap, widths = _shared_out(columns, needed, width)
    kept = [place for place, characters in enumerate(widths) if characters]
    shown = Table(
        box=box.SIMPLE_HEAD, title=Text(title, overflow="fold"), title_justify="left", pad_edge=False,
        padding=(0, 1) if gap == GAPS[0] else 0,
    )  # fmt: skip
    for place in kept:
        shown.add_column(
            columns[place].name,
            width=widths[place],
            justify="right" if columns[place].is_number else "left",
            overflow="ellipsis" if columns[place].is_extra else "fold",
            no_wrap=columns[place].is_extra or needed[place] <= widths[place],
        )
    for row in rows:
        shown.add_row(*(row[place] for place in kept))
    return shown


def answers_on_screen(table: pd.DataFrame, subject: str, title: str, width: int) -> Table:
    """One line a glyph: the column ``subject``, the font's name for it, the answer with all labels of its class, two
    runners-up, what the font says where known, and how a picture was seen where that is not sure."""
    checked, noted = "agrees" in table, "note" in table and bool(table["note"].any())
    named = "name" in table and bool((table["name"] != "").any())
    columns = [Column(subject, is_key=True), *([Column("name")] if named else [])]
    columns += [Column("label"), Column("code points"), Column("form")]
    columns.append(Column("sure", is_key=True, is_number=True))
    columns += [Column("expected")] if checked else []
    columns += [Column("note")] if noted else []
    columns.append(Column("or else", is_extra=True))
    rows: list[list[Cell]] = []
    for row in table.to_dict("records"):
        *answer, others = _answer(row)
        rows.append(
            [
                str(row[subject]),
                *([row["name"]] if named else []),
                *answer,
                *([_expected(row)] if checked else []),
                *([row["note"]] if noted else []),
                others,
            ]
        )
    return fitted_table(title, columns, rows, width)


def agreement_on_screen(scores: pd.DataFrame, width: int) -> Table:
    """The table of ``--check``: shares as percentages, and how many expected labels the model has no class for."""
    names = ("glyphs", "top-1", "code points", "same shape", "top-5", "not a class")
    columns = [Column("slice", is_key=True), *(Column(name, is_number=True) for name in names)]
    rows = []
    for row in scores.to_dict("records"):
        shares = (f"{row[name]:.1%}" if row["glyphs"] else "–" for name in SCORES)
        rows.append([row["slice"], str(row["glyphs"]), *shares, str(row["unknown"])])
    return fitted_table("Agreement with the fonts' own cmap", columns, rows, width)


def _shared_out(columns: Sequence[Column], needed: Sequence[int], width: int) -> tuple[int, list[int]]:
    """The gap between columns and the width of each: what is widest is folded first, keys last; 0 is left out."""
    plain = [place for place, column in enumerate(columns) if not column.is_extra]
    for gap in GAPS:
        room = width - 2 - gap * (len(plain) - 1)
        if sum(needed[place] for place in plain) <= room or gap == GAPS[-1]:
            break
    widths = _limited(
        [0 if column.is_extra else most for column, most in zip(columns, needed, strict=True)],
        [place for place in plain if not columns[place].is_key],
        room,
        LEAST,
    )
    widths = _limited(widths, plain, room, 1)
    left = room - sum(widths) - gap
    extras = (place for place, column in enumerate(columns) if column.is_extra)
    for place in extras:
        widths[place] = min(needed[place], left) if left >= LEAST_EXTRA else 0
    return gap, widths


def _limited(widths: list[int], foldable: Sequence[int], room: int, least: int) -> list[int]:
    """The widths, the foldable ones up to the largest common limit with which all fit, but at least ``least``."""
    cut = list(widths)
    for limit in range(max(widths), least - 1, -1):
        cut = [min(most, limit) if place in foldable else most for place, most in enumerate(widths)]
        if sum(cut) <= room:
            break
    return cut


def _answer(row: Row) -> list[Cell]:
    if row["fault"]:
        return [Text(f"– {row['fault']}", style="dim"), "", "", "", ""]
    others = "  ".join(
        f"{' '.join(filter(None, (label, codes)))} {confidence:.1%}"
        for label, codes, confidence in runners_up(row)[:SHOWN_RUNNERS_UP]
    )
    style = "green" if row["confidence"] >= SURE else "yellow" if row["confidence"] >= UNSURE else "red"
    confidence = Text(f"{row['confidence']:.1%}", style=style)
    labels, codes = zip((row["label"], row["code_points"]), *same_shape(row), strict=True)
    return [BETWEEN.join(labels), BETWEEN.join(codes), row["form"], confidence, Text(others, style="dim")]


def _expected(row: Row) -> Text:
    """What the font's cmap leads to, marked where the answer is another."""
    style = {NO: "bold red", OTHER_CODE_POINT: "bold yellow"}.get(row["agrees"], "dim")
    codes = f" {row['expected_code_points']}" if row["agrees"] == OTHER_CODE_POINT else ""
    return Text(f"{row['expected']}{codes}", style=style)
