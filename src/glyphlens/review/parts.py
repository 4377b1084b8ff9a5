"""The parts of a comparison's page, each a table or a chart of what moved; a part without content is None."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from glyphlens.core.documents import ABSENT, differences
from glyphlens.review.charts import accuracy_chart
from glyphlens.review.locked import LockedStage
from glyphlens.review.metrics import MetricChange, is_number, metric_changes
from glyphlens.review.reruns import Rerun, reruns
from glyphlens.review.tables import ABSENT_CELL, Part, code, number, some, table

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
