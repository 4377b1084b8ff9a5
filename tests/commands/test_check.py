import numpy as np
import pytest

from glyphlens.commands.check import Expected, agreement, agreement_words, expected_glyphs, judge, labels_by_picture
from glyphlens.commands.class_matching import class_numbers
from glyphlens.commands.face_pictures import open_font
from glyphlens.data.sample_set import CharacterClass
from glyphlens.inference.reading import Best
from glyphlens.tracks.arabic.glyphs.candidates import candidates
from glyphlens.tracks.arabic.members import class_members

CLASSES = [CharacterClass("beh.isol", members=("beh.isol", "beh_copy.isol")), CharacterClass("fatha", ("U+064E",))]


def test_shaping_tells_which_glyphs_are_which(font_path):
    found = expected_glyphs(open_font(font_path)[0], candidates())
    assert "beh.isol" in found[1].labels and found[1].char_class == "isol" and "U+0628" in found[1].code_points
    assert "beh.init" in found[2].labels and found[2].char_class == "init"
    assert found[6].labels[0] == "fatha" and found[6].char_class == "diacritic"
    assert 0 not in found and 3 not in found


def test_a_form_that_the_font_lacks_is_not_expected(font_path):
    found = expected_glyphs(open_font(font_path)[0], candidates())
    assert not any(label.startswith("reh.fina") for entry in found.values() for label in entry.labels)


def test_a_font_without_cmap_has_nothing_to_check(tmp_path, font_bytes):
    path = tmp_path / "bare.ttf"
    path.write_bytes(font_bytes(without_cmap=True))
    assert expected_glyphs(open_font(path)[0], candidates()) == {}


def test_merged_labels_stand_for_their_class():
    assert class_numbers(CLASSES) == {"beh.isol": 0, "beh_copy.isol": 0, "fatha": 1}


@pytest.fixture
def verdicts():
    expected = {
        0: Expected(("beh_copy.isol",), "isol"),
        1: Expected(("fatha",), "diacritic"),
        2: Expected(("unheard_of.isol", "beh.isol"), "isol"),
        4: Expected(("unheard_of.isol",), "isol"),
    }
    best = Best(np.array([[0, 1], [0, 1], [1, 0], [0, 1], [0, 1]]), np.zeros((5, 2), np.float32))
    alike = {gid: set(answer.labels) for gid, answer in expected.items()} | {1: {"fatha", "beh.isol"}}
    return judge(expected, alike, best, class_numbers(CLASSES), class_members(CLASSES))


def test_verdicts_by_glyph(verdicts):
    assert verdicts["gid"].tolist() == [0, 1, 2, 4]
    assert verdicts["known"].tolist() == [True, True, True, False]
    assert verdicts["verdict"].tolist() == ["other code point", "no", "no", "not a class"]
    assert verdicts["top1"].tolist() == [True, False, False, False] and not verdicts["exact"].any()
    assert verdicts["shape1"].tolist() == [True, True, False, False]
    assert verdicts["top5"].tolist() == [True, True, True, False]


def test_glyphs_of_the_same_pixels_share_their_labels():
    pictures = np.zeros((3, 128, 16), np.uint8)
    pictures[1, 0, 0] = 1
    expected = {
        0: Expected(("beh.init",), "init"),
        1: Expected(("fatha",), "diacritic"),
        2: Expected(("beh.medi",), "medi"),
    }
    alike = labels_by_picture(expected, pictures)
    assert alike == {0: {"beh.init", "beh.medi"}, 1: {"fatha"}, 2: {"beh.init", "beh.medi"}}


def test_agreement_by_slice_leaves_out_labels_of_no_class(verdicts):
    scores = agreement(verdicts).set_index("slice")
    assert scores.index.tolist() == ["all", "isolated", "marks"]
    assert scores.loc["all", "glyphs"] == 3 and scores.loc["all", "top1"] == pytest.approx(1 / 3)
    assert scores.loc["isolated", "top1"] == 0.5 and scores.loc["isolated", "unknown"] == 1
    assert scores.loc["marks", "top5"] == 1


def test_the_right_code_points_are_exact_whatever_the_label_is():
    expected = {0: Expected(("other_name",), "diacritic", ("U+064E",)), 1: Expected(("beh.isol",), "isol", ("U+0628",))}
    numbers = class_numbers(CLASSES) | {"other_name": 1}
    alike = {gid: set(entry.labels) for gid, entry in expected.items()}
    best = Best(np.array([[1], [0]]), np.ones((2, 1), np.float32))
    verdicts = judge(expected, alike, best, numbers, class_members(CLASSES))
    assert verdicts["exact"].all() and verdicts["verdict"].tolist() == ["yes", "yes"]


def test_how_many_got_which_verdict_is_said(verdicts):
    words = "4 glyphs checked: 0 right, 1 of the right class with another code point, 2 wrong, 1 not a class"
    assert agreement_words(verdicts) == words


def test_agreement_on_nothing_has_only_the_first_line():
    nothing = judge({}, {}, Best(np.zeros((0, 5), np.int64), np.zeros((0, 5), np.float32)), {}, [])
    assert agreement(nothing)["glyphs"].tolist() == [0]
