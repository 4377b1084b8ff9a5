import numpy as np
import pytest

from glyphlens.commands.face_pictures import FONT_SUFFIXES, NO_OUTLINE, face_pictures, open_font
from glyphlens.commands.inputs import find_inputs
from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import unpack_bits
from glyphlens.imaging.raster import DiacriticRule
from glyphlens.imaging.shaping import FontFileError

RULE = DiacriticRule(diacritic_rule="ratio", diacritic_ratio=0.25)


def test_every_glyph_number_has_a_picture_or_a_reason(font_path):
    (face,) = open_font(font_path)
    (pictures,) = face_pictures(face, RULE)
    assert pictures.gids_G.tolist() == list(range(7)) and pictures.faults == {3: NO_OUTLINE}
    ink = unpack_bits(pictures.packed_GHB)
    assert ink[1].all() and ink[2, :17].all() and not ink[2, 18:].any()
    assert ink[6, :64, :64].all() and ink[6].sum() == 64 * 64
    assert not ink[3].any()


def test_geometry_is_relative_to_the_em_and_marked_known(font_path):
    (face,) = open_font(font_path)
    (pictures,) = face_pictures(face, RULE)
    np.testing.assert_allclose(pictures.geometry_GF[6], [0, 0.09, 0.6, 0.69, 0.7, 0.09, 1], atol=1e-6)


@pytest.mark.parametrize("batch", [1, 3, 7, 100])
def test_the_batch_does_not_matter(font_path, batch):
    (face,) = open_font(font_path)
    whole, parts = next(face_pictures(face, RULE)), list(face_pictures(face, RULE, batch))
    assert np.array_equal(np.concatenate([part.packed_GHB for part in parts]), whole.packed_GHB)
    assert np.array_equal(np.concatenate([part.geometry_GF for part in parts]), whole.geometry_GF)
    assert {gid: fault for part in parts for gid, fault in part.faults.items()} == whole.faults


def test_a_font_without_cmap_and_names_gives_the_same_pictures(tmp_path, font_path, font_bytes):
    bare = tmp_path / "bare.ttf"
    bare.write_bytes(font_bytes(without_cmap=True))
    (face,), (bare_face,) = open_font(font_path), open_font(bare)
    assert bare_face.code_points() == set()
    assert np.array_equal(next(face_pictures(bare_face, RULE)).packed_GHB, next(face_pictures(face, RULE)).packed_GHB)


def test_a_glyph_that_cannot_be_read_is_a_fault_and_the_others_go_on(font_path, monkeypatch):
    (face,) = open_font(font_path)
    read = face.outline

    def broken(gid):
        if gid == 4:
            raise FontFileError("glyph 4 cannot be read (invalid outline)")
        return read(gid)

    monkeypatch.setattr(face, "outline", broken)
    (pictures,) = face_pictures(face, RULE)
    assert pictures.faults == {3: NO_OUTLINE, 4: "glyph 4 cannot be read (invalid outline)"}
    assert not pictures.packed_GHB[4].any() and pictures.packed_GHB[5].any()


@pytest.mark.parametrize("ascent", [0, 600, 2500, 9000])
def test_the_line_spacing_changes_nothing(tmp_path, font_path, font_bytes, ascent):
    other = tmp_path / "other.ttf"
    other.write_bytes(font_bytes(ascent=ascent))
    before, after = (next(face_pictures(open_font(path)[0], RULE)) for path in (font_path, other))
    assert np.array_equal(before.packed_GHB, after.packed_GHB)
    assert np.array_equal(before.geometry_GF, after.geometry_GF)


@pytest.mark.parametrize("width", [0, 700, 1000])
@pytest.mark.parametrize("kind", ["ratio", "hybrid"])
def test_advances_that_say_nothing_are_guessed_from_the_outlines(tmp_path, font_bytes, width, kind):
    path = tmp_path / "even.ttf"
    path.write_bytes(font_bytes(advances=[500, width, width, 123, width, width, width]))  # 3 is blank, 0 is .notdef
    rule = DiacriticRule(diacritic_rule=kind, diacritic_ratio=0.25)
    pictures = next(face_pictures(open_font(path)[0], rule))
    advances_G = pictures.geometry_GF[:, 4]
    np.testing.assert_allclose(advances_G, [0.4, 0.6, 0.6, 0, 0.08, 0.6, 0], atol=1e-6)  # 6 floats as marks do
    assert np.unpackbits(pictures.packed_GHB[4], axis=-1).any(axis=1).sum() == 128


def test_advances_that_differ_are_the_fonts_own(tmp_path, font_bytes):
    path = tmp_path / "uneven.ttf"
    path.write_bytes(font_bytes(advances=[500, 700, 700, 700, 700, 700, 0]))
    advances_G = next(face_pictures(open_font(path)[0], RULE)).geometry_GF[:, 4]
    np.testing.assert_allclose(advances_G, [0.5, *[0.7] * 5, 0], atol=1e-6)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"no font at all", "no font"),
        (b"\x00\x01\x00\x00" + b"\xff" * 40, "FreeType cannot open"),
        (b"wOF2" + bytes(60), "does not unpack"),
    ],
)
def test_what_is_no_font_is_named(tmp_path, content, message):
    path = tmp_path / "bad.ttf"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        open_font(path)
    assert "bad.ttf" in str(caught.value)


def test_a_missing_font_is_named(tmp_path):
    with pytest.raises(InputError, match=r"gone\.ttf: no such file"):
        open_font(tmp_path / "gone.ttf")


def test_a_folder_stands_for_its_fonts(tmp_path, font_path):
    (tmp_path / "below").mkdir()
    other = tmp_path / "below" / "OTHER.TTF"
    other.write_bytes(font_path.read_bytes())
    (tmp_path / "note.txt").write_text("no font")
    assert find_inputs([tmp_path], FONT_SUFFIXES) == (sorted([other, font_path]), [])
    (tmp_path / "empty").mkdir()
    (problem,) = find_inputs([tmp_path / "empty"], FONT_SUFFIXES).problems
    assert "empty: no file of the right kind in this folder (.ttf" in problem


def test_many_points_are_drawn_in_smaller_batches(font_path, monkeypatch):
    (face,) = open_font(font_path)
    whole = next(face_pictures(face, RULE))
    monkeypatch.setattr("glyphlens.commands.face_pictures.BATCH_POINTS", 9)
    parts = list(face_pictures(face, RULE))
    assert len(parts) > 2 and max(len(part.gids_G) for part in parts) < 7
    assert np.array_equal(np.concatenate([part.gids_G for part in parts]), whole.gids_G)
    assert np.array_equal(np.concatenate([part.packed_GHB for part in parts]), whole.packed_GHB)


def test_outlines_are_kept_up_to_a_number_of_points(font_path, monkeypatch):
    (face,) = open_font(font_path)
    outlines = [face.outline(gid) for gid in range(7)]
    (again,) = open_font(font_path)
    monkeypatch.setattr("glyphlens.imaging.shaping.MOST_KEPT_POINTS", 8)
    for gid in (*range(7), *range(7)):
        assert np.array_equal(again.outline(gid).points_P2, outlines[gid].points_P2)
        assert sum(len(kept.tags_P) for kept in again._outlines.values()) <= 8
