"""The beam finds the likeliest text, by all of its paths, and lets the n-gram decide where scores do not."""

from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from glyphlens.inference.beam import BeamSettings, read_beam
from glyphlens.inference.decoding import greedy_ctc
from glyphlens.inference.ngram import CharacterNgram

TOKENS = ("a", "b")
NGRAM = CharacterNgram.of_texts(["abab", "abb"], 3, 1)
ALONE = BeamSettings(beam=50, alpha=0.0, beta=0.0)


@given(st.integers(0, 10_000))
def test_without_the_n_gram_the_likeliest_text_is_found(seed: int) -> None:
    logits_TC = np.random.default_rng(seed).normal(size=(4, 3))
    chances_TC = np.exp(logits_TC) / np.exp(logits_TC).sum(1, keepdims=True)
    totals: dict[str, float] = {}
    for path in product(range(3), repeat=4):
        (text,) = greedy_ctc(np.eye(3)[None, list(path)], np.array([4]), TOKENS)
        totals[text] = totals.get(text, 0) + float(np.prod(chances_TC[np.arange(4), list(path)]))
    assert "".join(read_beam(logits_TC, TOKENS, NGRAM, ALONE)) == max(totals, key=lambda text: totals[text])


def test_the_n_gram_decides_where_scores_do_not() -> None:
    logits_TC = np.array([[0, 9, 0], [9.0, 0, 0], [0, 5, 5]])  # a, nothing, a or b
    assert read_beam(logits_TC, TOKENS, NGRAM, BeamSettings(4, 0.5, 0.0)) == ["a", "b"]
