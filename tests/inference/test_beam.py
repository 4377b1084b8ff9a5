"""The beam finds the likeliest text, by all of its paths, and lets the n-gram decide where scores do not."""

from functools import cache
from itertools import product

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from glyphlens.inference.beam import BeamSettings, read_beam
from glyphlens.inference.decoding import greedy_ctc
from glyphlens.inference.ngram import CharacterNgram

TOKENS = ("a", "b")
NGRAM = CharacterNgram.of_texts(["abab", "abb"], 3, 1)
ALONE = BeamSettings(beam=50, alpha=0.0, beta=0.0)


def totals_of_texts(logits_TC: NDArray[np.float64]) -> dict[str, float]:
    """The chance of each text, by all of its paths."""
    chances_TC = np.exp(logits_TC) / np.exp(logits_TC).sum(1, keepdims=True)
    totals: dict[str, float] = {}
    for path, text in texts_of_paths(len(logits_TC)):
        totals[text] = totals.get(text, 0) + float(np.prod(chances_TC[np.arange(len(path)), path]))
    return totals


@cache
def texts_of_paths(frames: int) -> list[tuple[list[int], str]]:
    """Every path and what it says."""
    paths = [list(path) for path in product(range(3), repeat=frames)]
    texts = greedy_ctc(np.eye(3)[paths], np.full(len(paths), frames), TOKENS)
    return list(zip(paths, texts, strict=True))


@given(st.integers(0, 10_000))
def test_without_the_n_gram_the_likeliest_text_is_found(seed: int) -> None:
    logits_TC = np.random.default_rng(seed).normal(size=(4, 3))
    totals = totals_of_texts(logits_TC)
    assert "".join(read_beam(logits_TC, TOKENS, NGRAM, ALONE)) == max(totals, key=lambda text: totals[text])


@given(st.integers(0, 10_000), st.sets(st.integers(0, 4), min_size=1))
def test_frames_where_no_token_is_likely_count_too(seed: int, blank: set[int]) -> None:
    logits_TC = np.random.default_rng(seed).normal(size=(5, 3))
    logits_TC[sorted(blank), 0] += 9
    totals = totals_of_texts(logits_TC)
    best, second = sorted(totals.values())[:-3:-1]
    assume(best > 1.05 * second)  # a token below 1 % is not tried
    assert "".join(read_beam(logits_TC, TOKENS, NGRAM, ALONE)) == max(totals, key=lambda text: totals[text])


def test_the_n_gram_decides_where_scores_do_not() -> None:
    logits_TC = np.array([[0, 9, 0], [9.0, 0, 0], [0, 5, 5]])  # a, nothing, a or b
    assert read_beam(logits_TC, TOKENS, NGRAM, BeamSettings(4, 0.5, 0.0)) == ["a", "b"]
