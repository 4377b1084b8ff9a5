from itertools import chain

import pandas as pd
import pytest

from glyphlens.tracks.kanji.samples.classes import LOOKALIKES, form_of, kanji_classes, lookalikes_of


def test_groups_of_lookalikes_share_no_character() -> None:
    characters = list(chain.from_iterable(LOOKALIKES))
    assert len(set(characters)) == len(characters) and all(len(group) > 1 for group in LOOKALIKES)


def test_looking_alike_is_mutual_and_among_the_classes_only() -> None:
    labels = ["0", "O", "へ", "ェ", "エ", "ヘ", "亜", "工"]
    found = lookalikes_of(labels)
    assert found["へ"] == ("ヘ",) and found["亜"] == () and found["エ"] == ("ェ", "工")
    assert all(label in found[other] for label, others in found.items() for other in others)


@pytest.mark.parametrize(
    ("form", "characters"),
    [("hiragana", "あっゑゞ"), ("katakana", "アッヰヶーヽ"), ("kanji", "亜一々〆〇鬱"), ("digit", "09"),
     ("latin", "AZaz"), ("symbol", "・゛。!¥×|")],
)  # fmt: skip
def test_forms(form: str, characters: str) -> None:
    assert {char: form_of(char) for char in characters} == dict.fromkeys(characters, form)


def test_classes_are_in_the_order_of_code_points_with_every_sets_codes() -> None:
    rows = [("亜", "ETL9G", "0x3021"), ("あ", "ETL9G", "0x2422"), ("あ", "ETL4", "0xB1"), ("あ", "ETL4", "0xB1"),
            ("A", "ETL1", "0x41"), ("ヘ", "font", ""), ("へ", "strokes", "")]  # fmt: skip
    classes = kanji_classes(pd.DataFrame(rows, columns=["label", "set", "code"]))
    assert [entry.label for entry in classes] == ["A", "あ", "へ", "ヘ", "亜"]
    latin, a, he, _, _ = classes
    assert (a.code_points, a.form, a.members, a.count) == (("U+3042",), "hiragana", ("ETL4:0xB1", "ETL9G:0x2422"), 3)
    assert (latin.members, latin.form) == (("ETL1:0x41",), "latin")
    assert (he.members, he.lookalikes) == ((), ("ヘ",))
