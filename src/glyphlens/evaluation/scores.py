"""Accuracies, F1, family scores and calibration error of class scores, in plain numpy.

N samples · C classes. ``scores_NC`` is anything that ranks classes (logits or probabilities), ``classes_N`` the
true class indices, ``predicted_N`` the guessed ones. Means over no sample at all are NaN, which a report prints
as n/a; a NaN *score* is an error, since no rank follows from it.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.evaluation.calibration import calibration_error, reliability_bins

Ints = NDArray[np.integer[Any]]
Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]


class F1(NamedTuple):
    """F1 averaged over the classes that occur in the truth, evenly (macro) or by their share (weighted)."""

    macro: float
    weighted: float


class FamilySummary(NamedTuple):
    """Accuracy over families: mean, standard deviation (of the population), and the family that fares worst."""

    mean: float
    spread: float
    worst: float
    worst_family: str


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


def top_k_hits(scores_NC: Floats, classes_N: Ints, k: int) -> Bools:
    """(N,) whether the true class is among the ``k`` best; raises InputError as ``check_scores`` does."""
    return true_ranks(scores_NC, classes_N) < k


def top_k_accuracy(scores_NC: Floats, classes_N: Ints, k: int) -> float:
    """Share of samples whose true class is among the ``k`` best; NaN for no sample."""
    return mean(top_k_hits(scores_NC, classes_N, k))


def shape_hits(predicted_N: Ints, classes_N: Ints, shape_class_C: Ints) -> Bools:
    """(N,) whether prediction and truth belong to one shape class (``SampleSet.shape_class``)."""
    return np.asarray(shape_class_C[predicted_N] == shape_class_C[classes_N], dtype=np.bool_)


def shape_top1(scores_NC: Floats, classes_N: Ints, shape_class_C: Ints) -> float:
    """Accuracy where classes drawn alike in most fonts count as one; never below top-1."""
    check_scores(scores_NC, classes_N)
    return mean(shape_hits(scores_NC.argmax(axis=1), classes_N, shape_class_C))


def f1_per_class(predicted_N: Ints, classes_N: Ints, classes: int) -> pd.DataFrame:
    """One row a class: class_index, samples, predicted (counts), hits, f1 (NaN where the class is absent)."""
    samples = np.bincount(classes_N, minlength=classes)
    guesses = np.bincount(predicted_N, minlength=classes)
    hits = np.bincount(classes_N[predicted_N == classes_N], minlength=classes)
    f1 = np.full(classes, np.nan)
    np.divide(2.0 * hits, samples + guesses, out=f1, where=samples > 0)
    return pd.DataFrame(
        {"class_index": np.arange(classes), "samples": samples, "predicted": guesses, "hits": hits, "f1": f1}
    )


def f1_scores(predicted_N: Ints, classes_N: Ints) -> F1:
    """Macro and weighted F1 over the classes present in the truth.

    A class that is absent from the test cannot be scored; guessing it still costs the true class its recall.
    The same as scikit-learn's ``f1_score`` with ``labels`` set to the classes present.
    """
    if not len(classes_N):
        return F1(float("nan"), float("nan"))
    table = f1_per_class(predicted_N, classes_N, int(max(predicted_N.max(), classes_N.max())) + 1)
    present = table[table["samples"] > 0]
    return F1(float(present["f1"].mean()), float(np.average(present["f1"], weights=present["samples"])))


def macro_f1(predicted_N: Ints, classes_N: Ints) -> float:
    """F1 averaged evenly over the classes present in the truth."""
    return f1_scores(predicted_N, classes_N).macro


def weighted_f1(predicted_N: Ints, classes_N: Ints) -> float:
    """F1 averaged over the classes present in the truth, by their number of samples."""
    return f1_scores(predicted_N, classes_N).weighted


def family_scores(hits_N: Bools, groups_N: "Sequence[str] | pd.Series[str]") -> pd.DataFrame:
    """One row a family, sorted by name: group, samples, accuracy."""
    table = pd.DataFrame({"group": np.asarray(groups_N, dtype=object), "hit": np.asarray(hits_N, dtype=float)})
    scores = table.groupby("group", sort=True)["hit"].agg(samples="size", accuracy="mean").reset_index()
    return scores.astype({"samples": np.int64, "accuracy": float})


def summarise_families(families: pd.DataFrame) -> FamilySummary:
    """Mean, spread and worst of a ``family_scores`` table; of equals the first by name is the worst."""
    if families.empty:
        raise InputError("no family to score: the split holds no sample")
    accuracy = families["accuracy"].to_numpy(float)
    worst = int(accuracy.argmin())
    return FamilySummary(
        float(accuracy.mean()), float(accuracy.std()), float(accuracy[worst]), str(families["group"].iloc[worst])
    )


def expected_calibration_error(probabilities_NC: Floats, classes_N: Ints, bins: int) -> float:
    """Mean distance between confidence and accuracy over ``bins`` bins of equal width (``calibration``).

    Confidence is the largest probability of a row. NaN for no sample; raises InputError for NaN or for a
    confidence outside 0 … 1.
    """
    check_scores(probabilities_NC, classes_N)
    hits_N = probabilities_NC.argmax(axis=1) == classes_N
    return calibration_error(reliability_bins(probabilities_NC.max(axis=1), hits_N, bins))


def mean(hits_N: Bools) -> float:
    """Share of hits; NaN for none."""
    return float(np.mean(hits_N)) if len(hits_N) else float("nan")
