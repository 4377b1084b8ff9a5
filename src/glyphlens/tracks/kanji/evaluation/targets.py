"""What the kanji track is held against: targets, and whether the comparison meets them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
from pydantic import NonNegativeFloat

from glyphlens.core.metric_names import bound_sign, meets_target
from glyphlens.core.params import Section
from glyphlens.tracks.kanji.evaluation.scores import by_name

COMPACT, QUANTISED = "hiercode", "_qat"  # the recogniser that has to be small; ending of those trained for int8
MEANINGS = {
    "best_top1": "the best recogniser, chosen on validation, names unseen writing right at the first guess",
    "hiercode_mb": "size of HierCode's int8 file",
    "hiercode_gap": "HierCode's int8 file below the best",
    "int8_loss": "what the worst of the int8 files on offer loses against its fp32 file",
    "qat_loss": "the quantisation-aware int8 file below the fp32 file of the same network",
}


class KanjiTargets(Section):
    """Limits by the keys of MEANINGS: ``best_top1`` at least, the others at most; shares, but for megabytes."""

    best_top1: NonNegativeFloat
    hiercode_mb: NonNegativeFloat
    hiercode_gap: NonNegativeFloat
    int8_loss: NonNegativeFloat
    qat_loss: NonNegativeFloat


@dataclass(frozen=True)
class Target:
    """One line of the verdict; ``value`` and ``is_met`` are None where nothing was there to measure."""

    name: str
    meaning: str
    value: float | None
    limit: float

    @property
    def bound(self) -> Literal["≥", "≤"]:
        """How a value relates to the limit that it keeps to."""
        return bound_sign(self.name)

    @property
    def is_met(self) -> bool | None:
        """Whether the value keeps to the limit."""
        return None if self.value is None else meets_target(self.name, self.value, self.limit)


def verdicts(table: pd.DataFrame, best: str, limits: KanjiTargets) -> list[Target]:
    """Every target with what ``scores.comparison`` has for it."""
    values = measured_values(table, best)
    return [Target(name, meaning, values.get(name), getattr(limits, name)) for name, meaning in MEANINGS.items()]


def measured_values(table: pd.DataFrame, best: str) -> dict[str, float]:
    """The values that targets are about, on the test; what was not exported has none."""
    rows = by_name(table)
    values: dict[str, float] = {"best_top1": rows[best]["test_top1"]}
    if COMPACT in rows:
        values["hiercode_mb"] = rows[COMPACT]["int8_mb"]
        values["hiercode_gap"] = values["best_top1"] - rows[COMPACT]["int8_top1"]
    losses = [row["int8_loss"] for row in rows.values() if row["int8_offered"]]
    if losses:
        values["int8_loss"] = max(losses)
    below = [_below_its_start(rows, name) for name in rows if name.endswith(QUANTISED)]
    if below:
        values["qat_loss"] = max(below)
    return values


def _below_its_start(rows: Mapping[str, Mapping[str, Any]], name: str) -> float:
    """fp32 of the network that quantisation-aware training began with (its own where that is absent) less int8."""
    start = name.removesuffix(QUANTISED)
    return float(rows[start if start in rows else name]["test_top1"] - rows[name]["int8_top1"])
