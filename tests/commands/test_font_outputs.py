import io
from pathlib import Path

import pandas as pd
import pikepdf
import pytest
from fontTools.feaLib.parser import Parser
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables._c_m_a_p import CmapSubtable

from glyphlens.commands.font_outputs import character_of, font_with_cmap, save_font_output
from glyphlens.core.errors import InputError
from glyphlens.imaging.shaping import FontFace
from glyphlens.sources.pdf.cmaps import parse_cmap
from tests.checkout import ROOT
from tests.old_fonts import as_cff
from tests.pdf_files import drawn

MODEL = ROOT / "models/arabic/release"


@pytest.fixture
def font(tmp_path) -> Path:
    """A CFF without names and cmap."""
    path = tmp_path / "old.cff"
    path.write_bytes(as_cff(drawn().data))
    return path


def test_a_font_gets_a_cmap_with_which_text_can_be_typed(font, tmp_path, glyphlens):
    out = tmp_path / "new.otf"
    assert glyphlens("identify", font, "--write", out, "--model", MODEL)[0] == 0
    face = FontFace(out.read_bytes())
    texts = drawn().texts
    for character in "ابمو":
        assert texts[face.glyph(ord(character))] == character
    assert texts[face.glyph(0xFEFB)] == "لا" and texts[face.glyph(0xFEE4)] == "م"
    assert face.glyph_count == TTFont(io.BytesIO(drawn().data))["maxp"].numGlyphs


def in_tables(data: bytes, *kinds: tuple[int, int, int]) -> bytes:
    """The font with one character, x, in tables of these formats, platforms and encodings."""
    font = TTFont(io.BytesIO(data))
    font["cmap"].tables = []
    for number, platform, encoding in kinds:
        table = CmapSubtable.newSubtable(number)
        table.platformID, table.platEncID, table.language = platform, encoding, 0
        table.cmap = {ord("x"): font.getGlyphOrder()[1]}
        font["cmap"].tables.append(table)
    stream = io.BytesIO()
    font.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize("kinds", [[(4, 3, 0)], [(4, 3, 1), (12, 3, 10)], [(4, 0, 3), (12, 0, 4)], []])
def test_characters_are_found_whichever_table_is_read(kinds):
    answers = pd.DataFrame([{"gid": 2, "code_points": "U+0628", "form": "isol", "confidence": 1.0}])
    made = font_with_cmap(in_tables(drawn().data, *kinds), answers)
    assert FontFace(made).glyph(0x0628) == 2
    tables = {(each.platformID, each.platEncID): each.cmap for each in TTFont(io.BytesIO(made))["cmap"].tables}
    assert all({ord("x"), 0x0628} <= set(tables[platform, encoding]) for _, platform, encoding in kinds)
    assert 0x0628 in tables[3, 1]


@pytest.mark.parametrize("suffix", ["ttf", "fea"])
def test_a_font_whose_tables_cannot_be_read_is_named(tmp_path, suffix):
    data = bytearray(drawn().data)
    place = data.index(b"maxp") + 8  # where the table of contents says that it begins
    data[place : place + 4] = b"\xff\xff\xff\x00"
    path = tmp_path / "broken.ttf"
    path.write_bytes(data)
    columns = {"face": [0], "fault": [""], "confidence": [1.0], "gid": [2]}
    table = pd.DataFrame({**columns, "code_points": ["U+0628"], "form": ["isol"], "label": ["beh.isol"]})
    with pytest.raises(InputError, match="broken.ttf: its tables cannot be read"):
        save_font_output(tmp_path / f"new.{suffix}", path, table, 0.5)


def test_glyph_classes_and_a_cmap_are_written(font, tmp_path, glyphlens):
    classes, cmap = tmp_path / "new.fea", tmp_path / "new.cmap"
    assert glyphlens("identify", font, "--write", classes, "--write", cmap, "--model", MODEL)[0] == 0
    names = TTFont(io.BytesIO(drawn().data)).getGlyphOrder()
    statements = Parser(classes, glyphNames=names).parse().statements
    found = {each.name: each.glyphSet() for each in statements if hasattr(each, "name")}
    (beh,) = (code for code, text in drawn().texts.items() if text == "ب" and names[code] in found["beh.isol"])
    assert names[beh] in found["all.isol"]
    pdf = pikepdf.new()
    texts = parse_cmap(pdf.make_stream(cmap.read_bytes())).texts
    shared = {code: text for code, text in drawn().texts.items() if code in texts}
    right = [texts[code] == text for code, text in shared.items()]
    assert len(right) > 20 and sum(right) >= 0.9 * len(right)


@pytest.mark.parametrize("name", ["new.txt", "new"])
def test_files_of_other_kinds_are_refused(font, tmp_path, glyphlens, name):
    status, _, err = glyphlens("identify", font, "--write", tmp_path / name, "--model", MODEL)
    assert status == 2 and "--write takes a file called .ttf, .otf, .fea, .cmap" in err


def test_forms_have_characters_of_their_own():
    assert character_of((0x0628,), "isol") == 0x0628 and character_of((0x064E,), "") == 0x064E
    assert character_of((0x0628,), "init") == 0xFE91 and character_of((0x0644, 0x0627), "fina") == 0xFEFC
    assert character_of((0x0628, 0x0644, 0x0627), "init") is None
