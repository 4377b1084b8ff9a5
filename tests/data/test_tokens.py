"""Tokens of several characters: encoding is greedy, decoding its inverse, and what cannot be written is named."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glyphlens.core.errors import InputError
from glyphlens.data.tokens import TokenTable

TABLE = TokenTable.of_pieces("abc", ["ab", "ab", "abc", "bc", "bc", "bc", "a"], 2)


def test_pieces_that_occur_often_follow_the_characters_commonest_first() -> None:
    assert TABLE.tokens == ("a", "b", "c", "bc", "ab")
    assert TABLE.encode("abc").tolist() == [4, 2]


@given(st.text("abc", max_size=12))
def test_decoding_inverts_encoding(text: str) -> None:
    assert TABLE.decode(TABLE.encode(text)) == text


def test_a_character_without_a_token_is_named() -> None:
    with pytest.raises(InputError, match=r"'x' \(U\+0078\), which no token writes"):
        TABLE.encode("abx")


@pytest.mark.parametrize("tokens", [("a", "b", "a"), ("a", "")])
def test_tokens_are_different_and_not_empty(tokens: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="table of tokens"):
        TokenTable(tokens)


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    TABLE.save(tmp_path)
    assert TokenTable.load(tmp_path) == TABLE
    (tmp_path / "tokens.json").write_text('{"a": 1}', encoding="utf-8")
    with pytest.raises(InputError, match="not a list of tokens"):
        TokenTable.load(tmp_path)
