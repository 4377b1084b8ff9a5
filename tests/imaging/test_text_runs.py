"""Shaped text as outlines and as coverage."""

from pathlib import Path

import matplotlib
import numpy as np
import pytest

from glyphlens.imaging import text_runs
from glyphlens.imaging.deform import DeformParams, draw_deformations
from glyphlens.imaging.text_runs import SetGlyphs, TextFace, coverage, set_glyphs, side_by_side

DEJAVU = Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf")


@pytest.fixture(scope="module")
def face() -> TextFace:
    return TextFace(DEJAVU.read_bytes())


def glyphs_of(face: TextFace, text: str) -> SetGlyphs:
    return set_glyphs(face, face.shape(text, "Latn", "en"))


def in_pixels(glyphs: SetGlyphs, size_px: float) -> SetGlyphs:
    return glyphs._replace(points_P2=glyphs.points_P2 * size_px + (2.0, size_px * 0.3))


def test_glyphs_stand_one_behind_the_other(face: TextFace) -> None:
    run = face.shape("ab c", "Latn", "en")
    assert run.characters_G.tolist() == [0, 1, 2, 3]
    assert (np.diff(run.origins_G2[:, 0]) > 0).all()
    assert run.advance > run.origins_G2[-1, 0]
    assert len(set_glyphs(face, run).points_G) == 4


def test_a_deformed_face_draws_a_glyph_alike_wherever_it_stands(face: TextFace) -> None:
    amounts = DeformParams(slant=0.0, width=0.0, weight=0.04, jitter=0.02)
    one = draw_deformations(7, np.zeros(1, np.int64), 1, amounts)
    run = face.shape("ab a", "Latn", "en")
    plain, changed = set_glyphs(face, run), set_glyphs(face, run, deformation=one)
    starts_G = np.cumsum(changed.points_G) - changed.points_G
    first, last = (changed.points_P2[starts_G[g] : starts_G[g] + changed.points_G[g]] for g in (0, 3))
    moved_2 = run.origins_G2[3] - run.origins_G2[0]
    np.testing.assert_allclose(last - moved_2, first, atol=1e-9)
    assert 0.005 < np.abs(changed.points_P2 - plain.points_P2).max() < 0.15
    for name in ("tags_P", "lengths_C", "points_G", "contours_G"):
        np.testing.assert_array_equal(getattr(changed, name), getattr(plain, name))
    nothing = face.shape("\u200b", "Latn", "en")
    assert len(set_glyphs(face, nothing, deformation=one).points_P2) == 0


def test_what_a_face_lacks_is_named(face: TextFace) -> None:
    run = face.shape("aក", "Khmr", "km")
    assert face.fault(run, "aក") == "has no glyph for U+1780"
    assert face.fault(face.shape("a", "Latn", "en"), "a") == ""


def test_zero_width_characters_take_no_place(face: TextFace) -> None:
    assert face.shape("a\u200bb", "Latn", "en").advance == pytest.approx(face.shape("ab", "Latn", "en").advance)


def test_blocks_draw_what_one_outline_would(face: TextFace, monkeypatch: pytest.MonkeyPatch) -> None:
    line = in_pixels(glyphs_of(face, "Hamburgefonstiv, 0123 & i j"), 30)
    whole_width = 480
    found_HW = coverage(line, 48, whole_width)
    monkeypatch.setattr(text_runs, "BLOCK_POINTS", 10**9)
    whole_HW = coverage(line, 48, whole_width)
    assert whole_HW.max() == 255
    assert np.abs(found_HW.astype(int) - whole_HW).max() <= 2


def test_nothing_is_drawn_beyond_the_picture(face: TextFace) -> None:
    line = in_pixels(glyphs_of(face, "Hamburg"), 30)
    cut_HW = coverage(line._replace(points_P2=line.points_P2 - (20.0, 0.0)), 48, 30)
    np.testing.assert_array_equal(cut_HW, coverage(line, 48, 300)[:, 20:50])


def test_bold_is_wider(face: TextFace) -> None:
    line = in_pixels(glyphs_of(face, "il"), 30)
    plain_HW, bold_HW = (coverage(line, 48, 60, bold) for bold in (0.0, 1.5))
    assert (bold_HW >= plain_HW).all()
    assert bold_HW.sum() > 1.2 * plain_HW.sum()


def test_no_glyphs_draw_nothing(face: TextFace) -> None:
    assert not coverage(glyphs_of(face, " "), 20, 20).any()


def test_glyphs_are_moved_and_chosen_one_by_one(face: TextFace) -> None:
    both = side_by_side([glyphs_of(face, "o"), glyphs_of(face, "x")])
    moved = both.moved(np.array([0.0, 5.0]))
    assert moved.some(np.array([True, False])).points_P2.max() < 1
    assert moved.some(np.array([False, True])).points_P2[:, 0].min() > 4.9
    assert coverage(in_pixels(moved.some(np.array([False, True])), 20), 30, 200).any()
