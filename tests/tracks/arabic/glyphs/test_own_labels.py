"""Rows of a person's CSV files: read, found fault with, and applied to the glyphs of a font."""

import pandas as pd
import pytest

from glyphlens.core.errors import InputError
from glyphlens.imaging.shaping import FontFace
from glyphlens.tracks.arabic.glyphs.audit import OWN_LABEL
from glyphlens.tracks.arabic.glyphs.candidates import candidates
from glyphlens.tracks.arabic.glyphs.extraction import extract_glyphs
from glyphlens.tracks.arabic.glyphs.own_labels import (
    FaceKey,
    OwnLabel,
    by_face,
    conflicts,
    face_of,
    faces_by_name,
    label_sequences,
    read_own_labels,
    unknown_fonts,
    unknown_labels,
)
from glyphlens.tracks.arabic.glyphs.relabelling import NO_GLYPH, relabelled
from tests.tiny_fonts import tiny_font

HEADER = "font,glyph,label\n"
MANIFEST = pd.DataFrame({"file": ["a.ttf", "b.ttc"], "sha256": ["aa", "bb"]})


def own(*rows):
    return [OwnLabel("a.csv", number, *row.split(",")) for number, row in enumerate(rows, 2)]


def test_rows_of_all_files_come_with_their_places(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "README.md").write_text("no table")
    (tmp_path / "._b.csv").write_bytes(b"\x00\x05")  # what other systems leave beside a file
    (tmp_path / "b.csv").write_bytes(b"\xef\xbb\xbfnote,label, glyph ,font\r\n,beh.init,37,a.ttf\r\n,,,\r\nx,-,2,bb-1")
    (tmp_path / "sub/c.csv").write_text(HEADER + '"a.ttf",beh.isol,teh.isol\n')
    found = read_own_labels(tmp_path)
    assert found == [
        OwnLabel("b.csv", 2, "a.ttf", "37", "beh.init"),
        OwnLabel("b.csv", 4, "bb-1", "2", "-"),
        OwnLabel("sub/c.csv", 2, "a.ttf", "beh.isol", "teh.isol"),
    ]
    assert [entry.gid for entry in found] == [37, 2, None] and found[1].place == "b.csv, row 4"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "a.csv: the first line is ''; it needs font,glyph,label"),
        (b"font;glyph;label\n", "it needs font,glyph,label"),
        (b"font,glyph,label,label\n", "it needs font,glyph,label"),
        (HEADER.encode() + b"a.ttf,3\n", "a.csv, row 2: 2 values, the first line has 3"),
        (HEADER.encode() + b"a.ttf,3,beh,init\n", "a.csv, row 2: 4 values"),
        (HEADER.encode() + b"a.ttf,3,x\na.ttf, ,x\n", "a.csv, row 3: no glyph"),
        (HEADER.encode() + b"a.ttf,3,\n", "a.csv, row 2: no label; a glyph that is to be left out has the label -"),
        (HEADER.encode() + b"a.ttf,3,\xff\n", "not UTF-8"),
        (HEADER.encode() + b'a.ttf,3,"beh', "not a CSV table"),
        ("font,glyph,label\n".encode("utf-16"), "not UTF-8"),
    ],
)
def test_what_is_no_table_is_said(tmp_path, content, said):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(InputError, match=said):
        read_own_labels(tmp_path)


def test_a_font_is_called_by_its_file_or_its_hash():
    rows = faces_by_name(MANIFEST)
    faces = [face_of(entry, rows) for entry in own("a.ttf,1,-", "bb,1,-", "bb-2,1,-", "bb-0,1,-", "c,1,-", "bb-x,1,-")]
    assert faces == [FaceKey(0, 0), FaceKey(1, 0), FaceKey(1, 2), None, None, None]
    assert [fault.value for fault in unknown_fonts(own("a.ttf,1,-", "cc,1,-"), MANIFEST)] == ["cc"]
    with pytest.raises(InputError, match="a.csv, row 2: font 'cc' is not in fonts.parquet"):
        by_face(own("cc,1,-"), MANIFEST)
    assert by_face(own("a.ttf,1,-", "aa,1,-"), MANIFEST) == {FaceKey(0, 0): own("a.ttf,1,-")}


def test_labels_are_those_of_characters_and_ligatures():
    rows = own("a,1,beh.init", "a,2,beh.inti", "a,3,noon_beh_beh.medi", "a,4,waw.init", "a,beh_final,-", "a,5,U+0628")
    faults = unknown_labels(rows)
    assert [fault.value for fault in faults] == ["beh.inti", "waw.init", "beh_final", "U+0628"]
    assert "beh.init" in faults[0].reason
    assert label_sequences(rows) == {(0x646, 0x628, 0x628)}


def test_rows_that_contradict_each_other_are_named():
    rows = own(
        "a.ttf,1,beh.init", "aa,1,teh.init", "bb,1,teh.init", "aa,01,beh.init", "aa,2,beh.init", "aa,3,-", "aa,4,-"
    )
    assert [(fault.own.row, fault.reason) for fault in conflicts(rows, MANIFEST)] == [
        (3, "the glyph is 'beh.init' in a.csv, row 2"),
        (6, "glyph 1 has this label in a.csv, row 2"),
    ]


# ── applied ──────────────────────────────────────────────────────────────────────────────────
def answered(*rows):
    """Label → glyph of the tiny font before and after what a person said, and the new drops."""
    face, said = FontFace(tiny_font()), own(*rows)
    known = candidates(label_sequences(said))
    before = extract_glyphs(face, known)
    after = relabelled(face, before, said, known)
    drops = [(drop.label, drop.reason) for drop in after.drops[len(before.drops) :]]
    return *({known[glyph.candidate].label: glyph for glyph in part.glyphs} for part in (before, after)), drops, after


def test_a_glyph_gets_the_label_that_a_person_gave():
    before, after, drops, _ = answered("a,14,noon_beh.init", "a,beh.isol,teh.isol")
    assert before["waw.isol"].gids == (14,)
    assert after["noon_beh.init"].contours == before["waw.isol"].contours
    assert after["teh.isol"].contours == before["beh.isol"].contours and len(before["beh.isol"].gids) == 2
    assert before.keys() - after.keys() == {"waw.isol", "beh.isol"}
    assert drops == [("beh.isol", OWN_LABEL), ("waw.isol", OWN_LABEL)]


def test_a_glyph_without_a_name_becomes_one():
    before, after, drops, _ = answered("a,5,beh.init", "a,8,hamza_below")
    assert drops == [("beh.init", OWN_LABEL)]  # it was drawn with a dot
    assert after["beh.init"].gids == (5,) and after["hamza_below"].gids == (8,) and "hamza_below" not in before


def test_labels_can_be_exchanged_confirmed_and_taken_out():
    before, after, drops, _ = answered("a,lam.init,lam.medi", "a,lam.medi,lam.init", "a,14,waw.isol", "a,18,-")
    assert after["lam.init"].contours == before["lam.medi"].contours
    assert after["lam.medi"].contours == before["lam.init"].contours
    assert after["waw.isol"] == before["waw.isol"]
    assert before.keys() - after.keys() == {"arabic_indic_digit_four"}
    assert sorted(label for label, _ in drops) == ["arabic_indic_digit_four", "lam.init", "lam.medi"]


def test_a_label_is_taken_from_the_glyph_that_had_it():
    before, after, drops, _ = answered("a,26,waw.isol")
    assert after["waw.isol"].contours == before["reh.isol"].contours and "reh.isol" not in after
    assert sorted(drops) == [("reh.isol", OWN_LABEL), ("waw.isol", OWN_LABEL)]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("a,teh.isol,beh.isol", "the font has no glyph of this label"),
        ("a,999,beh.isol", "the font has 28, counted from 0"),
        ("a,21,beh.isol", "it has no outline"),
    ],
)
def test_a_row_without_its_glyph_is_told(row, why):
    *_, after = answered(row)
    (drop,) = [drop for drop in after.drops if drop.reason == NO_GLYPH]
    assert drop.detail == f"a.csv, row 2: glyph '{row.split(',')[1]}': {why}"
