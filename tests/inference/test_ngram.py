"""The n-gram gives every context chances that sum to one, its file holds it whole, and broken files are refused."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glyphlens.core.errors import InputError
from glyphlens.inference.ngram import NGRAM, CharacterNgram

LEARNT = CharacterNgram.of_texts(["abab", "abb"], 3, 1)
ROUNDING = 0.07  # two roundings to a tenth of a nat


def test_what_was_often_seen_is_likelier() -> None:
    assert LEARNT.log_score("b", "a") > LEARNT.log_score("a", "a")
    assert LEARNT.log_score("ab", "") == pytest.approx(LEARNT.log_score("a", "") + LEARNT.log_score("b", "a"))
    assert LEARNT.log_score("x", "") < LEARNT.log_score("b", "")


@given(st.lists(st.text("កខគ ", min_size=1, max_size=12), min_size=1, max_size=8), st.text("កខគ x", max_size=5))
def test_chances_after_any_text_sum_to_one(texts: list[str], before: str) -> None:
    ngram = CharacterNgram.of_texts(texts, 4, 2)
    known = sorted(set("".join(texts)))
    total = sum(math.exp(ngram.log_score(character, before)) for character in [*known, "?"])
    assert total == pytest.approx(1, abs=0.25)  # as far as tenths of a nat allow, four contexts deep
    assert min(ngram.log_score(character, before) for character in known) >= ngram.log_score("?", before) - ROUNDING


def test_a_run_counts_by_what_stands_before_it() -> None:
    """b stands after a alone, however often; c after three others (Kneser and Ney 1995)."""
    ngram = CharacterNgram.of_texts(["abababab", "dc", "ec", "fc"], 2, 1)
    assert ngram.log_score("c", "g") > ngram.log_score("b", "g")


def test_rare_runs_are_left_out() -> None:
    often, rare = "abc", "xyz"
    ngram = CharacterNgram.of_texts([often] * 3 + [rare], 3, 3)
    assert often in ngram.costs and rare not in ngram.costs
    assert {"xy", "yz"} <= set(ngram.costs)


@given(st.lists(st.text("កខគ ", min_size=1, max_size=12), max_size=8), st.integers(1, 3))
def test_a_file_holds_all_of_it(texts: list[str], min_count: int) -> None:
    ngram = CharacterNgram.of_texts(texts, 4, min_count)
    content = json.loads(json.dumps(ngram.content()))
    assert content == ngram.content()
    assert len(content["lengths"]) == len(content["ends"]) == len(content["costs"].split())
    assert len(content["rests"].split()) == 1 + sum(int(length) < 4 for length in content["lengths"])


def test_an_n_gram_is_read_as_it_was_written(tmp_path: Path) -> None:
    LEARNT.save(tmp_path)
    assert CharacterNgram.load(tmp_path) == LEARNT


@pytest.mark.parametrize(
    "change",
    [
        {"order": 10**9},
        {"order": 0},
        {"lengths": "1"},
        {"lengths": "8"},
        {"costs": "-1"},
        {"costs": "9" * 400},
        {"rests": None},
        {"counts": {}, "lengths": {}},
    ],
)
def test_what_is_no_n_gram_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    content = {"order": 2, "lengths": "12", "ends": "ab", "costs": "3 4", "rests": "1 2"}
    (tmp_path / NGRAM).write_text(json.dumps(content), encoding="utf-8")
    assert CharacterNgram.load(tmp_path).costs == {"a": 3, "ab": 4}
    for broken in ([], {**content, **change}):
        (tmp_path / NGRAM).write_text(json.dumps(broken), encoding="utf-8")
        with pytest.raises(InputError, match="not costs of characters"):
            CharacterNgram.load(tmp_path)
