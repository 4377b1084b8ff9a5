import pytest
from hypothesis import given
from hypothesis import strategies as st

from glyphlens.commands.model import releases
from glyphlens.data.sample_set import CharacterClass
from glyphlens.inference.folder import ExportFolder
from glyphlens.sources.arabic_languages import LANGUAGES
from glyphlens.sources.arabic_script import label_of
from glyphlens.sources.companion_scripts import OTHER
from glyphlens.tracks.arabic.members import (
    AUXILIARY,
    FOREIGN,
    STANDARD,
    Member,
    class_members,
    kinship,
    label_code_points,
    likely_first,
    seen_characters,
    written_language,
)

ONES = ("arabic_indic_digit_one", "extended_arabic_indic_digit_one")
CLASSES = (
    CharacterClass("kaf.init", ("U+0643",), "init", ("kaf.init", "keheh.init")),
    CharacterClass("keheh.isol", ("U+06A9",), "isol", ("keheh.isol",)),
    CharacterClass("kaf.isol", ("U+0643",), "isol", ("kaf.isol",)),
    CharacterClass("kaf.fina", ("U+0643",), "fina", ("kaf.fina",)),
    CharacterClass("heh.isol", ("U+0647",), "isol", ("heh.isol", "ae.isol")),
    CharacterClass("arabic_indic_digit_one", ("U+0661",), "", ONES),
    CharacterClass("extended_arabic_indic_digit_four", ("U+06F4",), "", ("extended_arabic_indic_digit_four",)),
    CharacterClass("arabic_indic_digit_four", ("U+0664",), "", ("arabic_indic_digit_four",)),
    CharacterClass("arabic_indic_digit_five", ("U+0665",), "", ("arabic_indic_digit_five",)),
    CharacterClass("ae.fina", ("U+06D5",), "fina", ("ae.fina",)),
    CharacterClass("keheh.fina", ("U+06A9",), "fina", ("keheh.fina",)),
)
MEMBERS = class_members(CLASSES)
CYRILLIC = {"zhe": "U+0436", "de": "U+0434", "ya": "U+044F"}
INITIAL, KEHEH, KAF, HEH, DIGIT, FOUR, AE = 0, 1, 2, 4, 5, 6, 9


def first_labels(language: str | None, *seen: int) -> list[str]:
    found = likely_first(MEMBERS, language, seen_characters(MEMBERS, seen))
    assert [sorted(entry) for entry in found] == [sorted(entry) for entry in MEMBERS]
    return [entry[0].label for entry in found]


def test_members_have_their_code_points_the_class_s_own_label_first():
    assert MEMBERS[INITIAL] == (Member("kaf.init", ("U+0643",)), Member("keheh.init", ("U+06A9",)))


def test_the_language_decides_which_label_comes_first():
    assert first_labels("fa")[INITIAL] == "keheh.init" and first_labels("ar", KEHEH)[INITIAL] == "kaf.init"
    assert first_labels("ur")[DIGIT].startswith("extended") and first_labels("sd")[DIGIT].startswith("arabic")


def test_without_a_language_the_other_letters_of_the_font_do():
    assert first_labels(None)[INITIAL] == "kaf.init"
    assert first_labels(None, KEHEH)[INITIAL] == "keheh.init"  # kaf would have been shown
    assert first_labels(None, KEHEH, KAF)[INITIAL] == "kaf.init"
    assert first_labels(None, FOUR)[DIGIT] == "extended_arabic_indic_digit_one"


def test_a_letter_that_no_other_glyph_can_show_is_not_taken_to_be_absent():
    assert first_labels(None, AE, KAF)[HEH] == "heh.isol"


def test_pictures_say_nothing_of_each_other():
    assert [entry[0].label for entry in likely_first(MEMBERS, None)] == [entry.label for entry in CLASSES]


def test_the_letters_of_a_text_say_its_language():
    assert written_language("ابپتچدرسشگکلمنو۴") == "fa" and written_language("ابتثدرسشكلمنويةإ") == "ar"
    assert written_language("ابپٹتچدڈرڑسشگکلمنوںے") == "ur" and written_language("ابتچدڕسشگکلڵمنوۆێەھ") == "ku"
    assert written_language("") == "ar" == written_language("گکپ")
    assert written_language(frozenset().union(*(writing.standard for writing in LANGUAGES.values()))) == "ar"


def test_of_labels_of_one_kind_the_first_stays_first():
    two = [(Member("a", ()), Member("b", ("U+0750",)), Member("c", ("U+0751",)))]
    assert [member.label for member in likely_first(two, None)[0]] == ["a", "b", "c"]


def test_what_a_language_is_written_with():
    assert [kinship(text, LANGUAGES["fa"]) for text in ("ک", "ك", "ٹ", "گك", "")] == [
        STANDARD, AUXILIARY, FOREIGN, AUXILIARY, FOREIGN,
    ]  # fmt: skip
    assert kinship("\ufdfa", LANGUAGES["ar"]) == STANDARD  # an honorific is the words that it shows


@pytest.mark.parametrize("label", ["block", "", "beh_block.init"])
def test_a_label_of_no_characters_has_no_code_points(label):
    assert label_code_points(label) == ()


@given(st.lists(st.sampled_from("بكکيیىهھةلاأآشّٔ"), min_size=1, max_size=5))
def test_a_label_says_its_characters_again(characters):
    codes = tuple(map(ord, characters))
    again = tuple(int(code.removeprefix("U+"), 16) for code in label_code_points(label_of(codes, "isol")))
    assert label_of(again, "isol") == label_of(codes, "isol")


def test_the_released_classes_name_all_their_characters():
    for entry in ExportFolder(releases()["arabic"]).manifest.classes:
        assert label_code_points(entry.label) == entry.code_points
        assert all(map(label_code_points, entry.members)) or entry.label == OTHER


def test_of_letters_that_scripts_share_the_script_of_the_font_comes_first():
    shared = ("latin_capital_a", "cyrillic_capital_a", "greek_capital_alpha")
    classes = [CharacterClass("latin_capital_a", ("U+0041",), "", shared)]
    classes += [CharacterClass(f"cyrillic_small_{name}", (code,), "") for name, code in CYRILLIC.items()]
    members = class_members(classes)
    assert [member.code_points for member in members[0]] == [("U+0041",), ("U+0410",), ("U+0391",)]
    seen = seen_characters(members, range(1, 4))
    assert likely_first(members, None, seen)[0][0].label == "cyrillic_capital_a"
    assert likely_first(members, None, set())[0][0].label == "latin_capital_a"
    assert likely_first(members, "fa", seen)[0][0].label == "cyrillic_capital_a"
