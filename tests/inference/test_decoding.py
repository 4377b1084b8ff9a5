"""Greedy CTC merges repetitions before it drops blanks, and stops at each row's own length."""

from itertools import groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glyphlens.core.errors import InputError
from glyphlens.inference.decoding import best_labels, greedy_ctc

CHARSET = "abc"


def scores(path_NT: list[list[int]]) -> np.ndarray:
    return np.eye(len(CHARSET) + 1, dtype=np.float32)[path_NT]


@given(st.lists(st.integers(0, len(CHARSET)), max_size=12), st.integers(0, 12))
def test_the_text_is_the_path_without_repetitions_and_blanks(path: list[int], length: int) -> None:
    length = min(length, len(path))
    expected = "".join(CHARSET[number - 1] for number, _ in groupby(path[:length]) if number)
    logits = scores([path]).reshape(1, len(path), len(CHARSET) + 1)
    assert greedy_ctc(logits, np.array([length]), CHARSET) == [expected]


def test_rows_are_read_apart() -> None:
    assert greedy_ctc(scores([[1, 1, 2], [0, 0, 0], [2, 0, 2]]), np.array([3, 3, 3]), CHARSET) == ["ab", "", "bb"]
    assert greedy_ctc(scores([[1, 2]])[:0], np.zeros(0, np.int64), CHARSET) == []


@pytest.mark.parametrize(
    ("shape", "lengths", "named"),
    [
        ((1, 2, 3), [2], r"\(1, 2, 3\), expected \(N, T, 4\)"),
        ((2, 4), [2, 2], r"\(2, 4\)"),
        ((1, 2, 4), [3], "0 … 2 frames"),
        ((1, 2, 4), [-1], "0 … 2 frames"),
        ((2, 2, 4), [2], "2 numbers"),
    ],
)
def test_what_does_not_belong_together_is_refused(shape: tuple[int, ...], lengths: list[int], named: str) -> None:
    with pytest.raises(InputError, match=named):
        greedy_ctc(np.zeros(shape), np.array(lengths), CHARSET)


def test_the_first_of_equal_classes_is_the_label() -> None:
    assert best_labels(np.array([[0, 2, 2], [3, 1, 0]]), ["x", "y", "z"]) == ["y", "x"]
