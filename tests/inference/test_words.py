"""Zero-width spaces stand where words of the list end, and nothing else changes."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glyphlens.core.errors import InputError
from glyphlens.inference.words import WORDS, ZERO_WIDTH_SPACE, WordBreaker

WORD_LIST = ("មនុស្ស", "ទាំង", "ទាំងអស់", "អស់", "កើត", "មក")


def broken(text: str) -> list[str]:
    return WordBreaker(WORD_LIST).broken(text).split(ZERO_WIDTH_SPACE)


def test_the_longest_words_win() -> None:
    assert broken("មនុស្សទាំងអស់កើតមក") == ["មនុស្ស", "ទាំងអស់", "កើត", "មក"]


def test_what_is_no_word_stays_together() -> None:
    assert broken("ខ្ញុំនឹងមនុស្ស") == ["ខ្ញុំនឹង", "មនុស្ស"]


def test_spaces_and_latin_part_words_already() -> None:
    assert broken("មនុស្ស កើត 12 AI។មក") == ["មនុស្ស កើត 12 AI។មក"]


@given(st.text("មនុស្សទាំងអកើត 1a", max_size=30))
def test_nothing_else_changes(text: str) -> None:
    assert WordBreaker(WORD_LIST).broken(text).replace(ZERO_WIDTH_SPACE, "") == text


def test_a_list_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"{WORDS}: no list of words"):
        WordBreaker.load(tmp_path)
