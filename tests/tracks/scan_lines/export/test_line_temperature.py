"""The temperature of a first answer: its confidence is how often it is right."""

import numpy as np
import pytest

from glyphlens.core.errors import InputError
from glyphlens.export.temperature import fit_temperature
from glyphlens.tracks.scan_lines.export.line_temperature import fit_first_temperature


def confidence(logits_NC: np.ndarray, temperature: float) -> np.ndarray:
    shares_NC = np.exp((logits_NC - logits_NC.max(axis=1, keepdims=True)) / temperature)
    return np.asarray(shares_NC.max(axis=1) / shares_NC.sum(axis=1))


def test_a_scale_that_logits_were_multiplied_by_is_found() -> None:
    rng = np.random.default_rng(1)
    true_NC = rng.normal(0, 2.0, (20_000, 12))
    shares_NC = np.exp(true_NC) / np.exp(true_NC).sum(axis=1, keepdims=True)
    classes_N = (shares_NC.cumsum(axis=1) > rng.random((len(true_NC), 1))).argmax(axis=1)
    for scale in (0.5, 3.0):
        assert fit_first_temperature(true_NC * scale, classes_N) == pytest.approx(scale, rel=0.03)


def test_its_confidence_is_right_as_often_where_that_of_all_classes_is_not() -> None:
    """A few classes share the likelihood, and one of the two likeliest is right in 6 of 10 cases, not in 5."""
    rng = np.random.default_rng(2)
    logits_NC = np.full((4_000, 50), -1.0) + rng.normal(0, 0.01, (4_000, 50))
    logits_NC[:, 0], logits_NC[:, 1] = 4.0, 3.0
    classes_N = np.where(rng.random(4_000) < 0.4, 0, rng.integers(2, 50, 4_000))
    right = float((classes_N == 0).mean())
    own, common = fit_first_temperature(logits_NC, classes_N), fit_temperature(logits_NC, classes_N)
    assert confidence(logits_NC, own).mean() == pytest.approx(right, abs=0.01)
    assert abs(confidence(logits_NC, common).mean() - right) > 0.02


def test_where_all_are_right_or_wrong_no_limit_is_taken() -> None:
    logits_NC = np.array([[3.0, 0.0, 0.0], [0.0, 2.0, 0.5]])
    for classes in ([0, 1], [2, 0]):
        classes_N = np.array(classes)
        assert fit_first_temperature(logits_NC, classes_N) == fit_temperature(logits_NC, classes_N)


def test_what_is_no_answer_is_refused() -> None:
    with pytest.raises(InputError, match="not finite"):
        fit_first_temperature(np.array([[np.nan, 1.0]]), np.array([0]))
