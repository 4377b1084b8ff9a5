"""Scores: what an outcome table comes to, as one number and by the parts of a test.

N samples · C classes. An outcome table has one row per scored sample (``outcomes.guess_table``): ``class_index`` (the
truth), ``predicted``, ``confidence``, ``group``, and a column of booleans for each way of calling an answer right, such
as ``top1`` or ``shape_top1``. ``scores_NC`` is anything that ranks classes (logits or probabilities). Means over no
sample at all are NaN, which a report prints as n/a; a NaN among ``scores_NC`` is an error: no rank follows from it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.core.metric_names import bound_sign, meets_target
from glyphlens.evaluation.calibration import calibration_error, reliability_bins

Ints = NDArray[np.integer[Any]]
Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]


# ── one number of an outcome table ───────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Score:
    """A number of an outcome table, under the name that it has among the metrics, which says which way is better."""

    name: str
    of: Callable[[pd.DataFrame], float]

    @property
    def bound(self) -> Literal["≥", "≤"]:
        """How a value relates to a target that it meets."""
        return bound_sign(self.name)

    def meets(self, value: float, target: float) -> bool:
        """Whether a value is as good as the target or better; NaN never is."""
        return meets_target(self.name, value, target)


def accuracy(column: str, name: str = "") -> Score:
    """Share of the rows that a column of booleans calls right, under the column's name or another."""
    return Score(name or column, lambda outcomes: mean(outcomes[column].to_numpy(bool)))


def ece(bins: int) -> Score:
    """Expected calibration error of ``confidence`` over ``bins`` bins of equal width."""
    return Score("ece", lambda outcomes: calibration_error(reliability_table(outcomes, bins)))


def worst_group(name: str) -> Score:
    """``top1`` of the group that fares worst."""
    return Score(name, lambda outcomes: summarise_groups(part_scores(outcomes, "group", ["top1"])).worst)


MACRO_F1 = Score("macro_f1", lambda outcomes: macro_f1(*_guesses(outcomes)))
WEIGHTED_F1 = Score("weighted_f1", lambda outcomes: _f1(*_guesses(outcomes), "weighted"))


def mean(hits_N: Bools) -> float:
    """Share of hits; NaN for none."""
    return float(np.mean(hits_N)) if len(hits_N) else float("nan")


def reliability_table(outcomes: pd.DataFrame, bins: int) -> pd.DataFrame:
    """``reliability_bins`` of an outcome table."""
    return reliability_bins(outcomes["confidence"].to_numpy(), outcomes["top1"].to_numpy(bool), bins)


def macro_f1(predicted_N: Ints, classes_N: Ints) -> float:
    """F1 averaged evenly over the classes present in the truth.

    A class that is absent from the test cannot be scored; guessing it still costs the true class its recall.
    """
    return _f1(predicted_N, classes_N, "macro")


def _f1(predicted_N: Ints, classes_N: Ints, average: Literal["macro", "weighted"]) -> float:
    from sklearn.metrics import f1_score

    if not len(classes_N):
        return float("nan")
    return float(f1_score(classes_N, predicted_N, labels=np.unique(classes_N), average=average, zero_division=0))


def _guesses(outcomes: pd.DataFrame) -> tuple[Ints, Ints]:
    return outcomes["predicted"].to_numpy(), outcomes["class_index"].to_numpy()


# ── the parts of a test ──────────────────────────────────────────────────────────────────────
class GroupSummary(NamedTuple):
    """Top-1 over groups: mean, standard deviation (of the population), and the group that fares worst."""

    mean: float
    spread: float
    worst: float
    worst_group: str


def part_scores(
    outcomes: pd.DataFrame, part: str, columns: Sequence[str], counted: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """One row per value of the column ``part``, in their order: part, samples, counts, and the mean of each column.

    ``counted``: name → column whose distinct values are counted, such as ``{"classes": "class_index"}``. A category
    without a row, where ``part`` is categorical, has no sample and NaN for every mean.
    """
    counts = {name: (column, "nunique") for name, column in (counted or {}).items()}
    means = {column: (column, "mean") for column in columns}
    parts = outcomes.groupby(part, sort=True, observed=False)
    return parts.agg(samples=(columns[0], "size"), **counts, **means).reset_index()


def in_slices(outcomes: pd.DataFrame, slices: "Mapping[str, pd.Series[bool]]") -> pd.DataFrame:
    """The rows of every slice, one slice after the other, with its name in the categorical column ``slice``.

    A row may be in several slices or in none; a slice without a row keeps its category. For ``part_scores``.
    """
    parts = [outcomes[members].assign(slice=name) for name, members in slices.items()]
    table = pd.concat(parts, ignore_index=True)
    return table.assign(slice=pd.Categorical(table["slice"], categories=list(slices)))


def summarise_groups(groups: pd.DataFrame) -> GroupSummary:
    """Mean, spread and worst ``top1`` of a ``part_scores`` table of groups; of equals the first by name is the worst.

    Raises InputError for no group.
    """
    if groups.empty:
        raise InputError("no group to score: the split holds no sample")
    top1 = groups["top1"].to_numpy(float)
    worst = int(top1.argmin())
    return GroupSummary(float(top1.mean()), float(top1.std()), float(top1[worst]), str(groups["group"].iloc[worst]))


def f1_per_class(predicted_N: Ints, classes_N: Ints, classes: int) -> pd.DataFrame:
    """One row per class: class_index, samples, predicted (counts), hits, f1 (NaN where the class is absent)."""
    samples = np.bincount(classes_N, minlength=classes)
    guesses = np.bincount(predicted_N, minlength=classes)
    hits = np.bincount(classes_N[predicted_N == classes_N], minlength=classes)
    f1 = np.full(classes, np.nan)
    np.divide(2.0 * hits, samples + guesses, out=f1, where=samples > 0)
    return pd.DataFrame(
        {"class_index": np.arange(classes), "samples": samples, "predicted": guesses, "hits": hits, "f1": f1}
    )


# ── from scores of classes to hits ───────────────────────────────────────────────────────────
def check_scores(scores_NC: Floats, classes_N: Ints) -> None:
    """Raise InputError where shapes disagree, a class index is out of range or a score is NaN; names the row."""
    if scores_NC.ndim != 2 or classes_N.shape != scores_NC.shape[:1]:
        raise InputError(f"scores {scores_NC.shape} and classes {classes_N.shape} do not fit (N, C) and (N,)")
    beyond = np.flatnonzero((classes_N < 0) | (classes_N >= scores_NC.shape[1]))
    if beyond.size:
        row = int(beyond[0])
        raise InputError(f"row {row}: class index {int(classes_N[row])} is outside 0 … {scores_NC.shape[1] - 1}")
    broken = np.flatnonzero(np.isnan(scores_NC).any(axis=1))
    if broken.size:
        raise InputError(
            f"row {int(broken[0])}: NaN among the scores ({broken.size} of {len(scores_NC)} rows); "
            "the model that made them is broken, train or export it again"
        )


def true_ranks(scores_NC: Floats, classes_N: Ints) -> NDArray[np.int64]:
    """(N,) rank of the true class, 0 for the best; of equal scores the smaller class index comes first."""
    check_scores(scores_NC, classes_N)
    own_N1 = np.take_along_axis(scores_NC, classes_N[:, None], axis=1)
    before_NC = np.arange(scores_NC.shape[1])[None, :] < classes_N[:, None]
    ahead_NC = (scores_NC > own_N1) | ((scores_NC == own_N1) & before_NC)
    ranks_N: NDArray[np.int64] = ahead_NC.sum(axis=1, dtype=np.int64)
    return ranks_N


def top_k_accuracy(scores_NC: Floats, classes_N: Ints, k: int) -> float:
    """Share of samples whose true class is among the ``k`` best; NaN for no sample."""
    return mean(true_ranks(scores_NC, classes_N) < k)


def shape_hits(predicted_N: Ints, classes_N: Ints, shape_class_C: Ints) -> Bools:
    """(N,), or what the two broadcast to: whether prediction and truth belong to one shape class
    (``SampleSet.shape_class``)."""
    return np.asarray(shape_class_C[predicted_N] == shape_class_C[classes_N], dtype=np.bool_)
