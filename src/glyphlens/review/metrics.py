"""Metrics before and after, and whether a change is for the better."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeGuard

from glyphlens.core.metric_names import better_sign

# Metrics carry four digits; what differs only behind these is the same number.
DIGITS = 9


def is_number(value: float | None) -> TypeGuard[float]:
    """Whether there is a value and it is finite: what can be compared and drawn."""
    return value is not None and math.isfinite(value)


@dataclass(frozen=True)
class MetricChange:
    """A metric on both sides; None where it is not there."""

    file: str
    name: str
    before: float | None
    after: float | None

    @property
    def source(self) -> str:
        """The file as people call it: ``arabic/evaluate`` of metrics/arabic/evaluate.json."""
        return self.file.removeprefix("metrics/").removesuffix(".json")

    @property
    def is_on_both_sides(self) -> bool:
        """Whether both sides have it, if only as NaN."""
        return self.before is not None and self.after is not None

    @property
    def change(self) -> float | None:
        """After less before; None where a side has no number."""
        if not is_number(self.before) or not is_number(self.after):
            return None
        return round(self.after - self.before, DIGITS)

    @property
    def gain(self) -> float | None:
        """By how much it got better, negative: worse; None where that cannot be said."""
        sign = better_sign(self.name)
        return None if sign is None or self.change is None else sign * self.change

    @property
    def is_changed(self) -> bool:
        """Whether the two sides differ, also by having it or not; NaN is the same as NaN."""
        if self.change is not None:
            return self.change != 0
        return self.before != self.after and not (_is_nan(self.before) and _is_nan(self.after))


def _is_nan(value: float | None) -> bool:
    return value is not None and math.isnan(value)


def metric_changes(
    before: Mapping[str, Mapping[str, float]], after: Mapping[str, Mapping[str, float]]
) -> list[MetricChange]:
    """Every metric of either side, by file in order and by name as the files have them."""
    changes = []
    for file in sorted({*before, *after}):
        old, new = before.get(file, {}), after.get(file, {})
        changes += [MetricChange(file, name, old.get(name), new.get(name)) for name in {**old, **new}]
    return changes
