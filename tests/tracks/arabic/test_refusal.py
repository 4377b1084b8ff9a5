"""What is refused keeps its probability of being so, and stands first with the guesses behind it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glyphlens.inference.reading import best_classes
from glyphlens.tracks.arabic.refusal import Refused

OTHER = 2


def rows_of(seed: int, glyphs: int) -> np.ndarray:
    """(G, 4) probabilities."""
    return np.random.default_rng(seed).dirichlet(np.ones(4), glyphs).astype(np.float32)


@given(st.integers(0, 99), st.lists(st.integers(0, 5), unique=True), st.integers(1, 4))
def test_other_comes_first_and_the_rest_in_its_order(seed: int, rows: list[int], count: int) -> None:
    own_GC, weighed_GC = rows_of(seed, 6), rows_of(seed + 100, 6)
    refused = Refused(np.array(sorted(rows), np.int64), own_GC[sorted(rows), OTHER], OTHER)
    before = weighed_GC.copy()
    refused.restore(weighed_GC)
    np.testing.assert_allclose(weighed_GC.sum(axis=1), 1, rtol=1e-5)
    never_less = np.maximum(own_GC, before)[sorted(rows), OTHER]
    np.testing.assert_array_equal(weighed_GC[sorted(rows), OTHER], never_less)
    best = best_classes(weighed_GC, count)
    refused.put_first(best, weighed_GC)
    plain = best_classes(before, 4).classes_NK
    for row in range(6):
        if row not in rows:
            assert best.classes_NK[row].tolist() == plain[row].tolist()[:count]
            continue
        guesses = [number for number in plain[row].tolist() if number != OTHER]
        assert best.classes_NK[row].tolist() == [OTHER, *guesses][:count]
        np.testing.assert_array_equal(best.confidence_NK[row], weighed_GC[row, best.classes_NK[row]])


@pytest.mark.parametrize("p", [0.25, 1.0])
def test_a_glyph_that_can_be_nothing_else_stays_so(p: float) -> None:
    weighed_GC = np.array([[0, 0, 1, 0]], np.float32)
    Refused(np.array([0]), np.array([p], np.float32), OTHER).restore(weighed_GC)
    assert weighed_GC.tolist() == [[0, 0, 1, 0]]


@pytest.mark.parametrize("glyphs", [0, 3])
def test_without_refusals_nothing_changes(glyphs: int) -> None:
    probabilities_GC = rows_of(1, glyphs)
    best = best_classes(probabilities_GC, 3)
    Refused(np.zeros(0, np.int64), np.zeros(0, np.float32), OTHER).put_first(best, probabilities_GC)
    assert best.classes_NK.tolist() == best_classes(probabilities_GC, 3).classes_NK.tolist()
