"""Texts of every kind: canonical, decodable, none twice, none of the test in training, the same for the same seed."""

from pathlib import Path
from random import Random

import pandas as pd
import pytest
from pydantic import ValidationError

from glyphlens.core.errors import InputError
from glyphlens.inference.khmer_text import canonical, clusters
from glyphlens.tracks.khmer.texts.characters import CHARACTERS, SUBSCRIPTS
from glyphlens.tracks.khmer.texts.composing import KINDS, Composer, drawn_and_target
from glyphlens.tracks.khmer.texts.text_set import (
    TextParams,
    compose_texts,
    lines_of_kinds,
    load_texts,
    save_texts,
    text_metrics,
)
from glyphlens.tracks.khmer.texts.vocabulary import Vocabulary, open_vocabularies
from tests.tracks.khmer.small_lines import FEW_LINES, NOTHING, TEXT_PARAMS, small_texts


@pytest.fixture(scope="module")
def vocabularies(modules: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Vocabulary]:
    own = tmp_path_factory.mktemp("own")
    own.joinpath("mine.txt").write_text("\n".join(f"អត្ថបទ{n} របស់ខ្ញុំ" for n in range(200)), encoding="utf-8")
    return open_vocabularies(modules, own, TEXT_PARAMS.shares)


@pytest.fixture(scope="module")
def texts(vocabularies: dict[str, Vocabulary]) -> pd.DataFrame:
    return compose_texts(vocabularies, TEXT_PARAMS, seed=1)


def test_there_are_as_many_as_asked_for(texts: pd.DataFrame) -> None:
    assert texts["split"].value_counts().to_dict() == FEW_LINES
    assert texts["text"].is_unique
    assert set(texts["kind"]) == set(KINDS)
    assert (texts["source"] == "own").sum() == (texts["kind"] == "own").sum() > 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_line_of_any_kind_is_canonical_and_decodable(vocabularies: dict[str, Vocabulary], kind: str) -> None:
    composer = Composer(vocabularies["train"], TEXT_PARAMS.length, TEXT_PARAMS.everyday_share)
    rng = Random(kind)
    for number in range(60):
        drawn, target = drawn_and_target(composer.line(kind, rng), bool(number % 2))
        assert canonical(target) == canonical(drawn) == target
        assert set(target) <= set(CHARACTERS)


def test_zero_width_spaces_are_drawn_and_not_read(vocabularies: dict[str, Vocabulary]) -> None:
    drawn, target = drawn_and_target(["ខ្មែរ", "ល្អ", " ", "ណាស់"], True)
    assert drawn == "ខ្មែរ\u200bល្អ ណាស់"
    assert target == "ខ្មែរល្អ ណាស់"


def test_the_same_seed_gives_the_same_texts(vocabularies: dict[str, Vocabulary], texts: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(compose_texts(vocabularies, TEXT_PARAMS, seed=1), texts)
    assert compose_texts(vocabularies, TEXT_PARAMS, seed=2)["text"].tolist() != texts["text"].tolist()


def test_texts_are_saved_and_opened(vocabularies: dict[str, Vocabulary], texts: pd.DataFrame, tmp_path: Path) -> None:
    save_texts(tmp_path, texts, vocabularies)
    found, characters = load_texts(tmp_path)
    pd.testing.assert_frame_equal(found, texts)
    assert characters == CHARACTERS
    assert len(text_metrics(texts)) == 6
    assert text_metrics(texts)["own_lines"] == (texts["source"] == "own").sum()


def test_lines_of_own_text_go_to_others_where_there_is_none() -> None:
    assert lines_of_kinds({"word": 1, "own": 1, "date": 2}, 9, has_own=False) == {"word": 3, "date": 6}
    assert sum(lines_of_kinds({"word": 1 / 3, "own": 1 / 3, "date": 1 / 3}, 10, has_own=True).values()) == 10


def test_without_new_texts_it_says_so(modules: Path) -> None:
    params = TextParams.model_validate(
        {**small_texts(), "kinds": {"word": 1.0}, "length": {**small_texts()["length"], "most": 10}}
    )
    vocabularies = open_vocabularies(modules, NOTHING, params.shares)
    one = Vocabulary(*(vocabularies["train"].everyday,) * 4, (), ())
    tiny = Vocabulary(*(type(one.everyday).of(["ក"], [1]),) * 4, (), ())
    with pytest.raises(InputError, match="lines of kind word in a row were there already"):
        compose_texts(dict.fromkeys(vocabularies, tiny), params, seed=1)


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(ValidationError, match="kinds: poem unknown"):
        TextParams.model_validate({**small_texts(), "kinds": {"poem": 1.0}})


def test_the_charset_has_what_printed_khmer_holds() -> None:
    assert len(CHARACTERS) == len(set(CHARACTERS))
    assert set("កអឥឳាៅំ្៝។៕៖ៗ៛០៩ AZaz09«»“”‘’–—…•●°€é") <= set(CHARACTERS)
    assert [
        mark for mark in SUBSCRIPTS if clusters("ក" + mark) != ["ក" + mark] or canonical("ក" + mark) != "ក" + mark
    ] == []
