"""Words, articles and the user's text are each on one side of the split."""

from itertools import combinations
from pathlib import Path
from random import Random

import pytest

from glyphlens.core.errors import InputError
from glyphlens.inference.khmer_text import canonical, clusters
from glyphlens.tracks.khmer.texts.declaration import declaration_paragraphs
from glyphlens.tracks.khmer.texts.vocabulary import (
    Vocabulary,
    WeightedWords,
    listed_words,
    open_vocabularies,
    own_paragraphs,
    segment,
)
from tests.tracks.khmer.small_lines import NOTHING, TEXT_PARAMS


@pytest.fixture(scope="module")
def vocabularies(modules: Path) -> dict[str, Vocabulary]:
    return open_vocabularies(modules, NOTHING, TEXT_PARAMS.shares)


def test_the_locked_list_has_its_words(modules: Path) -> None:
    words = listed_words(modules)
    assert len(words) > 75_000
    assert len(words) == len(set(words))
    assert [word for word in words[::97] if canonical(word) != word] == []
    assert {"កម្ពុជា", "សាលារៀន"} <= set(words)
    assert "ខន្តីី" not in words, "two vowels on one base"


def test_nothing_is_on_two_sides(vocabularies: dict[str, Vocabulary]) -> None:
    for one, other in combinations(vocabularies.values(), 2):
        assert not set(one.listed.words) & set(other.listed.words)
        assert not set(one.latin.words) & set(other.latin.words)
        assert not set(one.articles) & set(other.articles)
        assert one.everyday == other.everyday
    assert all(words.articles and words.listed.words and words.latin.words for words in vocabularies.values())


def test_rare_clusters_come_more_often_among_rare_words(vocabularies: dict[str, Vocabulary]) -> None:
    words, rng = vocabularies["train"], Random(1)
    rare, common = ([draw.draw(rng) for _ in range(2000)] for draw in (words.rare, words.listed))
    assert len({part for word in rare for part in clusters(word)}) > len(
        {part for word in common for part in clusters(word)}
    )


def test_words_are_drawn_by_their_weights() -> None:
    rng, words = Random(1), WeightedWords.of(["a", "b", "c"], [1, 0, 3])
    drawn = [words.draw(rng) for _ in range(4000)]
    assert "b" not in drawn
    assert 0.2 < drawn.count("a") / len(drawn) < 0.3


def test_the_longest_known_word_is_taken() -> None:
    assert segment("សាលារៀនខ", {"សាលា", "សាលារៀន"}) == ["សាលារៀន", "ខ"]


def test_own_text_is_canonical_and_decodable(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("ខែ្មរ\u200bល្អ\n\nក 漢\nខ្មែរល្អ\n", encoding="utf-8-sig")
    (tmp_path / "README.md").write_text("ក", encoding="utf-8")
    assert own_paragraphs(tmp_path) == ["ខ្មែរល្អ"]
    assert own_paragraphs(tmp_path / "none") == []


def test_the_declaration_has_thirty_articles(modules: Path) -> None:
    paragraphs = declaration_paragraphs(modules, "khm")
    assert len({article for article, _ in paragraphs}) == 31
    with pytest.raises(InputError, match=r"xyz\.html: cannot be read"):
        declaration_paragraphs(modules, "xyz")
