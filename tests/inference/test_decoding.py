"""Greedy CTC merges repetitions before it drops blanks, and stops at each row's own length."""

from itertools import groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glyphlens.core.errors import InputError
from glyphlens.inference.decoding import LineSymbols, best_labels, greedy_ctc, read_forward, read_greedy

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


@given(st.lists(st.integers(0, len(CHARSET)), max_size=12), st.integers(0, 12))
def test_places_and_texts_of_the_best_path_belong_together(path: list[int], length: int) -> None:
    length = min(length, len(path))
    logits = 9 * scores([path]).reshape(1, len(path), len(CHARSET) + 1)
    (line,) = read_greedy(logits, np.array([length]), CHARSET)
    assert line.text == greedy_ctc(logits, np.array([length]), CHARSET)[0]
    for token in line.tokens:
        assert {CHARSET[number - 1] for number in path[token.begin : token.end]} == {token.text}
        assert 0.99 < token.confidence <= 1
    assert [token.begin for token in line.tokens] == sorted(token.begin for token in line.tokens)
    assert 0.99**12 < line.confidence <= 1


def test_reading_forward_ends_at_the_end_symbol_which_is_no_text() -> None:
    """One line ends after two tokens, the other never does."""
    symbols = LineSymbols.of(3)
    shown: list[np.ndarray] = []

    def following(before_NL: np.ndarray) -> np.ndarray:
        shown.append(before_NL)
        step = before_NL.shape[1] - 1
        return 9 * np.eye(4)[[[0, 1, symbols.end, 2, 2][step], 2]]

    lines = read_forward(following, 2, CHARSET, np.array([9, 5]))
    assert [line.text for line in lines] == ["ab", "ccccc"]
    assert (shown[0] == symbols.start).all()
    assert shown[-1][0].tolist() == [symbols.start, 0, 1, symbols.pad, symbols.pad]
