"""Tables for a person to read on the terminal."""

import sys

import pandas as pd
from rich import box
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from glyphlens.commands.answers import Row, runners_up
from glyphlens.commands.check import SCORES

SURE, UNSURE = 0.9, 0.5
WIDTH_WITHOUT_TERMINAL = 160
WIDEST_LABEL = 40
GAP = 3  # characters between columns, borders included
SHOWN_RUNNERS_UP = 2


def console(*, stderr: bool = False) -> Console:
    """A console that does not squeeze tables when its output goes to a file or a pipe."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else WIDTH_WITHOUT_TERMINAL, highlight=False)


def answers_on_screen(table: pd.DataFrame, subject: str, title: str, width: int) -> Table:
    """One line a glyph: the column ``subject``, the answer, two runners-up, and what the font says where known.

    ``width`` characters are shared out here, by what the columns hold, which is much faster than leaving it to rich.
    """
    checked = "agrees" in table
    shown = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    needed = {name: _longest(table, name) for name in (subject, "label", "code_points", "form")}
    needed |= {"sure": 6}
    rest = max(0, width - sum(needed.values()) - (len(needed) + 1 + checked) * GAP)
    for name, characters in needed.items():
        justify: JustifyMethod = "right" if name == "sure" else "left"
        shown.add_column(name.replace("_", " "), width=characters, no_wrap=True, justify=justify)
    for name in ("or else", "expected")[: 1 + checked]:
        shown.add_column(name, width=max(len(name), rest // (1 + checked)), no_wrap=True)
    for row in table.to_dict("records"):
        shown.add_row(str(row[subject]), *_answer(row), *([_expected(row)] if checked else []))
    return shown


def agreement_on_screen(scores: pd.DataFrame) -> Table:
    """The table of ``--check``: shares as percentages, and how many expected labels the model has no class for."""
    shown = Table(box=box.SIMPLE_HEAD, title="Agreement with the fonts' own cmap", title_justify="left", pad_edge=False)
    for name in ("slice", "glyphs", "top-1", "same shape", "top-5", "not a class"):
        shown.add_column(name, justify="left" if name == "slice" else "right")
    for row in scores.to_dict("records"):
        shares = (f"{row[name]:.1%}" if row["glyphs"] else "–" for name in SCORES)
        shown.add_row(row["slice"], str(row["glyphs"]), *shares, str(row["unknown"]))
    return shown


def _longest(table: pd.DataFrame, name: str) -> int:
    """Characters of a column's longest value, within limits; a fault stands in the place of a label."""
    lengths = table[name].astype(str).str.len()
    if name == "label":
        lengths = lengths.clip(lower=table["fault"].str.len() + 2)
    return int(min(max(lengths.max(), len(name)), WIDEST_LABEL))


def _answer(row: Row) -> list[str | Text]:
    if row["fault"]:
        return [Text(f"– {row['fault']}", style="dim"), "", "", "", ""]
    others = "  ".join(f"{label} {confidence:.1%}" for label, confidence in runners_up(row)[:SHOWN_RUNNERS_UP])
    style = "green" if row["confidence"] >= SURE else "yellow" if row["confidence"] >= UNSURE else "red"
    confidence = Text(f"{row['confidence']:.1%}", style=style)
    return [row["label"], row["code_points"], row["form"], confidence, Text(others, style="dim")]


def _expected(row: Row) -> Text:
    """What the font's cmap leads to, marked where the answer is another."""
    return Text(row["expected"], style="bold red" if row["agrees"] == "no" else "dim")
