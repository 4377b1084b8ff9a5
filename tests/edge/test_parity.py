"""Decisions are counted one by one, texts by their characters, and what cannot be compared is an error."""

import pytest

from glyphlens.core.errors import InputError
from glyphlens.edge.parity import Parity, alike, refusal
from tests.edge.forged import PARAMS


def test_every_step_is_a_decision() -> None:
    assert alike([["a", "b", "c", "d"]], [["a", "x", "c", "d"]]) == 0.75


def test_texts_are_alike_by_their_edits() -> None:
    assert alike([list("abcde"), list("fghij")], [list("bcde"), list("fghij")], is_text=True) == 0.9
    assert alike([list("ab")], [list("vwxyz")], is_text=True) == 0


@pytest.mark.parametrize(("first", "second"), [([], []), ([["a"]], []), ([["a"]], [["a", "b"]]), ([[]], [[]])])
def test_what_cannot_be_compared_is_an_error(first: list[list[str]], second: list[list[str]]) -> None:
    with pytest.raises(InputError, match="parity"):
        alike(first, second)


def test_the_limit_itself_passes() -> None:
    assert refusal(Parity(0.9, 0, 1), PARAMS) == ""
    assert "89.99%" in refusal(Parity(0.8999, 1, 1), PARAMS)
