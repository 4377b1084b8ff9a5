import shutil

import numpy as np
import pytest
from PIL import Image

from glyphlens.commands.explain import explain, glyph_place, open_subject
from glyphlens.commands.explain_picture import plot_explanation
from glyphlens.commands.model import open_model
from glyphlens.core.errors import InputError


@pytest.fixture(scope="module")
def recognizer(model_folder):
    return open_model(model_folder, 1)


def opened(asked, recognizer, face=0):
    return open_subject(asked, recognizer, face=face, diacritic=False)


def test_a_corner_is_explained_by_what_makes_it_one(font_path, recognizer, tmp_path):
    subject = opened(font_path.with_name("test.ttf#5"), recognizer)
    found = explain(subject, recognizer, top=2)
    assert found.ranked[0][0] == "corner.fina" and len(found.ranked) == 2
    removed = {effect.removed: effect for effect in found.effects}
    assert removed["its place and size in the em"].label == "corner.fina"  # this model does not look at it
    assert found.heat_RC[:, 0].sum() > 0 and found.tipping_RC.any() and not found.is_single
    together = next(effect for effect in found.effects if "together" in effect.removed)
    assert together.label != "corner.fina" and together.kept < found.ranked[0][1]
    plot_explanation(tmp_path / "why.png", found)
    with Image.open(tmp_path / "why.png") as picture:
        assert picture.format == "PNG"


def test_the_command_says_it_and_draws_it(glyphlens, font_path, model_folder, tmp_path):
    status, out, err = glyphlens(
        "explain", f"{font_path}#5", "-o", tmp_path / "a.png", "--model", model_folder, "--top", 1
    )
    assert status == 0 and "test.ttf#5: corner.fina" in out and "cells together" in out
    assert (tmp_path / "a.png").stat().st_size > 1000 and "picture written" in err


def test_a_glyph_may_be_called_by_name(font_path, recognizer):
    assert opened(font_path.with_name("test.ttf#g005"), recognizer).name.endswith("#5")


def test_a_picture_is_explained_without_geometry(recognizer, tmp_path):
    ink = np.full((90, 90), 255, np.uint8)
    ink[20:70, 20:70] = 0
    Image.fromarray(ink).save(tmp_path / "block.png")
    subject = opened(tmp_path / "block.png", recognizer)
    assert not subject.geometry_F.any()
    assert all("em" not in effect.removed for effect in explain(subject, recognizer).effects)


@pytest.mark.parametrize(
    ("name", "face", "said"),
    [
        ("test.ttf", 0, "which glyph"),
        ("test.ttf#7", 0, "glyph number 7, but it has 7"),
        ("test.ttf#", 0, "no glyph is called ''"),
        ("test.ttf#-1", 0, "no glyph is called '-1'"),
        ("test.ttf#nothing", 0, "no glyph is called 'nothing'"),
        ("test.ttf#3", 0, "no outline"),
        ("test.ttf#1", 2, "--face 2, but it has 1"),
        ("gone.ttf#1", 0, "no such file"),
        ("gone.png", 0, "no such file"),
        ("bad.png", 0, "not an image"),
    ],
)
def test_what_cannot_be_explained_is_said(font_path, recognizer, name, face, said):
    font_path.with_name("bad.png").write_bytes(b"nothing")
    with pytest.raises(InputError, match=said):
        opened(font_path.with_name(name), recognizer, face)


def test_a_file_whose_name_has_a_mark_is_that_file(font_path):
    odd = font_path.with_name("a#1")
    shutil.copyfile(font_path, odd)
    assert glyph_place(odd) == (odd, None)
    assert glyph_place(font_path.with_name("a#1#4")) == (odd, "4")


def test_the_picture_does_not_take_the_place_of_the_font(glyphlens, font_path, model_folder, tmp_path):
    shutil.copyfile(font_path, tmp_path / "font.png")
    status, _, err = glyphlens(
        "explain", f"{tmp_path / 'font.png'}#5", "-o", tmp_path / "font.png", "--model", model_folder
    )
    assert status == 2 and "would be written over" in err
