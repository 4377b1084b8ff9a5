"""Two revisions compared: the page for a pull request, the verdict first, and what guarded metrics are lost.

By how much a metric may get worse is said in the section `compare` of params.yaml. Of two revisions the stricter limit
counts, so a change that loosens or drops a limit is still judged by the old one.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import Field, ValidationError

from glyphlens.core.errors import ParamsError
from glyphlens.core.metric_names import better_sign
from glyphlens.core.params import Section
from glyphlens.review.metrics import MetricChange, is_number, metric_changes
from glyphlens.review.parts import (
    capped,
    chart_part,
    code,
    exports_part,
    gates_part,
    metrics_part,
    new_metrics_part,
    number,
    page,
    params_part,
    stages_part,
)
from glyphlens.review.snapshot import PARAMS, Snapshot

SECTION = "compare"
# (pattern of metrics files, metric) → the most that it may get worse by
Limits = dict[tuple[str, str], float]


class CompareParams(Section):
    """Limits by metrics file (``*`` stands for anything) and metric, in the metric's own unit."""

    guarded: dict[str, dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]]]


@dataclass(frozen=True)
class Breach:
    """A guarded metric that got worse by more than its limit, is gone or is no number."""

    file: str
    metric: str
    reason: str


def limits_of(side: Snapshot) -> Limits:
    """The limits that a revision sets; none where it has no section `compare`. Raises ParamsError on a wrong one."""
    if SECTION not in side.params:
        return {}
    where = f"{side.name}:{PARAMS}: {SECTION}"
    try:
        guarded = CompareParams.model_validate(side.params[SECTION]).guarded
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(map(str, fault["loc"]))
        raise ParamsError(f"{where}.{place}: {fault['msg']} (found {fault['input']!r})") from error
    for pattern, metrics in guarded.items():
        for metric in metrics:
            if better_sign(metric) is None:
                raise ParamsError(f"{where}.guarded: {pattern}: '{metric}' has no known better or worse to guard")
    return {(pattern, metric): limit for pattern, metrics in guarded.items() for metric, limit in metrics.items()}


def strictest(before: Limits, after: Limits) -> Limits:
    """Every limit of either side, the smaller one where both set it."""
    return {key: min(limits[key] for limits in (before, after) if key in limits) for key in {**before, **after}}


def breaches(limits: Limits, changes: Sequence[MetricChange]) -> list[Breach]:
    """What is beyond a limit, gone, or guarded without being there at all; in the order of the limits."""
    found = []
    for (pattern, metric), limit in limits.items():
        guarded = [change for change in changes if change.name == metric and fnmatchcase(change.file, pattern)]
        if not guarded:
            found.append(Breach(pattern, metric, "is guarded, but no metrics file has it"))
        reasons = ((change, _reason(change, limit)) for change in guarded)
        found += [Breach(change.file, metric, reason) for change, reason in reasons if reason]
    return found


def _reason(change: MetricChange, limit: float) -> str | None:
    if change.after is None:
        return f"is gone (it was {change.before:g})"
    if not is_number(change.after):
        return f"is no number: {number(change.after)} (it was {number(change.before)})"
    if change.gain is None or -change.gain <= limit:
        return None
    return f"got worse by {-change.gain:g}, from {change.before:g} to {change.after:g}; the limit is {limit:g}"


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
