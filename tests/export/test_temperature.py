"""The fitted temperature is the one that makes confidence honest."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glyphlens.core.errors import InputError
from glyphlens.export.temperature import fit_temperature, negative_log_likelihood


def drawn(logits: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Classes drawn with the probabilities that the logits claim (Gumbel maximum)."""
    return (logits + random.gumbel(size=logits.shape)).argmax(axis=1)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_a_known_temperature_is_found_again(temperature: float) -> None:
    random = np.random.default_rng(0)
    honest = random.normal(scale=2, size=(20000, 8))
    found = fit_temperature(honest * temperature, drawn(honest, random))
    assert found == pytest.approx(temperature, rel=0.05)


@given(st.integers(0, 2**31), st.floats(0.2, 4))
@settings(deadline=None, max_examples=20)
def test_no_other_temperature_is_likelier(seed: int, scale: float) -> None:
    random = np.random.default_rng(seed)
    logits = random.normal(scale=scale, size=(200, 5)).astype(np.float32)
    classes = drawn(logits, random)
    best = negative_log_likelihood(logits, classes, fit_temperature(logits, classes))
    others = [negative_log_likelihood(logits, classes, float(t)) for t in np.geomspace(0.06, 19, 60)]
    assert best <= min(others) + 1e-6


def test_answers_without_an_error_have_a_temperature_too() -> None:
    """The likelihood then only grows as T falls: the limit holds it."""
    assert 0.05 <= fit_temperature(np.eye(4), np.arange(4)) < 0.06


@pytest.mark.parametrize(
    ("logits", "classes", "message"),
    [
        (np.zeros((0, 3)), np.zeros(0, int), "N ≥ 1"),
        (np.zeros((2, 3)), np.zeros(3, int), "are not \\(N, C\\) and \\(N,\\)"),
        (np.zeros((2, 3)), np.array([0, 3]), "0 … 3, expected 0 … 2"),
        (np.full((2, 3), np.nan), np.array([0, 1]), "not finite"),
    ],
)
def test_what_cannot_be_fitted_is_refused(logits: np.ndarray, classes: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        fit_temperature(logits, classes)
