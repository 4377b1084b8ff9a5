"""Tables hold whatever stands in a cell, and a page never outgrows a comment."""

import re

from hypothesis import given
from hypothesis import strategies as st

from glyphlens.review.parts import MOST_BYTES, MOST_ROWS, Part, code, number, page, some, table

GITHUB_LIMIT = 65_536


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_any_text_stays_in_its_cell(texts: list[str]) -> None:
    lines = table(("a", "b"), [(code(text), "x") for text in texts]).split("\n")
    assert len(lines) == 2 + len(texts)
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 3 for line in lines)
    assert all(line.count("`") == 2 for line in lines[2:])


def test_numbers_stand_right() -> None:
    rows = [("a", "1", "+0.1", "–"), ("b", "–", "-2", "–")]
    assert table(("", "", "", ""), rows).splitlines()[1] == "| --- | ---: | ---: | --- |"


def test_very_many_rows_are_counted() -> None:
    text = table(("a",), [(str(row),) for row in range(MOST_ROWS + 7)])
    assert text.endswith("… and 7 more")
    assert len(text.splitlines()) == MOST_ROWS + 4


def test_numbers_and_names() -> None:
    assert [number(value) for value in (69258, 0.85, None)] == ["69,258", "0.8500", "–"]
    assert number(0.012, signed=True) == "+0.0120"
    assert some("abcde") == "`a`, `b`, `c` and 2 more"
    assert code({"a": [1, None]}) == '`{"a": [1, null]}`'


def test_short_parts_are_whole_and_folded_as_asked() -> None:
    text = page("first line", [Part("seen", "body 1"), Part("folded", "body 2", is_open=False)])
    assert text.startswith("first line\n")
    assert "<details open><summary>seen</summary>\n\nbody 1\n" in text
    assert "<details><summary>folded</summary>\n\nbody 2\n" in text


@given(st.lists(st.integers(1, MOST_BYTES), max_size=6), st.sampled_from("aあ😀"))
def test_a_page_is_never_too_long_and_says_what_is_left_out(lengths: list[int], letter: str) -> None:
    text = page("heading", [Part(f"part {count}", letter * length) for count, length in enumerate(lengths)])
    assert len(text.encode()) < GITHUB_LIMIT
    assert all(f"part {count}" in text for count in range(len(lengths)))
