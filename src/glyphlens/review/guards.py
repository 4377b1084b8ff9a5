"""By how much guarded metrics may get worse: the section `compare` of params.yaml, and what goes beyond it.

Of two revisions the stricter limit counts, so a change that loosens or drops a limit is still judged by the old one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import Field, ValidationError

from glyphlens.core.errors import ParamsError
from glyphlens.core.params import Section
from glyphlens.review.metrics import MetricChange, better_sign, is_number
from glyphlens.review.snapshot import PARAMS, Snapshot
from glyphlens.review.tables import number

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
