import contextlib
import io
import struct

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.ttLib import TTCollection, TTFont

from glyphlens.imaging.font_bytes import face_count, uncompressed
from glyphlens.imaging.shaping import (
    EMPTY,
    FAMILY_NAMES,
    FontFace,
    FontFileError,
    FontMetrics,
    open_faces,
)
from tests.tiny_fonts import tiny_font

ZWJ = 0x200D
BEH, LAM, ALEF = 0x628, 0x644, 0x627


@pytest.fixture(scope="module")
def face():
    return FontFace(tiny_font())


def test_metrics_come_from_head_hhea_and_os2(face):
    assert face.metrics == FontMetrics(1000, 900, -300, 850, -250, 480, 690, 50)
    assert face.weight == 400
    assert face.name(FAMILY_NAMES) == "Tiny"
    assert face.name((9,)) == ""


def test_characters_and_nominal_glyphs(face):
    assert {BEH, LAM, ALEF} <= face.code_points()
    assert face.glyph(ALEF) == 1 and face.glyph(0x4E00) == 0
    assert face.advance(1) == 700


@pytest.mark.parametrize(
    ("text", "skeleton", "anchor_x"),
    [
        ((BEH,), 4, 300),
        ((BEH, ZWJ), 5, 150),
        ((ZWJ, BEH, ZWJ), 6, 150),
        ((ZWJ, BEH), 7, 300),
    ],
)
def test_joiners_give_the_form_and_the_dot_is_positioned_by_its_anchor(face, text, skeleton, anchor_x):
    parts = face.shape(text)
    assert [part.gid for part in parts] == [8, skeleton]  # right to left: the mark stands before its base
    dot = parts[0]
    assert (dot.x, dot.y) == (anchor_x - 50, -20)
    assert sum(part.advance for part in parts) == 700


def test_ligature_is_one_glyph_in_one_cluster(face):
    assert [(part.gid, part.cluster) for part in face.shape((LAM, ALEF))] == [(13, 0)]


def test_merging_puts_every_part_where_shaping_put_it(face):
    outline = face.merged(face.shape((BEH,)))
    assert outline.ends_C.tolist() == [3, 7] and outline.ends_C.dtype == np.int16
    boxes = [outline.points_P2[:4], outline.points_P2[4:]]
    assert [(box.min(0).tolist(), box.max(0).tolist()) for box in boxes] == [
        ([250, -120], [350, -20]),
        ([0, 0], [600, 200]),
    ]


def test_outlines_are_kept_and_not_moved_by_merging(face):
    before = face.outline(4).points_P2.copy()
    face.merged(face.shape((ZWJ, BEH)))
    assert np.array_equal(face.outline(4).points_P2, before)
    assert face.outline(4) is face.outline(4)


def test_glyph_without_contour_is_empty(face):
    assert face.outline(21) is EMPTY and not len(face.merged(face.shape((0x640,))).ends_C)


def test_missing_character_is_glyph_zero(face):
    assert [part.gid for part in face.shape((0x4E00,))] == [0]


def test_language_of_the_machine_does_not_matter(face, monkeypatch):
    before = face.shape((BEH, ZWJ))
    monkeypatch.setenv("LANG", "ur_PK.UTF-8")
    monkeypatch.setenv("LC_ALL", "ur_PK.UTF-8")
    assert FontFace(tiny_font()).shape((BEH, ZWJ)) == before


@pytest.mark.parametrize("flavor", ["woff", "woff2"])
def test_compressed_fonts_give_the_same_outlines(flavor):
    (face,) = open_faces(tiny_font(flavor=flavor))
    plain = FontFace(tiny_font())
    assert all(np.array_equal(face.outline(gid).points_P2, plain.outline(gid).points_P2) for gid in range(28))


def test_collection_has_its_faces():
    collection = TTCollection()
    collection.fonts = [TTFont(io.BytesIO(tiny_font(name))) for name in ("One", "Two")]
    data = io.BytesIO()
    collection.save(data)
    assert face_count(data.getvalue()) == 2
    assert [face.name(FAMILY_NAMES) for face in open_faces(data.getvalue())] == ["One", "Two"]


def test_cubic_outlines_carry_cubic_tags():
    builder = FontBuilder(1000, isTTF=False)
    builder.setupGlyphOrder([".notdef", "a"])
    builder.setupCharacterMap({ALEF: "a"})
    pen = T2CharStringPen(500, None)
    pen.moveTo((0, 0))
    pen.curveTo((0, 100), (100, 200), (200, 200))
    pen.lineTo((200, 0))
    pen.closePath()
    empty = T2CharStringPen(500, None)
    builder.setupCFF("Cubic", {}, {".notdef": empty.getCharString(), "a": pen.getCharString()}, {})
    builder.setupHorizontalMetrics({".notdef": (500, 0), "a": (500, 0)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupOS2()
    builder.setupNameTable({"familyName": "Cubic", "styleName": "Regular"})
    builder.setupPost()
    data = io.BytesIO()
    builder.save(data)
    outline = FontFace(data.getvalue()).outline(1)
    assert outline.tags_P.tolist().count(2) == 2
    assert [200.0, 200.0] in outline.points_P2.tolist()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"<html>not a font</html>", "begins with 3c 68 74 6d"),
        (b"wOF2" + bytes(40), "does not unpack"),
        (b"wOFF" + b"\xff" * 60, "does not unpack"),
    ],
)
def test_what_is_no_font_is_said(data, said):
    with pytest.raises(FontFileError, match=said):
        uncompressed(data)


@pytest.mark.parametrize("keep", [4, 12, 60, 200, 900])
def test_truncated_fonts_are_refused_or_empty_but_never_crash(keep):
    outlines = []
    with contextlib.suppress(FontFileError):
        (face,) = open_faces(tiny_font()[:keep])
        outlines = [face.outline(gid) for gid in range(face.glyph_count)]
    assert all(len(outline.ends_C) < 3 for outline in outlines)


def test_truncated_woff2_is_refused():
    data = tiny_font(flavor="woff2")
    with pytest.raises(FontFileError, match="wOF2 that does not unpack"):
        uncompressed(data[: len(data) // 2])


def test_impossible_units_per_em_are_refused():
    data = bytearray(tiny_font())
    record = next(offset for tag, offset in _records(data) if tag == b"head")
    head = struct.unpack_from(">I", data, record + 8)[0]
    struct.pack_into(">H", data, head + 18, 1)
    with pytest.raises(FontFileError, match="units per em|FreeType"):
        FontFace(bytes(data))


def _records(data):
    count = struct.unpack_from(">H", data, 4)[0]
    return [(bytes(data[12 + 16 * number : 16 + 16 * number]), 12 + 16 * number) for number in range(count)]
