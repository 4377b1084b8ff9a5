"""Sizes and latencies of the exported files, from the table of a committed model card."""

import re
from collections.abc import Iterator
from itertools import islice

FIRST_HEADING = "file"
NUMBER = re.compile(r"\d+(?:\.\d+)?")


def card_numbers(card: str) -> dict[str, dict[str, float]]:
    """Numbers of a card's table of files, by file and column (``MB``, ``ms a glyph, batch 1`` …); {} without one."""
    rows = _rows(card)
    heading = next((row for row in rows if row[0] == FIRST_HEADING), None)
    if heading is None:
        return {}
    found: dict[str, dict[str, float]] = {}
    for row in islice(rows, 1, None):  # behind the rule under the heading
        if len(row) != len(heading) or not row[0].startswith("`"):
            break
        cells = zip(heading[1:], row[1:], strict=True)
        found[row[0].strip("`")] = {name: float(cell) for name, cell in cells if NUMBER.fullmatch(cell)}
    return found


def _rows(card: str) -> Iterator[list[str]]:
    for line in card.splitlines():
        yield [cell.strip() for cell in line.strip().strip("|").split("|")]
