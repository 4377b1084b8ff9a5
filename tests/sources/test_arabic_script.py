import re
import unicodedata

import pytest

from glyphlens.sources.arabic_script import (
    BLOCKS,
    NO_JOINING_GROUP,
    ZWJ,
    char_class,
    in_context,
    joining_group,
    joining_type,
    label_of,
    makes_glyph,
    possible_forms,
    presentation_form,
)
from glyphlens.sources.companion_scripts import SCRIPTS
from glyphlens.tracks.arabic.glyphs.candidates import COMPANION, LIGATURE, candidates, ligature_sequence
from glyphlens.tracks.arabic.glyphs.glyph_db import LABEL_PATTERN

CHAR_CLASSES = {"isol", "init", "medi", "final", "diacritic", "digit", "punctuation", "symbol", "ligature"}
BEH, LAM, ALEF, WAW, HAMZA, FATHA, SHADDA, TATWEEL = 0x628, 0x644, 0x627, 0x648, 0x621, 0x64E, 0x651, 0x640


def test_every_candidate_has_a_label_of_the_agreed_form_and_a_known_class():
    found = candidates([(LAM, 0x62D)])
    assert len(found) > 2_500
    assert [candidate.label for candidate in found if not re.fullmatch(LABEL_PATTERN, candidate.label)] == []
    assert {candidate.char_class for candidate in found} <= {*CHAR_CLASSES, *SCRIPTS}


def test_a_label_names_one_thing():
    meanings: dict[str, set] = {}
    for candidate in candidates():
        meanings.setdefault(candidate.label, set()).add((candidate.code_points, candidate.form))
    assert {label: found for label, found in meanings.items() if len(found) > 1} == {}


@pytest.mark.parametrize(
    ("code_points", "form", "label", "kind"),
    [
        ((BEH,), "init", "beh.init", "init"),
        ((BEH,), "fina", "beh.fina", "final"),
        ((HAMZA,), "isol", "hamza.isol", "isol"),
        ((LAM, ALEF), "fina", "lam_alef.fina", "ligature"),
        ((0x664,), "", "arabic_indic_digit_four", "digit"),
        ((FATHA,), "", "fatha", "diacritic"),
        ((SHADDA, FATHA), "", "shadda_fatha", "diacritic"),
        ((0x60C,), "", "comma", "punctuation"),
        ((0x6DE,), "", "start_of_rub_el_hizb", "symbol"),
        ((TATWEEL, FATHA), "", "tatweel_fatha", "diacritic"),
    ],
)
def test_labels_and_classes(code_points, form, label, kind):
    assert label_of(code_points, form) == label
    assert char_class(code_points, form) == kind


@pytest.mark.parametrize(
    ("code_points", "forms"),
    [
        ((BEH,), ("isol", "init", "medi", "fina")),
        ((WAW,), ("isol", "fina")),
        ((HAMZA,), ("isol",)),
        ((LAM, ALEF), ("isol", "fina")),
        ((LAM, 0x62D), ("isol", "init", "medi", "fina")),
        ((ALEF, LAM), ("isol", "init", "medi", "fina")),
        ((ALEF, WAW), ("isol", "fina")),
        ((BEH, SHADDA), ("isol", "init", "medi", "fina")),
        ((FATHA,), ()),
        ((0x664,), ()),
        ((TATWEEL,), ()),
    ],
)
def test_forms_follow_from_the_joining_types(code_points, forms):
    assert possible_forms(code_points) == forms


def test_joiners_stand_for_neighbours():
    assert in_context((BEH,), "medi") == (ZWJ, BEH, ZWJ)
    assert in_context((BEH,), "isol") == in_context((BEH,), "") == (BEH,)


def test_joining_facts():
    assert [joining_type(code_point) for code_point in (BEH, ALEF, HAMZA, FATHA, TATWEEL)] == ["D", "R", "U", "T", "C"]
    assert joining_group(0x62A) == "Beh" and joining_group(FATHA) == NO_JOINING_GROUP


def test_every_joining_letter_has_a_group():
    letters = [code for first, last in BLOCKS[:3] for code in range(first, last + 1) if makes_glyph(code)]
    assert [
        hex(code) for code in letters if joining_type(code) in "DR" and joining_group(code) == NO_JOINING_GROUP
    ] == []


@pytest.mark.parametrize(
    "code_point", [0x600, 0x605, 0x6DD, 0x61C, 0x200D, 0x20, 0xA0, 0x41, 0x30, 0x8E2, 0x890, 0xFEFF]
)
def test_format_characters_spaces_and_other_scripts_make_no_glyph(code_point):
    assert not makes_glyph(code_point)


@pytest.mark.parametrize(
    ("code_point", "expected"),
    [
        (0xFE91, ((BEH,), "init")),
        (0xFEFC, ((LAM, ALEF), "fina")),
        (0xFE8B, ((0x626,), "init")),
        (0xFC60, ((SHADDA, FATHA), "")),
        (0xFE76, ((FATHA,), "")),
        (0xFE77, ((TATWEEL, FATHA), "")),
        (0xFCF2, ((TATWEEL, SHADDA, FATHA), "")),
        (0xFDF2, ((ALEF, LAM, LAM, 0x647), "isol")),
        (0xFDFA, None),  # has spaces in it
        (0xFD3E, None),
    ],
)
def test_presentation_forms(code_point, expected):
    assert presentation_form(code_point) == expected


def test_canonical_aliases_are_no_ligatures():
    assert ligature_sequence((ALEF, 0x653)) is None  # alef with madda above
    assert ligature_sequence((0x64A, 0x654)) is None
    assert ligature_sequence((LAM, ALEF, 0x653)) == (LAM, 0x622)


@pytest.mark.parametrize("sequence", [(BEH,), (0x66, 0x69), (BEH, 0x20), (FATHA, BEH), (BEH, 0x200D), (BEH,) * 19])
def test_what_is_no_ligature_of_the_script(sequence):
    assert ligature_sequence(sequence) is None


def test_marks_are_named_in_stacking_order_whatever_the_font_says():
    assert ligature_sequence((FATHA, SHADDA)) == ligature_sequence((SHADDA, FATHA)) == (SHADDA, FATHA)


def test_sequences_of_fonts_become_candidates_once():
    found = [
        candidate for candidate in candidates([(LAM, 0x6AF), (LAM, 0x6AF)]) if candidate.code_points == (LAM, 0x6AF)
    ]
    assert [candidate.form for candidate in found] == ["isol", "init", "medi", "fina"]
    assert {candidate.kind for candidate in found} == {LIGATURE}


def test_better_sources_come_first():
    kinds = [candidate.kind for candidate in candidates() if candidate.kind != COMPANION]
    assert kinds == sorted(kinds)  # character < ligature < presentation
    assert unicodedata.unidata_version >= "14"
