import io
import json
import shutil
from dataclasses import replace

import numpy as np
import onnx
import pandas as pd
import pytest
import torch

from glyphlens import load
from glyphlens.commands.face_pictures import face_pictures, open_font
from glyphlens.commands.identify import identify_fonts
from glyphlens.commands.model import open_model
from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, save_json
from glyphlens.data.sample_set import unpack_bits
from glyphlens.tracks.arabic.export.context_graph import context_graph, save_context
from glyphlens.tracks.arabic.font_context import FontContext
from glyphlens.tracks.arabic.glyphs.class_relations import class_relations
from glyphlens.tracks.arabic.reader import drawing_rule
from glyphlens.tracks.arabic.recognizers.whole_font import ContextConfig, ContextNetwork, facts_of

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


@pytest.fixture(scope="module")
def in_context(model_folder, tmp_path_factory):
    """The tiny model with a context network beside it, whose corrections are random and large."""
    folder = tmp_path_factory.mktemp("release")
    shutil.copytree(model_folder, folder, dirs_exist_ok=True)
    classes = open_model(folder, 1).classes
    torch.manual_seed(0)
    network = ContextNetwork(ContextConfig(len(classes), candidates=4, hidden=8, rounds=1, dropout=0.0))
    network.know(facts_of(class_relations(classes)), torch.zeros(len(classes)))
    torch.nn.init.normal_(network.rounds[0][-1].weight, std=100)
    save_context(folder / "context", context_graph(network.eval()), network, folder / "tiny.onnx")
    return folder


def test_the_glyphs_of_a_font_correct_one_another_unless_alone(in_context, recognizer, font_path):
    plain = identify_fonts([font_path], recognizer).table
    own = open_model(in_context, 1)
    alone = identify_fonts([font_path], own, alone=True).table
    together = identify_fonts([font_path], own).table
    pd.testing.assert_frame_equal(alone, plain)
    assert together["fault"].tolist() == plain["fault"].tolist()
    assert not np.allclose(together["confidence"].dropna(), plain["confidence"].dropna(), atol=0.01)

    (pictures,) = face_pictures(open_font(font_path)[0], drawing_rule(own))
    drawn_G = [gid not in pictures.faults for gid in pictures.gids_G.tolist()]
    rasters_GHW = unpack_bits(pictures.packed_GHB[drawn_G]) * np.uint8(255)
    found_GC = own.probabilities({"raster": rasters_GHW, "geometry": pictures.geometry_GF[drawn_G]})
    corrected_GC = FontContext.load(in_context / "context").correct(found_GC)
    names = [own.classes[number].label for number in corrected_GC.argmax(axis=1)]
    assert together["label"][drawn_G].tolist() == names


def test_a_context_of_another_recogniser_is_refused(in_context, tmp_path, font_path):
    shutil.copytree(in_context, tmp_path / "other")
    model = onnx.load(tmp_path / "other/tiny.onnx")
    model.producer_name = "another"
    onnx.save(model, tmp_path / "other/tiny.onnx")
    with pytest.raises(InputError, match="trained on the answers of another recogniser than tiny.onnx"):
        identify_fonts([font_path], open_model(tmp_path / "other", 1))
    assert len(identify_fonts([font_path], open_model(tmp_path / "other", 1), alone=True).table) == 7


def test_alone_is_an_option_of_the_command(glyphlens, in_context, model_folder, font_path):
    status, alone, _ = glyphlens("identify", font_path, "--model", in_context, "--alone", "-f", "csv")
    assert status == 0 and alone == glyphlens("identify", font_path, "--model", model_folder, "-f", "csv")[1]
    assert alone != glyphlens("identify", font_path, "--model", in_context, "-f", "csv")[1]


def refusing(folder, target, least, name):
    """A copy of a model in which a class is what is to be refused, from a threshold on."""
    shutil.copytree(folder, target)
    manifest = load_json(target / "labels.json")
    for entry in manifest["classes"]:
        if entry["label"] == name:
            entry |= {"label": "other", "members": ["other"], "code_points": [], "form": ""}
    manifest["rule"]["known_threshold"] = least
    save_json(target / "labels.json", manifest)
    return open_model(target, 1)


@pytest.mark.parametrize("alone", [True, False])
def test_a_glyph_that_is_too_little_known_is_none_of_these(in_context, tmp_path, font_path, alone):
    """The bar is the corner at 2.2 %, and nothing else is."""
    plain = identify_fonts([font_path], refusing(in_context, tmp_path / "0", 0.0, "corner.fina"), alone=True).table
    strict = refusing(in_context, tmp_path / "1", 0.98, "corner.fina")
    found = identify_fonts([font_path], strict, top=2, alone=alone).table
    row = found.loc[4]
    assert (row["label"], row["code_points"], row["form"], row["same_shape"]) == ("other", "", "", "")
    assert row["confidence"] >= 0.0223 and row["label_2"] not in ("other", "")
    if alone:
        assert row["confidence"] == plain.loc[4, "confidence_2"] and row["label_2"] == plain.loc[4, "label"]
        assert row["confidence_2"] == plain.loc[4, "confidence"] > 0.97
        assert found["label"].drop(4).tolist() == plain["label"].drop(4).tolist()
    assert found.loc[3, "fault"] == "no outline" and found.loc[5, "label"] == "other"
    assert identify_fonts([font_path], strict, top=1, alone=alone).table.loc[4, "label"] == "other"


def test_what_is_refused_is_not_what_the_cmap_says(in_context, tmp_path, font_path):
    strict = refusing(in_context, tmp_path / "strict", 1.0, "corner.fina")
    table = identify_fonts([font_path], strict, check=True).table
    assert table.loc[1, ["label", "expected", "agrees"]].tolist() == ["other", "beh.isol", "no"]
    assert set(table["label"]) == {"other", ""}


def test_formats_and_python_name_what_is_refused_alike(glyphlens, in_context, tmp_path, font_path):
    refusing(in_context, tmp_path / "strict", 1.0, "corner.fina")
    asked = ("identify", font_path, "--model", tmp_path / "strict", "--top", 2, "-f")
    written = pd.read_csv(io.StringIO(glyphlens(*asked, "csv")[1]), keep_default_na=False)
    answers = json.loads(glyphlens(*asked, "json")[1])
    api = load(tmp_path / "strict").identify(font_path, top=2)
    drawn = [gid for gid in range(7) if gid != 3]
    assert {written.loc[gid, "label"] for gid in drawn} == {api[gid].label for gid in drawn} == {"other"}
    for gid in drawn:
        row, guess = answers[gid], api[gid].guesses[1]
        assert float(written.loc[gid, "confidence"]) == row["confidence"] == api[gid].confidence
        assert written.loc[gid, "label_2"] == guess.label and written.loc[gid, "code_points"] == api[gid].text == ""


@pytest.mark.parametrize("least", ["0.9", True, 1.5])
def test_a_threshold_that_is_no_share_is_named(in_context, tmp_path, font_path, least):
    model = refusing(in_context, tmp_path / "bad", least, "corner.fina")
    found = identify_fonts([font_path], model)
    assert f"labels.json: 'known_threshold' is {least!r}, expected a share from 0 to 1" in found.problems[0]
