"""Scores agree with their definitions, with scikit-learn, and refuse what cannot be ranked."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import f1_score
from torchmetrics.functional.classification import multiclass_calibration_error

from glyphlens.core.errors import InputError
from glyphlens.evaluation.scores import (
    MACRO_F1,
    WEIGHTED_F1,
    accuracy,
    ece,
    f1_per_class,
    in_slices,
    macro_f1,
    part_scores,
    shape_hits,
    summarise_groups,
    top_k_accuracy,
    true_ranks,
    worst_group,
)

SCORES = np.array([[0.1, 0.7, 0.2], [0.5, 0.4, 0.1], [0.2, 0.3, 0.5]], dtype=np.float32)
CLASSES = np.array([1, 2, 1])
FAMILIES = pd.DataFrame(
    {
        "group": ["mada", "amiri", "amiri", "mada"],
        "class_index": [0, 0, 1, 2],
        "top1": [True, False, True, True],
        "confidence": [0.5, 0.25, 0.75, 1.0],
    }
)

scored = st.tuples(st.integers(1, 20), st.integers(2, 8)).flatmap(
    lambda shape: st.tuples(
        hnp.arrays(np.float64, shape, elements=st.integers(-3, 3).map(float)),
        hnp.arrays(np.int64, shape[0], elements=st.integers(0, shape[1] - 1)),
    )
)


def outcomes_of(predicted: np.ndarray, classes: np.ndarray, confidence: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {"predicted": predicted, "class_index": classes, "confidence": confidence, "top1": predicted == classes}
    )


# ── one number ───────────────────────────────────────────────────────────────────────────────
def test_a_score_has_its_name_and_its_better_way() -> None:
    top1, error = accuracy("top1", "test_top1"), ece(15)
    assert (top1.name, accuracy("top1").name, error.name) == ("test_top1", "top1", "ece")
    assert top1.of(FAMILIES) == 0.75
    assert (top1.bound, error.bound) == ("≥", "≤")
    assert top1.meets(0.8, 0.8) and not top1.meets(0.79, 0.8)
    assert error.meets(0.03, 0.03) and not error.meets(0.031, 0.03)
    assert not top1.meets(math.nan, 0.8) and not error.meets(math.nan, 0.8)


def test_the_worst_group_is_a_score() -> None:
    assert worst_group("worst_family_top1").of(FAMILIES) == 0.5


@given(scored)
@settings(deadline=None)
def test_f1_is_the_mean_of_the_classes_present(case: tuple[np.ndarray, np.ndarray]) -> None:
    scores, classes = case
    predicted = scores.argmax(axis=1)
    table = f1_per_class(predicted, classes, scores.shape[1])
    present = table[table["samples"] > 0]
    outcomes = outcomes_of(predicted, classes, np.ones(len(classes)))
    assert MACRO_F1.of(outcomes) == macro_f1(predicted, classes) == pytest.approx(present["f1"].mean())
    assert WEIGHTED_F1.of(outcomes) == pytest.approx(np.average(present["f1"], weights=present["samples"]))
    theirs = f1_score(classes, predicted, labels=present["class_index"], average=None, zero_division=0)
    assert present["f1"].tolist() == pytest.approx(theirs.tolist())


def test_a_class_absent_from_the_test_has_no_f1() -> None:
    table = f1_per_class(np.array([0, 3, 2]), np.array([0, 0, 2]), classes=5)
    assert np.isnan(table["f1"]).tolist() == [False, True, False, True, True]
    assert table["predicted"].tolist() == [1, 0, 1, 1, 0]
    assert macro_f1(np.array([0, 3, 2]), np.array([0, 0, 2])) == pytest.approx((2 / 3 + 1) / 2)


def test_calibration_error_by_hand() -> None:
    # two bins of two: |.5 − .9| and |1 − .6|
    outcomes = outcomes_of(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), np.array([0.9, 0.9, 0.6, 0.6]))
    assert ece(10).of(outcomes) == pytest.approx(0.4)


@pytest.mark.parametrize("bins", [1, 7, 15])
def test_calibration_error_is_that_of_torchmetrics(bins: int) -> None:
    rng = np.random.default_rng(bins)
    probabilities, classes = rng.dirichlet(np.ones(4) / 3, 500).astype(np.float32), rng.integers(0, 4, 500)
    outcomes = outcomes_of(probabilities.argmax(axis=1), classes, probabilities.max(axis=1))
    theirs = multiclass_calibration_error(torch.from_numpy(probabilities), torch.from_numpy(classes), 4, bins)
    assert ece(bins).of(outcomes) == pytest.approx(float(theirs), abs=1e-6)


def test_a_calibrated_model_has_a_small_calibration_error() -> None:
    rng = np.random.default_rng(1)
    sure = rng.uniform(0.5, 1, 20_000)
    classes = (rng.random(20_000) > sure).astype(int)
    assert ece(15).of(outcomes_of(np.zeros(20_000, int), classes, sure)) < 0.02


def test_no_sample_gives_nan() -> None:
    nothing, none = np.zeros((0, 3)), np.zeros(0, dtype=int)
    empty = outcomes_of(none, none, np.zeros(0))
    values = [top_k_accuracy(nothing, none, 1), *(score.of(empty) for score in (accuracy("top1"), MACRO_F1, ece(5)))]
    assert all(math.isnan(value) for value in values)


# ── the parts of a test ──────────────────────────────────────────────────────────────────────
def test_parts_are_sorted_and_counted() -> None:
    table = part_scores(FAMILIES, "group", ["top1", "confidence"], {"classes": "class_index"})
    assert table.to_dict("list") == {
        "group": ["amiri", "mada"],
        "samples": [2, 2],
        "classes": [2, 2],
        "top1": [0.5, 1.0],
        "confidence": [0.5, 0.75],
    }
    assert summarise_groups(table) == (0.75, 0.25, 0.5, "amiri")


def test_slices_overlap_and_an_empty_one_keeps_its_row() -> None:
    everything = pd.Series(True, index=FAMILIES.index)
    parts = in_slices(FAMILIES, {"whole": everything, "none": ~everything, "amiri": FAMILIES["group"] == "amiri"})
    table = part_scores(parts, "slice", ["top1"])
    assert table["slice"].tolist() == ["whole", "none", "amiri"]
    assert table["samples"].tolist() == [4, 0, 2]
    assert table["top1"].tolist() == pytest.approx([0.75, math.nan, 0.5], nan_ok=True)


def test_one_group_has_no_spread_and_none_is_an_error() -> None:
    groups = part_scores(FAMILIES, "group", ["top1"])
    assert summarise_groups(groups[:1]) == (0.5, 0.0, 0.5, "amiri")
    with pytest.raises(InputError, match="no group"):
        summarise_groups(groups[:0])


# ── from scores of classes to hits ───────────────────────────────────────────────────────────
def test_top_k_by_hand() -> None:
    assert true_ranks(SCORES, CLASSES).tolist() == [0, 2, 1]
    assert [top_k_accuracy(SCORES, CLASSES, k) for k in (1, 2, 3)] == pytest.approx([1 / 3, 2 / 3, 1])


@given(scored)
@settings(deadline=None)
def test_ranks_are_those_of_a_stable_sort_even_with_ties(case: tuple[np.ndarray, np.ndarray]) -> None:
    scores, classes = case
    order = np.argsort(-scores, axis=1, kind="stable")
    assert np.take_along_axis(order, true_ranks(scores, classes)[:, None], axis=1)[:, 0].tolist() == classes.tolist()
    assert top_k_accuracy(scores, classes, 1) == np.mean(scores.argmax(axis=1) == classes)


@given(scored, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_scores_do_not_see_the_order_of_samples(case: tuple[np.ndarray, np.ndarray], random: object) -> None:
    scores, classes = case
    order = np.arange(len(classes))
    random.shuffle(order)  # type: ignore[attr-defined]
    assert top_k_accuracy(scores[order], classes[order], 2) == pytest.approx(top_k_accuracy(scores, classes, 2))
    assert macro_f1(scores.argmax(1), classes) == pytest.approx(macro_f1(scores[order].argmax(1), classes[order]))


def test_only_the_look_alike_is_forgiven() -> None:
    predicted = SCORES.argmax(axis=1)
    for shapes, hits in (([0, 1, 2], 1), ([0, 1, 1], 2), ([0, 1, 0], 2)):
        assert shape_hits(predicted, CLASSES, np.array(shapes)).sum() == hits


def test_nan_scores_are_refused_by_row() -> None:
    broken = SCORES.copy()
    broken[1, 0] = np.nan
    with pytest.raises(InputError, match=r"row 1: NaN.*1 of 3"):
        top_k_accuracy(broken, CLASSES, 1)


def test_misfits_are_refused() -> None:
    with pytest.raises(InputError, match=r"do not fit"):
        top_k_accuracy(SCORES, CLASSES[:2], 1)
    with pytest.raises(InputError, match=r"row 2: class index 3 is outside 0 … 2"):
        top_k_accuracy(SCORES, np.array([0, 1, 3]), 1)
    with pytest.raises(InputError, match=r"row 0: class index -1"):
        top_k_accuracy(SCORES, np.array([-1, 1, 2]), 1)
