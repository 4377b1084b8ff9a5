import numpy as np
import orjson
import pytest

from glyphlens.imaging.shaping import FontFace
from glyphlens.tracks.arabic.glyphs.candidates import candidates
from glyphlens.tracks.arabic.glyphs.extraction import extract_glyphs, shape_hash
from glyphlens.tracks.arabic.glyphs.ligatures import font_ligatures
from tests.tiny_fonts import CMAP, tiny_font

ALL = candidates()


def extracted(data):
    result = extract_glyphs(FontFace(data), ALL)
    return {ALL[glyph.candidate].label: glyph for glyph in result.glyphs}, result.drops


@pytest.fixture(scope="module")
def tiny():
    return extracted(tiny_font())


def test_labels_of_the_tiny_font(tiny):
    glyphs, _ = tiny
    expected = """alef.isol alef.fina beh.isol beh.init beh.medi beh.fina lam.isol lam.init lam.medi lam.fina
        lam_alef.isol lam_alef.fina waw.isol reh.isol kaf.isol keheh.isol fatha shadda shadda_fatha comma
        arabic_indic_digit_four latin_capital_a
        ornate_left_parenthesis"""
    assert sorted(glyphs) == sorted(expected.split())


def test_form_with_the_isolated_glyph_is_absent(tiny):
    glyphs, drops = tiny
    assert "waw.fina" not in glyphs and "waw.fina" not in [drop.label for drop in drops]


def test_form_drawn_as_the_isolated_one_is_absent_and_audited(tiny):
    assert ("reh.fina", "drawn as another form", "reh.isol") in tiny[1]


def test_glyph_without_contour_is_audited(tiny):
    assert ("tatweel", "no closed contour", "glyphs 21") in tiny[1]


def test_format_character_is_left_out(tiny):
    assert not any("number_sign" in label for label in tiny[0])


def test_form_made_of_parts_is_one_outline(tiny):
    glyph = tiny[0]["beh.init"]
    subpaths = orjson.loads(glyph.contours)
    assert [subpath[0] for subpath in subpaths] == [["moveTo", [100, -120]], ["moveTo", [0, 0]]]
    assert all(subpath[-1] == ["closePath", None] for subpath in subpaths)
    assert (glyph.width, glyph.lsb, glyph.rsb) == (700, 0, 400)


def test_presentation_form_fills_in_what_shaping_does_not_give(tiny):
    assert ALL[tiny[0]["lam_alef.fina"].candidate].text == (0xFEFC,)
    assert ALL[tiny[0]["lam_alef.isol"].candidate].kind == "ligature"


def test_presentation_form_of_a_known_label_is_audited():
    _, drops = extracted(tiny_font(cmap=CMAP | {0xFEFB: "g24"}))
    assert ("lam_alef.isol", "label given before", "presentation U+FEFB") in drops


def test_lam_alef_of_two_glyphs_made_for_each_other_counts():
    features = """
    languagesystem arab dflt;
    feature init { sub g09 by g10; } init;
    feature fina { sub g01 by g02; } fina;
    lookup L { sub g10 by g11; } L;
    feature rlig { sub g10' lookup L g02; } rlig;
    """
    glyphs, _ = extracted(tiny_font(features=features))
    assert len(orjson.loads(glyphs["lam_alef.isol"].contours)) == 2


def test_letters_merely_side_by_side_are_no_ligature():
    features = """
    languagesystem arab dflt;
    feature init { sub g09 by g10; } init;
    feature fina { sub g01 by g02; } fina;
    """
    glyphs, _ = extracted(tiny_font(features=features))
    assert "lam_alef.isol" not in glyphs and "shadda_fatha" not in glyphs


def test_font_of_another_script_gives_nothing():
    assert extracted(tiny_font(cmap={0x4E00: "g01"}, features=None)) == ({}, [])


def test_other_subsets_of_a_font_fill_in_what_it_lacks():
    latin = tiny_font(cmap={0x41: "g09", 0x61: "g18", 0x28: "g22", 0x0628: "g04"}, features=None)
    found = extract_glyphs(FontFace(tiny_font()), ALL, [FontFace(latin)])
    glyphs = {ALL[glyph.candidate].label: glyph for glyph in found.glyphs}
    alone = {ALL[glyph.candidate].label: glyph for glyph in extract_glyphs(FontFace(tiny_font()), ALL).glyphs}
    assert set(glyphs) - set(alone) == {"latin_small_a", "common_left_parenthesis"}
    assert all(glyphs[label].contours == glyph.contours for label, glyph in alone.items())  # the font's own come first
    assert found.missing is not None and found.missing.width > 0


def test_a_subset_of_other_units_is_another_font():
    other = tiny_font(cmap={0x61: "g18"}, features=None, upem=2048)
    found = extract_glyphs(FontFace(tiny_font()), ALL, [FontFace(other)])
    assert "latin_small_a" not in {ALL[glyph.candidate].label for glyph in found.glyphs}


def test_shape_hash_ignores_bearing_and_order_of_contours_but_not_height(tiny):
    face = FontFace(tiny_font())
    kaf, keheh, beh = face.outline(22), face.outline(23), face.merged(face.shape((0x628,)))
    assert shape_hash(kaf, 0.0) == shape_hash(keheh, 30.0)
    assert shape_hash(kaf, 0.0) != shape_hash(kaf._replace(points_P2=kaf.points_P2 + np.array([0, 1])), 0.0)
    swapped = face.merged(face.shape((0x628,))[::-1])
    assert shape_hash(beh, 0.0) == shape_hash(swapped, 0.0)


def test_ligatures_are_read_from_the_substitutions():
    assert font_ligatures(tiny_font()) == [(0x644, 0x627), (0x651, 0x64E)]
    assert font_ligatures(tiny_font(features=None)) == []


def test_latin_ligatures_and_aliases_are_not():
    cmap = {0x66: "g18", 0x69: "g19", 0x627: "g01", 0x653: "g17"}
    features = "feature liga { sub g18 g19 by g20; sub g01 g17 by g02; } liga;"
    assert font_ligatures(tiny_font(cmap=cmap, features=features)) == []
