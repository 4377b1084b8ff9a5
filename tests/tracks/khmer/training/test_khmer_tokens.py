"""Clusters as tokens, cut into the parts that tokens share."""

from hypothesis import given
from hypothesis import strategies as st

from glyphlens.data.sample_set import Charset
from glyphlens.data.tokens import TokenTable
from glyphlens.inference.khmer_text import canonical
from glyphlens.tracks.khmer.training.khmer_tokens import LEVELS, TokenParts, level_values, part_matrix, token_table

CHARSET = Charset("កខរមាេះ់\u17d2a 1។")
TEXTS = ["ខ្មរ ក្រា", "ខ្មរ កេះ", "a1 ក្រា។"]


def test_clusters_that_occur_often_are_tokens_and_the_others_are_spelt() -> None:
    table = token_table(CHARSET, TEXTS, "cluster", 2)
    assert table.tokens == (*CHARSET.characters, "ក្រា", "ខ្ម")
    assert [table.tokens[number] for number in table.encode("ខ្មកេះ")] == ["ខ្ម", "ក", "េ", "ះ"]
    assert token_table(CHARSET, TEXTS, "codepoint", 2).tokens == tuple(CHARSET.characters)


@given(st.text(CHARSET.characters, max_size=20).map(canonical).filter(set(CHARSET.characters).issuperset))
def test_every_canonical_text_can_be_written(text: str) -> None:
    table = token_table(CHARSET, TEXTS, "cluster", 1)
    assert table.decode(table.encode(text)) == text


def test_parts_of_a_cluster() -> None:
    assert TokenParts.of("ក្រ្មា់") == ("ក", "្រ្ម", "ា", "់")
    assert TokenParts.of("។") == ("។", "", "", "") == TokenParts.of("a")._replace(base="។")


def test_tokens_share_parts() -> None:
    table = TokenTable(("ក", "ា", "កា", "ក្រ", "ក្រា", "a"))
    matrix = part_matrix(table)
    assert matrix[2].tolist() == (matrix[0] + matrix[1]).tolist()
    assert matrix[4].tolist() == (matrix[3] + matrix[1]).tolist()
    assert matrix.sum(1).tolist() == [1, 1, 2, 2, 3, 1]
    values = level_values(table)
    assert values.shape == (len(LEVELS), 6)
    assert values[0].tolist() == [0, 1, 0, 0, 0, 2]  # bases: ក, none, ក, ក, ក, a
    assert values[2].tolist() == [0, 1, 1, 0, 1, 0]  # vowels
