"""Two revisions compared: the page for a pull request, the verdict first, and what guarded metrics are lost."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from glyphlens.review.guards import SECTION, Breach, Limits, breaches, limits_of, strictest
from glyphlens.review.metrics import MetricChange, is_number, metric_changes
from glyphlens.review.parts import (
    chart_part,
    exports_part,
    gates_part,
    metrics_part,
    new_metrics_part,
    params_part,
    stages_part,
)
from glyphlens.review.snapshot import Snapshot
from glyphlens.review.tables import capped, code, number, page


@dataclass(frozen=True)
class Comparison:
    """The page in Markdown, and what is beyond its limits."""

    text: str
    breaches: list[Breach]


def compare(before: Snapshot, after: Snapshot) -> Comparison:
    """Compare two revisions; raises ParamsError where the limits that one sets cannot be used."""
    changes = metric_changes(before.metrics, after.metrics)
    old, new = limits_of(before), limits_of(after)
    broken = breaches(strictest(old, new), changes)
    notes = [f"- {code(breach.file)} **{breach.metric}** {breach.reason}" for breach in broken]
    notes += _no_numbers(changes, {(breach.file, breach.metric) for breach in broken})
    if SECTION in before.params:
        notes += _moved_limits(old, new)
    heading = [_verdict(broken, changes, len({**old, **new})), f"`{before.name}` → `{after.name}`", capped(notes)]
    parts = (
        chart_part(changes),
        metrics_part(changes, {(breach.file, breach.metric) for breach in broken}),
        new_metrics_part(changes),
        gates_part(changes),
        exports_part(before.exports, after.exports),
        params_part(before.params, after.params),
        stages_part(before.stages, after.stages),
    )
    return Comparison(page("\n\n".join(filter(None, heading)), filter(None, parts)), broken)


def _verdict(broken: Sequence[Breach], changes: Sequence[MetricChange], limits: int) -> str:
    gains = [change.gain for change in changes if change.gain]
    better = sum(gain > 0 for gain in gains)
    counts = f"{better} better, {len(gains) - better} worse, of {len(changes)} metrics"
    if broken:
        return f"❌ **Guarded metrics beyond their limits: {len(broken)}** · {counts}"
    return f"✅ **Limits kept: {limits}** · {counts}" if limits else f"**No metric is guarded** · {counts}"


def _no_numbers(changes: Sequence[MetricChange], named: Collection[tuple[str, str]]) -> Iterator[str]:
    """A line for every metric that is NaN or infinite now and is not ``named`` yet."""
    for change in changes:
        if change.after is not None and not is_number(change.after) and (change.file, change.name) not in named:
            yield f"- ⚠️ {code(change.file)} **{change.name}** is no number: {number(change.after)}"


def _moved_limits(old: Limits, new: Limits) -> Iterator[str]:
    """A line for every limit that this change sets otherwise."""
    for key in {**old, **new}:
        if old.get(key) != new.get(key):
            pattern, metric = key
            was, becomes = (f"{limits[key]:g}" if key in limits else "none" for limits in (old, new))
            yield f"- ⚠️ moves the limit of {code(pattern)} **{metric}**: {was} → {becomes}; the stricter counts"
