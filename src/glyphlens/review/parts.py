"""The page of a comparison in Markdown that GitHub shows whole: its tables, its chart, and the parts made of them.

A part without content is None.
"""

import json
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from glyphlens.core.documents import ABSENT, differences
from glyphlens.review.locked import LockedStage, Rerun, reruns
from glyphlens.review.metrics import MetricChange, is_number, metric_changes

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


CHARTED = "test_top1"
AXIS_STEPS = 20  # of the axis from 0 to 1
# Pale bars and a dark line show on GitHub's light and dark pages.
COLOURS = "config: {themeVariables: {xyChart: {plotColorPalette: '#9ecae9, #4a7ebb'}}}"


def accuracy_chart(changes: Sequence[MetricChange]) -> str | None:
    """CHARTED of every metrics file that has a number on both sides; None where nothing moved."""
    charted = [change for change in changes if change.name == CHARTED and change.change is not None]
    if not any(change.is_changed for change in charted):
        return None
    names = [change.source for change in charted]
    before = [change.before for change in charted if change.before is not None]
    after = [change.after for change in charted if change.after is not None]
    lowest = max(0, math.floor(min(before + after) * AXIS_STEPS) - 1) / AXIS_STEPS
    lines = (
        *("---", COLOURS, "---"),
        "xychart-beta horizontal",
        f'title "{CHARTED}: bars are now, the line is before"',
        f"x-axis {json.dumps(names)}",
        f"y-axis {lowest:.2f} --> 1",
        f"bar {after}",
        f"line {before}",
    )
    return "\n".join(("```mermaid", *lines, "```"))


GATES = "metrics/gates/"
NOISE_NOTE = "Times come from whichever machine ran the stage last: small differences mean nothing."
LONG = 12  # rows; a longer table is folded


def chart_part(changes: Sequence[MetricChange]) -> Part | None:
    """Accuracies as a picture."""
    chart = accuracy_chart(changes)
    return Part("Accuracy on the test samples", chart) if chart else None


def metrics_part(changes: Sequence[MetricChange], beyond: Collection[tuple[str, str]]) -> Part | None:
    """Metrics of the stages that moved; ``beyond``: file and name of those that are beyond their limit."""
    moved = [change for change in changes if change.is_on_both_sides and change.is_changed and not _is_of_gate(change)]
    rows = [[*_cells(change), _judgement(change, (change.file, change.name) in beyond)] for change in moved]
    heading = ("of", "metric", "before", "after", "change", "")
    return _part(f"Metrics that moved: {len(moved)}", heading, rows, is_open=True)


def new_metrics_part(changes: Sequence[MetricChange]) -> Part | None:
    """Metrics that only one side has, a line a file."""
    files: dict[tuple[str, str], list[str]] = {}
    for change in changes:
        if not change.is_on_both_sides and not _is_of_gate(change):
            new = change.before is None
            reading = f"{change.name} {number(change.after if new else change.before)}"
            files.setdefault((change.file, "new" if new else "gone"), []).append(reading)
    rows = [[code(file), state, ", ".join(readings)] for (file, state), readings in files.items()]
    return _part(f"Metrics files with new or lost metrics: {len(rows)}", ("file", "", "metrics"), rows)


def gates_part(changes: Sequence[MetricChange]) -> Part | None:
    """Counts of the gates' checks that moved."""
    gates = [change for change in changes if _is_of_gate(change)]
    rows = [[*_cells(change), _judgement(change)] for change in gates if change.is_changed]
    counts = (f"{_total(gates, outcome)} {outcome}" for outcome in ("passed", "warned", "failed"))
    title = f"Gates: {', '.join(counts)}; counts that moved: {len(rows)}"
    return _part(title, ("gate", "count", "before", "after", "change", ""), rows)


def exports_part(before: Mapping[str, Mapping[str, float]], after: Mapping[str, Mapping[str, float]]) -> Part | None:
    """Sizes of the released files, as their cards have them, and what was timed."""
    rows = [_cells(change) for change in metric_changes(before, after) if change.is_changed]
    part = _part(f"Sizes and times that moved: {len(rows)}", ("of", "", "before", "after", "change"), rows)
    return Part(part.title, f"{part.body}\n\n{NOISE_NOTE}", part.is_open) if part else None


def params_part(before: Mapping[str, Any], after: Mapping[str, Any]) -> Part | None:
    """Parameters that have another value, are new or are gone."""
    rows = [[code(found.key), _value(found.before), _value(found.after)] for found in differences(before, after)]
    return _part(f"Parameters that changed: {len(rows)}", ("parameter", "before", "after"), rows)


def stages_part(before: Mapping[str, LockedStage], after: Mapping[str, LockedStage]) -> Part | None:
    """Stages that ran, why, and what they wrote differently."""
    rows = [[code(rerun.stage), _causes(rerun), _outputs(rerun)] for rerun in reruns(before, after)]
    title = f"Stages that ran: {len(rows)} of {len(after)}"
    return _part(title, ("stage", "because of", "other outputs"), rows)


def _part(title: str, heading: Sequence[str], rows: Sequence[Sequence[str]], *, is_open: bool = False) -> Part | None:
    """A table that is folded where it is long and nobody asked for it."""
    return Part(title, table(heading, rows), is_open or len(rows) <= LONG) if rows else None


def _is_of_gate(change: MetricChange) -> bool:
    return change.file.startswith(GATES)


def _value(content: Any) -> str:
    return ABSENT_CELL if content is ABSENT else code(content)


def _cells(change: MetricChange) -> list[str]:
    numbers = number(change.before), number(change.after), number(change.change, signed=True)
    return [code(change.source), change.name, *numbers]


def _judgement(change: MetricChange, is_beyond: bool = False) -> str:
    if is_beyond:
        return "❌ beyond its limit"
    if not change.is_on_both_sides:
        return "new" if change.before is None else "gone"
    if not is_number(change.after):
        return "▼ no number"
    if not change.gain:
        return ""
    return "▲ better" if change.gain > 0 else "▼ worse"


def _total(gates: Sequence[MetricChange], outcome: str) -> float:
    return sum(change.after or 0 for change in gates if change.name == outcome)


def _causes(rerun: Rerun) -> str:
    named = (f"{cause}: {some(names)}" if names else cause for cause, names in rerun.causes.items())
    return "; ".join(named) or "nothing that it reads"


def _outputs(rerun: Rerun) -> str:
    return some(rerun.outs) if rerun.outs else "the same"
