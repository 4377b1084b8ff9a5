"""IDS texts: parts placed and ordered as KanjiVG has them; what cannot be resolved is refused and named."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glyphlens.core.errors import InputError
from glyphlens.sources.kanjivg import KanjiVG
from glyphlens.tracks.zero_shot.descriptions.description import Description, describe_drawing
from glyphlens.tracks.zero_shot.descriptions.ids import MOST_STROKES, OTHER_NAMES, PARTS, describe_ids
from glyphlens.tracks.zero_shot.descriptions.table import DescriptionTable
from tests.stroke_data import ROOT, stroke_folder

CHARACTERS = "木林本石口囗王玉国日月明門凵乂凶匸矢医匚广木床勹⻌入込十亠小京土士寸寺時晶品⻖⻏者都草早艹阿可"

# Characters, each as IDS tables spell it, by the forms that radicals have in them.
SPELLED = (
    "鉢⿰釒本 謂⿰訁胃 牡⿰牜土 環⿰𤣩睘 筈⿱𥫗舌 介⿱𠆢⿰丿丨 飲⿰𩙿欠 細⿰糹田 恭⿱共㣺 状⿰丬⿻大丶 看⿱龵目 "
    "勇⿳龴田力 爻⿱㐅㐅 殳⿱𠘨又 是⿱日𤴓 疎⿰𤴔⿻木口 学⿳𭕄冖子 美⿱𦍌大 茶⿳艹人朩 麻⿸广𣏟 雪⿱雨彐 房⿸戶方 "
    "肩⿸户月 狄⿰犭火 受⿳爫冖又 込⿺⻎入 買⿳⺫目八 負⿳⺈目八 犯⿰⺨⺋ 酷⿰酉⿱⺧口 梢⿰⽊⿱⺌⺝ 祇⿰⺬氏 "
    "祈⿰⺭⽄ 肇⿱⿰⼾⺙⺻"
)


@pytest.fixture(scope="module")
def released() -> DescriptionTable:
    return DescriptionTable.load(ROOT / "models/zero_shot/release/descriptions")


@pytest.fixture(scope="module")
def known() -> dict[str, Description]:
    kanjivg = KanjiVG.open(stroke_folder())
    return {character: describe_drawing(kanjivg[character]) for character in CHARACTERS}


@pytest.mark.parametrize(
    ("text", "character"),
    [("⿰木木", "林"), ("⿰日月", "明"), ("⿴囗玉", "国"), ("⿶凵乂", "凶"), ("⿷匸矢", "医"), ("⿸广木", "床"),
     ("⿺⻍入", "込"), ("⿳亠口小", "京"), ("⿰日⿱土寸", "時"), ("⿱日⿰日日", "晶"),
     ("⿰阝可", "阿"), ("⿰者阝", "都"), ("⿱⺾早", "草")],
)  # fmt: skip
def test_a_composed_character_is_much_as_it_is_drawn(known: dict[str, Description], text: str, character: str) -> None:
    composed, drawn = describe_ids(text, known), known[character]
    assert composed.names == drawn.names
    assert composed.owners_S.tolist() == drawn.owners_S.tolist()
    assert len(composed.types) == len(drawn.types)
    assert np.abs(composed.numbers_K5 - drawn.numbers_K5).mean() < 0.1


def test_a_part_is_named_as_within_another_character(known: dict[str, Description]) -> None:
    assert known["本"].names == ("木", "㇐")
    assert describe_ids("⿰石本", known).names == ("石", "本")
    assert describe_ids("本", known) is known["本"]


def test_spaces_do_not_matter_and_names_can_be_longer(known: dict[str, Description]) -> None:
    more = {**known, "CDP-8BD0": known["日"]}
    assert describe_ids(" ⿰ 日 月 ", known).content == describe_ids("⿰日月", known).content
    assert describe_ids("⿰&CDP-8BD0;月", more).content == describe_ids("⿰日月", known).content


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "describes 0 characters"),
        ("日月", "describes 2 characters"),
        ("⿰日", "⿰ at place 1 has 1 of its 2 parts"),
        ("⿰日⿱木", "⿱ at place 3 has 1 of its 2 parts"),
        ("⿰", "⿰ at place 1 has 0 of its 2 parts"),
        ("⿰日月木", "describes 2 characters"),
        ("⿰日鬱", "'鬱' (U+9B31)"),
        ("⿰x?", "'x' (U+0078), '?' (U+003F)"),
        ("⿾日", "'⿾' (U+2FFE)"),
        ("⿰&CDP-8BD0;月", "'CDP-8BD0'"),
    ],
)
def test_what_cannot_be_resolved_is_named(known: dict[str, Description], text: str, told: str) -> None:
    with pytest.raises(InputError, match=re.escape(told)):
        describe_ids(text, known)


def test_the_example_of_the_error_for_a_bad_line_is_read(released: DescriptionTable) -> None:
    assert describe_ids("⿰釒本", released).names == released["鉢"].names == ("金", "本")


def test_forms_of_radicals_are_the_parts_that_they_are_forms_of(released: DescriptionTable) -> None:
    composed = {each[0]: describe_ids(each[1:], released) for each in SPELLED.split()}
    assert {each: found.names for each, found in composed.items()} == {each: released[each].names for each in composed}
    assert {each: len(found.types) for each, found in composed.items()} == {
        each: len(released[each].types) for each in composed
    }


def test_every_form_is_that_of_a_known_part(released: DescriptionTable) -> None:
    refused = {name for form, name in OTHER_NAMES.items() if chr(form) in released or name not in released}
    assert refused == set("辵黃黑"), "the dictionary's radicals that KanjiVG draws otherwise"
    for form, name in OTHER_NAMES.items():
        if name not in refused:
            assert describe_ids(f"⿰口{chr(form)}", released).content == describe_ids(f"⿰口{name}", released).content


@pytest.mark.parametrize("form", "讠钅饣镸黑𧘇")
def test_a_form_of_no_known_part_is_refused(released: DescriptionTable, form: str) -> None:
    with pytest.raises(InputError, match=re.escape(f"'{form}' (U+{ord(form):04X}), nor for what it is a form of;")):
        describe_ids(f"⿰{form}本", released)


def test_without_end_is_refused(known: dict[str, Description]) -> None:
    with pytest.raises(InputError, match=rf"at most {MOST_STROKES}"):
        describe_ids("⿰木" * 20_000 + "木", known)


def trees(characters: str) -> st.SearchStrategy[str]:
    def composed(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        operator = st.sampled_from(sorted(PARTS))
        return operator.flatmap(lambda each: st.tuples(st.just(each), *[parts] * PARTS[each]).map("".join))

    return st.recursive(st.sampled_from(characters), composed, max_leaves=8)


@given(text=trees("木口王十日"))
def test_all_strokes_of_all_parts_are_there(known: dict[str, Description], text: str) -> None:
    leaves = [character for character in text if character not in PARTS]
    composed = describe_ids(text, known)
    assert sorted(composed.names) == sorted(leaves)
    assert sorted(composed.types) == sorted(kind for leaf in leaves for kind in known[leaf].types)
    assert composed.points_SP2.shape == (len(composed.types), 5, 2)
    assert composed.points_SP2.min() >= 0 and composed.points_SP2.max() <= 1
    firsts = [composed.owners_S.tolist().index(number) for number in range(len(composed.names))]
    assert firsts == sorted(firsts)
