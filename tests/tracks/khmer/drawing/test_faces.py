"""Families of fonts are on one side each, and are drawn as often as the parameters say."""

from pathlib import Path

import pytest

from glyphlens.core.errors import InputError
from glyphlens.tracks.khmer.drawing.faces import faces_of_splits, split_families
from tests.tracks.khmer.small_lines import LINE_PARAMS


def test_a_family_is_on_one_side(khmer_fonts: Path, modules: Path) -> None:
    faces, split = faces_of_splits(khmer_fonts, modules, LINE_PARAMS.faces)
    for name, members in split.manifest().items():
        assert {font.family for font in [*faces[name].khmer, *faces[name].latin]} == set(members)
        assert faces[name].khmer and faces[name].latin
    assert not set(split.train) & {*split.val, *split.test}
    assert "display/moul" in split.train, "always_trained"


def test_latin_letters_of_a_khmer_family_are_on_its_side() -> None:
    names = [f"family-{number}" for number in range(12)]
    khmer, latin = {f"text/{name}" for name in names}, {f"latin/{name}" for name in [*names[:6], "a", "b", "c", "d"]}
    split = split_families(khmer, latin, LINE_PARAMS.faces)
    sides = {family: side for side, members in split.manifest().items() for family in members}
    assert set(sides) == {*khmer, *latin}
    assert {sides[f"text/{name}"] for name in names[:6]} > {"train"}, "else the test tests nothing"
    assert all(sides[f"text/{name}"] == sides[f"latin/{name}"] for name in names[:6])
    assert {sides[f"latin/{name}"] for name in "abcd"} == {"train", "val", "test"}


def test_chances_follow_the_parameters(khmer_fonts: Path, modules: Path) -> None:
    train = faces_of_splits(khmer_fonts, modules, LINE_PARAMS.faces)[0]["train"]
    chances = train.chances(LINE_PARAMS.faces)
    assert sum(chances) == pytest.approx(1)
    text = sum(chance for font, chance in zip(train.khmer, chances, strict=True) if font.family.startswith("text/"))
    assert text == pytest.approx(LINE_PARAMS.faces.text_share)
    assert min(chances) > 0


def test_names_that_no_font_has_are_refused(khmer_fonts: Path, modules: Path) -> None:
    params = LINE_PARAMS.faces.model_copy(update={"text_faces": ["hanuman", "nobody"]})
    with pytest.raises(InputError, match=r"text_faces: no font of nobody in"):
        faces_of_splits(khmer_fonts, modules, params)
    params = LINE_PARAMS.faces.model_copy(update={"latin_packages": ["moul-nothing"]})
    with pytest.raises(InputError, match=r"latin_packages: moul-nothing has no Latin"):
        faces_of_splits(khmer_fonts, modules, params)
