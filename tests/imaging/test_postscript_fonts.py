from contextlib import suppress

import numpy as np
import pytest

from glyphlens.imaging.font_bytes import FontFileError
from glyphlens.imaging.postscript_fonts import is_mac_font, is_postscript_font, opentype_bytes
from glyphlens.imaging.shaping import FontFace
from tests.old_fonts import ADVANCE, as_cff, as_dfont, as_pfb, type1_font
from tests.tiny_fonts import tiny_font

SHAPES = {".notdef": [(50, 0, 450, 700)], "a": [(0, 0, 600, 600)], "b": [(0, 0, 90, 500), (200, 0, 290, 500)], "c": []}
PFA = type1_font(SHAPES, {65: "a", 66: "b"})
TRUETYPE = tiny_font()
CFF = as_cff(TRUETYPE)
KINDS = {"pfa": PFA, "pfb": as_pfb(PFA), "cff": CFF}


@pytest.mark.parametrize("kind", ["pfa", "pfb"])
def test_a_type1_font_keeps_its_glyphs_by_number(kind):
    assert is_postscript_font(KINDS[kind])
    face = FontFace(opentype_bytes(KINDS[kind]))
    assert face.glyph_count == 4 and face.metrics.upem == 1000
    assert face.metrics.ascent == 800 and face.metrics.descent == -200
    assert set(map(tuple, face.outline(1).points_P2.tolist())) == {(0, 0), (600, 0), (600, 600), (0, 600)}
    assert len(face.outline(2).ends_C) == 2 and len(face.outline(3).ends_C) == 0
    assert [face.advance(gid) for gid in range(4)] == [ADVANCE] * 4


def test_a_bare_cff_keeps_its_glyphs_by_number():
    assert is_postscript_font(CFF) and not is_postscript_font(TRUETYPE)
    face, plain = FontFace(opentype_bytes(CFF)), FontFace(TRUETYPE)
    assert face.glyph_count == plain.glyph_count
    for gid in range(plain.glyph_count):
        corners = [set(map(tuple, each.outline(gid).points_P2.tolist())) for each in (face, plain)]
        assert corners[0] == corners[1] and face.advance(gid) == plain.advance(gid)


def test_a_dfont_gives_its_faces():
    assert is_mac_font(as_dfont([TRUETYPE]))
    assert opentype_bytes(as_dfont([TRUETYPE])) == TRUETYPE
    both = opentype_bytes(as_dfont([TRUETYPE, TRUETYPE]))
    for index in range(2):
        face = FontFace(both, index)
        assert np.array_equal(face.outline(9).points_P2, FontFace(TRUETYPE).outline(9).points_P2)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_font_that_is_cut_off_says_so(kind):
    data = KINDS[kind]
    with pytest.raises(FontFileError, match="cut off|cannot be read|cannot open"):
        opentype_bytes(data[: (data.find(b"0" * 64) if kind == "pfa" else len(data)) * 2 // 3])


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_whatever_is_cut_or_changed_is_a_font_or_a_named_fault(kind):
    data = KINDS[kind]
    random = np.random.default_rng(1)
    for _ in range(40):
        broken = bytearray(data[: int(random.integers(5, len(data)))])
        for place in random.integers(4, len(broken), 3):
            broken[place] = int(random.integers(256))
        with suppress(FontFileError):
            assert opentype_bytes(bytes(broken))


def test_a_dfont_without_a_face_says_what_it_holds():
    with pytest.raises(FontFileError, match=r"without a TrueType or OpenType face \(it holds POST\)"):
        opentype_bytes(as_dfont([b"x"], b"POST"))
    with pytest.raises(FontFileError, match="dfont"):
        opentype_bytes(as_dfont([TRUETYPE])[:300])
