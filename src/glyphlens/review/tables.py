"""Markdown that GitHub shows whole: tables, folded parts, and a page that stays below the length of a comment."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

# GitHub takes comments of at most 65,536 characters; counted in bytes here, with room for a heading.
MOST_BYTES = 64_000
MOST_ROWS = 100
ABSENT_CELL = "–"
MOST_CHARACTERS = 160


@dataclass(frozen=True)
class Part:
    """A piece of the page under a heading of its own, folded where nobody needs it at once."""

    title: str
    body: str
    is_open: bool = True

    def __str__(self) -> str:
        """As Markdown with the HTML that folds it."""
        return f"<details{' open' if self.is_open else ''}><summary>{self.title}</summary>\n\n{self.body}\n\n</details>"


def table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table in which columns of numbers stand right."""
    rule = ["---:" if _is_numeric(column) else "---" for column in zip(*rows, strict=True)]
    head, under, *lines = (f"| {' | '.join(cells)} |" for cells in (heading, rule, *rows))
    return f"{head}\n{under}\n{capped(lines)}"


def capped(lines: Sequence[str]) -> str:
    """The lines; of very many the first, and how many more there are."""
    hidden = len(lines) - MOST_ROWS
    return "\n".join(lines[:MOST_ROWS]) + (f"\n\n… and {hidden} more" if hidden > 0 else "")


def code(content: Any) -> str:
    """A value as it is written, in a code span that fits into a cell of a table."""
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    text = " ".join(text.split()).replace("`", "'")
    short = text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"
    return f"`{short}`".replace("|", "\\|")


def some(names: Iterable[str], shown: int = 3) -> str:
    """The first few names and how many more there are."""
    listed = list(names)
    more = f" and {len(listed) - shown} more" if len(listed) > shown else ""
    return ", ".join(map(code, listed[:shown])) + more


def number(value: float | None, *, signed: bool = False) -> str:
    """A count with its thousands, a fraction with four digits; a dash where there is none."""
    if value is None:
        return ABSENT_CELL
    sign = "+" if signed else ""
    return f"{value:{sign},}" if isinstance(value, int) else f"{value:{sign},.4f}"


def page(heading: str, parts: Iterable[Part], most_bytes: int = MOST_BYTES) -> str:
    """Heading and parts; a part that would make it too long is left out, and its title says so."""
    text = heading
    for part in parts:
        left_out = f"{part.title}: left out here, too long for a comment; run `glyphlens compare` for yourself"
        longer = f"{text}\n\n{part}"
        text = longer if len(longer.encode()) <= most_bytes else f"{text}\n\n{left_out}"
    return f"{text}\n"


def _is_numeric(column: Sequence[str]) -> bool:
    filled = [cell for cell in column if cell != ABSENT_CELL]
    return bool(filled) and all(re.match(r"[+-]?(\d|nan|inf)", cell) for cell in filled)
