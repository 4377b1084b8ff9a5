"""Classes are found again by label or code points, whatever their order and number."""

import numpy as np
import pytest

from glyphlens.commands.class_matching import UNKNOWN, match_classes, shape_classes
from glyphlens.data.sample_set import CharacterClass

KANA = [
    CharacterClass("あ", ("U+3042",), "hiragana"),
    CharacterClass("へ", ("U+3078",), "hiragana", lookalikes=("ヘ",)),
    CharacterClass("ヘ", ("U+30D8",), "katakana", lookalikes=("へ",)),
    CharacterClass("亜", ("U+4E9C",), "kanji"),
]
ARABIC = [
    CharacterClass("beh.init", ("U+0628",), "init", ("beh.init", "dotless_beh.init")),
    CharacterClass("beh.isol", ("U+0628",), "isol"),
    CharacterClass("lam_alef.isol", ("U+0644", "U+0627"), "isol"),
]


@pytest.mark.parametrize(
    ("ours", "expected"),
    [
        ([CharacterClass("亜"), CharacterClass("あ"), CharacterClass("衣", ("U+8863",))], [3, 0, UNKNOWN]),
        ([CharacterClass("hiragana a", ("u+3042",))], [0]),
        ([CharacterClass("nothing"), CharacterClass("no match", ("U+3042", "U+3042"))], [UNKNOWN, UNKNOWN]),
        ([], []),
    ],
)
def test_characters_are_matched(ours: list[CharacterClass], expected: list[int]) -> None:
    assert match_classes(ours, KANA).tolist() == expected


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (CharacterClass("beh.init"), 0),
        (CharacterClass("dotless_beh.init"), 0),
        (CharacterClass("another beh", ("U+0628",), "isol"), 1),
        (CharacterClass("another beh", ("U+0628",), "medi"), UNKNOWN),
        (CharacterClass("la", ("U+0644", "U+0627")), 2),
        (CharacterClass("alef lam", ("U+0627", "U+0644")), UNKNOWN),
    ],
)
def test_forms_of_a_letter_share_code_points(entry: CharacterClass, expected: int) -> None:
    assert match_classes([entry], ARABIC).tolist() == [expected]


def test_equal_lists_match_in_order() -> None:
    np.testing.assert_array_equal(match_classes(KANA, KANA), np.arange(4))


def test_look_alikes_are_one_shape() -> None:
    assert shape_classes(KANA).tolist() == [0, 1, 1, 3]


def test_the_set_may_know_more_look_alikes_than_the_model() -> None:
    plain = [CharacterClass(entry.label) for entry in KANA]
    assert shape_classes(plain).tolist() == [0, 1, 2, 3]
    assert shape_classes(plain, [CharacterClass("ヘ", lookalikes=("へ", "〽"))]).tolist() == [0, 1, 1, 3]
