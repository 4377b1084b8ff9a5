from dataclasses import replace

import numpy as np
import pytest

from glyphlens.commands.identify import identify_fonts
from glyphlens.commands.model import open_model

ANSWERS = ["block", "beh.isol", "stroke.init", "", "bar", "corner.fina", "dot"]


@pytest.fixture(scope="module")
def recognizer(model_folder):
    return open_model(model_folder, 1)


def test_every_glyph_number_is_answered(font_path, recognizer):
    found = identify_fonts([font_path], recognizer, top=3)
    table = found.table
    assert found.problems == [] and table["label"].tolist() == ANSWERS
    assert table["gid"].tolist() == list(range(7)) and set(table["font"]) == {str(font_path)}
    assert table["fault"].tolist() == ["", "", "", "no outline", "", "", ""]
    assert table.loc[1, "code_points"] == "U+0628" and table.loc[2, "form"] == "init"
    drawn = table[table["fault"] == ""]
    assert (drawn["confidence"] >= drawn["confidence_2"]).all() and (
        drawn["confidence_2"] >= drawn["confidence_3"]
    ).all()
    assert "label_4" not in table


def test_neither_cmap_nor_names_are_needed(tmp_path, font_bytes, recognizer):
    path = tmp_path / "bare.ttf"
    path.write_bytes(font_bytes(without_cmap=True))
    assert identify_fonts([path], recognizer).table["label"].tolist() == ANSWERS


@pytest.mark.parametrize("flavor", ["woff", "woff2"])
def test_compressed_fonts_give_the_same_answers(tmp_path, font_path, recognizer, flavor):
    from fontTools.ttLib import TTFont

    font = TTFont(font_path)
    font.flavor = flavor
    font.save(tmp_path / f"test.{flavor}")
    assert identify_fonts([tmp_path / f"test.{flavor}"], recognizer).table["label"].tolist() == ANSWERS


def test_each_face_of_a_collection_is_answered(tmp_path, font_path, recognizer):
    from fontTools.ttLib import TTCollection, TTFont

    collection = TTCollection()
    collection.fonts = [TTFont(font_path), TTFont(font_path)]
    collection.save(tmp_path / "two.ttc")
    table = identify_fonts([tmp_path / "two.ttc"], recognizer).table
    assert table["label"].tolist() == ANSWERS * 2 and table["face"].tolist() == [0] * 7 + [1] * 7


def test_a_bad_font_does_not_stop_the_others(tmp_path, font_path, recognizer):
    bad = tmp_path / "bad.ttf"
    bad.write_bytes(font_path.read_bytes()[:100])
    found = identify_fonts([bad, tmp_path / "gone.ttf", font_path], recognizer)
    assert len(found.table) == 7 and len(found.problems) == 2
    assert "bad.ttf" in found.problems[0] and "no such file" in found.problems[1]


def test_a_font_without_outlines_is_a_problem(tmp_path, font_bytes, recognizer):
    path = tmp_path / "blank.ttf"
    path.write_bytes(font_bytes({0: [], 1: []}, {0x20: 1}))
    found = identify_fonts([path], recognizer)
    assert found.faces == [] and "none of its 2 glyphs can be drawn (no outline, 2 times)" in found.problems[0]


def test_checking_compares_with_the_cmap(font_path, recognizer):
    found = identify_fonts([font_path], recognizer, top=1, check=True)
    table = found.table.set_index("gid")
    assert table.loc[2, "expected"].split(" | ")[0] == "beh.init" and table.loc[2, "agrees"] == "other code point"
    assert table.loc[2, "expected_code_points"] == "U+0628" and table.loc[1, "agrees"] == "yes"
    assert table.loc[0, "expected"] == "" and table.loc[0, "agrees"] == ""
    assert found.verdicts["top1"].all() and len(found.verdicts) == 5


def test_the_names_of_the_font_are_shown(tmp_path, font_path, font_bytes, recognizer):
    assert identify_fonts([font_path], recognizer).table["name"].tolist()[:2] == [".notdef", "g001"]
    path = tmp_path / "odd.ttf"
    path.write_bytes(font_path.read_bytes().replace(b"g001", b"g\xff\x1b1"))
    assert identify_fonts([path], recognizer).table.loc[1, "name"] == "g\\xff\\x1b1"
    path.write_bytes(font_bytes(without_cmap=True))
    assert set(identify_fonts([path], recognizer).table["name"]) == {""}


def test_all_labels_of_a_class_are_named_the_likely_one_first(font_path, recognizer):
    table = identify_fonts([font_path], recognizer, language="ar").table.set_index("gid")
    assert table.loc[2, "label"] == "stroke.init" and table.loc[2, "same_shape"] == "beh.init U+0628"
    assert table.loc[1, "same_shape"] == "" and table.loc[3, "same_shape"] == ""


def test_the_coverage_of_a_class_weighs_its_answers(tmp_path, font_bytes, shapes, recognizer):
    path = tmp_path / "few.ttf"
    path.write_bytes(font_bytes({gid: shapes[gid] for gid in range(3)}, {}))
    rare = tuple(1e-9 if entry.label == "beh.isol" else 1.0 for entry in recognizer.classes)
    weighed = replace(recognizer, manifest=recognizer.manifest.model_copy(update={"coverage": rare}))
    before, after = (identify_fonts([path], model).table for model in (recognizer, weighed))
    assert before.loc[1, "label"] == "beh.isol" != after.loc[1, "label"]
    assert before["label"].drop(1).equals(after["label"].drop(1))


def test_a_wrong_answer_is_seen(tmp_path, font_bytes, recognizer):
    path = tmp_path / "swapped.ttf"
    path.write_bytes(font_bytes(cmap={0x628: 4, 0x642: 5}))
    found = identify_fonts([path], recognizer, check=True)
    assert found.table.loc[4, "agrees"] == "no" and found.table.loc[5, "agrees"] == "not a class"
    assert found.verdicts["known"].tolist() == [True, False] and not found.verdicts["top1"].any()


def test_a_permuted_font_gives_permuted_answers(tmp_path, font_bytes, shapes, recognizer):
    order = np.array([0, *np.random.default_rng(0).permutation(range(1, 7))])
    path = tmp_path / "shuffled.ttf"
    path.write_bytes(font_bytes({new: shapes[old] for new, old in enumerate(order)}, {}))
    assert identify_fonts([path], recognizer).table["label"].tolist() == [ANSWERS[old] for old in order]
