"""Checks of trained networks: finite learning curves, and answers that have not collapsed to a few classes.

N scored rows
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.gates.check import SHOWN_ROWS, Checks, Outcome, Row, at_least, at_most, none_of


class TrainedData(Protocol):
    """What these checks look at; every mapping is by the name of a model."""

    @property
    def curves(self) -> Mapping[str, pd.DataFrame]:
        """Learning curves with the columns step, name and value."""

    @property
    def answers(self) -> Mapping[str, NDArray[Any]]:
        """(N,) class indices that the model gave to its rows."""

    @property
    def truth(self) -> Mapping[str, NDArray[Any]]:
        """(N,) true class indices of the same rows."""

    @property
    def labels(self) -> Sequence[str]:
        """The labels of the classes, in their order."""


class TrainedLimits(Protocol):
    """What these checks need of a gate's limits."""

    @property
    def min_distinct_share(self) -> float:
        """Of the classes that occur: how many a model names at least."""

    @property
    def max_commonest_share(self) -> float:
        """Of a model's answers: how many may be one and the same."""


CHECKS: Checks[TrainedData, TrainedLimits] = Checks()


@CHECKS.add("curves-finite")
def curves_finite(data: TrainedData, limits: TrainedLimits) -> Outcome:
    """A loss that was not a number for a while leaves weights that nobody should trust."""
    rows: list[Row] = []
    for name, table in data.curves.items():
        bad = ~np.isfinite(table["value"].to_numpy(np.float64))
        rows += [{"model": name, **entry} for entry in table[bad].astype(str).to_dict("records")]
    return none_of(len(rows), "points of learning curves", rows[:SHOWN_ROWS])


@CHECKS.add("predictions-distinct")
def predictions_distinct(data: TrainedData, limits: TrainedLimits) -> Outcome:
    """A collapsed network knows a few classes: it must name most of those that occur."""
    named = {name: len(np.unique(found_N)) for name, found_N in data.answers.items()}
    known = {name: len(np.unique(data.truth[name])) for name in named}
    rows: list[Row] = [{"model": name, "named": count, "occurring": known[name]} for name, count in named.items()]
    message = "distinct predicted classes over occurring ones, the lowest of the models"
    lowest = min(count / known[name] for name, count in named.items())
    return at_least(lowest, limits.min_distinct_share, message, rows)


@CHECKS.add("predictions-commonest")
def predictions_commonest(data: TrainedData, limits: TrainedLimits) -> Outcome:
    """A collapsed network answers the same to everything."""
    rows: list[Row] = []
    for name, found_N in data.answers.items():
        counts = np.bincount(np.maximum(found_N, 0))
        first = int(counts.argmax())
        label = data.labels[first] if first < len(data.labels) else "?"
        rows.append({"model": name, "label": label, "share": float(counts.max() / counts.sum())})
    share = max(float(row["share"]) for row in rows)
    return at_most(share, limits.max_commonest_share, "share of the commonest answer, highest of the models", rows)
