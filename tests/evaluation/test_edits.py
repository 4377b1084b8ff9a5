"""Edits between a text and what was read: the fewest, as torchmetrics counts them."""

import math

from hypothesis import given
from hypothesis import strategies as st
from torchmetrics.functional.text import char_error_rate, edit_distance

from glyphlens.evaluation.edits import aligned, edit_count, error_rate

TEXT = st.text("កខគ្ា ", max_size=12)


@given(TEXT, TEXT)
def test_there_are_no_fewer_edits(truth: str, guess: str) -> None:
    assert edit_count(truth, guess) == edit_distance([guess], [truth], reduction="sum")


@given(TEXT, TEXT)
def test_both_texts_stand_side_by_side_whole(truth: str, guess: str) -> None:
    pairs = aligned(truth, guess)
    assert "".join(pair.truth for pair in pairs) == truth
    assert "".join(pair.guess for pair in pairs) == guess
    assert all(pair.truth or pair.guess for pair in pairs)


def test_symbols_may_be_whole_clusters() -> None:
    assert [tuple(pair) for pair in aligned(["ក្ន", "ុ", "ង"], ["ក", "ុ", "ង"])] == [("ក្ន", "ក"), ("ុ", "ុ"), ("ង", "ង")]


def test_the_error_rate_is_that_of_all_texts_together() -> None:
    truths, guesses = ["កខគ", "ង", ""], ["កគ", "ឃង", "ក"]
    rate = error_rate(map(edit_count, truths, guesses), map(len, truths))
    assert math.isclose(rate, float(char_error_rate(guesses, truths)))
    assert math.isnan(error_rate([], []))
