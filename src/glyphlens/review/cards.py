"""Sizes of the exported files, from the table of a committed model card, and what was timed, from timings.json."""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from glyphlens.tracking.timings import LATENCY, SECONDS, timings_in

FIRST_HEADING = "file"
NUMBER = re.compile(r"\d+(?:\.\d+)?")


def card_numbers(card: str) -> dict[str, dict[str, float]]:
    """Numbers of a card's table of files, by file and column (``MB``; in older cards latencies too); {} without one."""
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


def timing_numbers(content: Mapping[str, Any], where: str) -> dict[str, dict[str, float]]:
    """By stage, ``seconds`` of trainings and ``int8 ms, batch 64`` of files; raises InputError for another form."""
    found: dict[str, dict[str, float]] = {}
    for stage, entry in timings_in(content, where).items():
        seconds = {SECONDS: entry[SECONDS]} if SECONDS in entry else {}
        files = entry.get(LATENCY, {}).items()
        times = {f"{kind} ms, batch {batch}": ms for kind, by_batch in files for batch, ms in by_batch.items()}
        found[stage] = {**seconds, **times}
    return found


def _rows(card: str) -> Iterator[list[str]]:
    for line in card.splitlines():
        yield [cell.strip() for cell in line.strip().strip("|").split("|")]
