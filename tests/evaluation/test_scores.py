"""Scores agree with their definitions, with scikit-learn, and refuse what cannot be ranked."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import f1_score

from glyphlens.core.errors import InputError
from glyphlens.evaluation.scores import (
    expected_calibration_error,
    f1_per_class,
    f1_scores,
    family_scores,
    macro_f1,
    shape_top1,
    summarise_families,
    top_k_accuracy,
    top_k_hits,
    weighted_f1,
)

SCORES = np.array([[0.1, 0.7, 0.2], [0.5, 0.4, 0.1], [0.2, 0.3, 0.5]], dtype=np.float32)
CLASSES = np.array([1, 2, 1])

scored = st.tuples(st.integers(1, 20), st.integers(2, 8)).flatmap(
    lambda shape: st.tuples(
        hnp.arrays(np.float64, shape, elements=st.integers(-3, 3).map(float)),
        hnp.arrays(np.int64, shape[0], elements=st.integers(0, shape[1] - 1)),
    )
)


def test_top_k_by_hand() -> None:
    assert top_k_hits(SCORES, CLASSES, 1).tolist() == [True, False, False]
    assert top_k_hits(SCORES, CLASSES, 2).tolist() == [True, False, True]
    assert top_k_accuracy(SCORES, CLASSES, 3) == 1.0


@given(scored)
@settings(deadline=None)
def test_top_k_is_a_stable_sort_even_with_ties(case: tuple[np.ndarray, np.ndarray]) -> None:
    scores, classes = case
    order = np.argsort(-scores, axis=1, kind="stable")
    for k in range(1, scores.shape[1] + 1):
        expected = (order[:, :k] == classes[:, None]).any(axis=1)
        assert top_k_hits(scores, classes, k).tolist() == expected.tolist()
    assert top_k_accuracy(scores, classes, 1) == np.mean(scores.argmax(axis=1) == classes)


@given(scored, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_accuracy_does_not_see_the_order_of_samples(case: tuple[np.ndarray, np.ndarray], random: object) -> None:
    scores, classes = case
    order = np.arange(len(classes))
    random.shuffle(order)  # type: ignore[attr-defined]
    assert top_k_accuracy(scores[order], classes[order], 2) == pytest.approx(top_k_accuracy(scores, classes, 2))
    before, after = f1_scores(scores.argmax(1), classes), f1_scores(scores[order].argmax(1), classes[order])
    assert before == pytest.approx(after)


@given(scored)
@settings(deadline=None)
def test_f1_is_scikit_learns_over_the_classes_present(case: tuple[np.ndarray, np.ndarray]) -> None:
    scores, classes = case
    predicted, present = scores.argmax(axis=1), np.unique(classes)
    for average, own in (("macro", macro_f1), ("weighted", weighted_f1)):
        theirs = f1_score(classes, predicted, labels=present, average=average, zero_division=0)
        assert own(predicted, classes) == pytest.approx(theirs)


def test_a_class_absent_from_the_test_has_no_f1() -> None:
    table = f1_per_class(np.array([0, 3, 2]), np.array([0, 0, 2]), classes=5)
    assert np.isnan(table["f1"]).tolist() == [False, True, False, True, True]
    assert table["predicted"].tolist() == [1, 0, 1, 1, 0]
    assert macro_f1(np.array([0, 3, 2]), np.array([0, 0, 2])) == pytest.approx((2 / 3 + 1) / 2)


def test_shape_equivalent_accuracy_forgives_only_the_look_alike() -> None:
    assert shape_top1(SCORES, CLASSES, np.array([0, 1, 2])) == pytest.approx(1 / 3)
    assert shape_top1(SCORES, CLASSES, np.array([0, 1, 1])) == pytest.approx(2 / 3)
    assert shape_top1(SCORES, CLASSES, np.array([0, 1, 0])) == pytest.approx(2 / 3)


def test_families_are_sorted_and_counted() -> None:
    table = family_scores(np.array([True, False, True, True]), ["mada", "amiri", "amiri", "mada"])
    assert table.to_dict("list") == {"group": ["amiri", "mada"], "samples": [2, 2], "accuracy": [0.5, 1.0]}
    summary = summarise_families(table)
    assert summary == (0.75, 0.25, 0.5, "amiri")


def test_one_family_has_no_spread_and_none_is_an_error() -> None:
    summary = summarise_families(family_scores(np.array([True, False]), ["amiri", "amiri"]))
    assert summary == (0.5, 0.0, 0.5, "amiri")
    with pytest.raises(InputError, match="no family"):
        summarise_families(family_scores(np.array([], dtype=bool), []))


def test_calibration_error_by_hand() -> None:
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.4, 0.6]])
    # two bins of two: |.5 − .9| and |1 − .6|
    assert expected_calibration_error(probabilities, np.array([0, 1, 1, 1]), 10) == pytest.approx(0.4)


def test_a_calibrated_model_has_a_small_calibration_error() -> None:
    rng = np.random.default_rng(1)
    sure = rng.uniform(0.5, 1, 20_000)
    classes = (rng.random(20_000) > sure).astype(int)
    assert expected_calibration_error(np.stack([sure, 1 - sure], axis=1), classes, 15) < 0.02


def test_no_sample_gives_nan() -> None:
    nothing, none = np.zeros((0, 3)), np.zeros(0, dtype=int)
    values = [top_k_accuracy(nothing, none, 1), macro_f1(none, none), expected_calibration_error(nothing, none, 5)]
    assert all(math.isnan(value) for value in values)


@pytest.mark.parametrize("score", [top_k_accuracy, expected_calibration_error])
def test_nan_scores_are_refused_by_row(score: object) -> None:
    broken = SCORES.copy()
    broken[1, 0] = np.nan
    with pytest.raises(InputError, match=r"row 1: NaN.*1 of 3"):
        score(broken, CLASSES, 1)  # type: ignore[operator]


def test_misfits_are_refused() -> None:
    with pytest.raises(InputError, match=r"do not fit"):
        top_k_accuracy(SCORES, CLASSES[:2], 1)
    with pytest.raises(InputError, match=r"row 2: class index 3 is outside 0 … 2"):
        top_k_accuracy(SCORES, np.array([0, 1, 3]), 1)
    with pytest.raises(InputError, match=r"row 0: class index -1"):
        top_k_accuracy(SCORES, np.array([-1, 1, 2]), 1)
