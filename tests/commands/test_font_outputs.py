import io
from pathlib import Path

import pikepdf
import pytest
from fontTools.feaLib.parser import Parser
from fontTools.ttLib import TTFont

from glyphlens.commands.font_outputs import character_of
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
