import ctypes

import freetype.raw
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.ndimage import binary_dilation, label

from glyphlens.core.errors import ParamsError
from glyphlens.core.params import load_params
from glyphlens.data.sample_set import unpack_bits
from glyphlens.imaging.contours import Outline, format_contours
from glyphlens.imaging.freetype_outlines import BITMAP, OUTLINE, FixedOutlines
from glyphlens.imaging.outlines import join_outlines, parse_many
from glyphlens.imaging.raster import NO_EXTENT, NO_INK, DiacriticRule, Rasters, rasterise
from tests.imaging.shapes import box, circle, outline, outlines, reversed_outline, supersampled

RATIO = DiacriticRule(diacritic_rule="ratio", diacritic_ratio=0.25)
HYBRID = DiacriticRule(diacritic_rule="hybrid", diacritic_ratio=0.25)

SHAPES = {
    "overlap": outline(box(0, 0, 600, 300), box(200, 100, 400, 900)),
    "hole": outline(box(0, 0, 700, 700), box(200, 200, 500, 500, hole=True)),
    "quadratic ring": outline(circle(300, 300, 300, cubic=False), circle(300, 300, 150, cubic=False, hole=True)),
    "cubic ring": outline(circle(300, 300, 300, cubic=True), circle(300, 300, 120, cubic=True, hole=True)),
    "ring of both": outline(circle(400, 300, 390, cubic=True), circle(400, 280, 200, cubic=False, hole=True)),
    "starts off-curve": outline([(0, 0, 0), (500, 0, 1), (700, 800, 0), (300, 700, 0), (0, 400, 1)]),
    "bow tie": outline([(0, 0, 1), (600, 500, 1), (600, 0, 1), (0, 500, 1)]),
    "meem with tail": outline(
        circle(500, 200, 200, cubic=False), circle(500, 200, 90, cubic=True, hole=True), box(0, 0, 400, 60)
    ),
}


def drawn(*shapes: Outline, em_height: float = 1000.0, advance: float = np.nan, rule: DiacriticRule = RATIO) -> Rasters:
    count = len(shapes)
    return rasterise(join_outlines(shapes), np.full(count, em_height), np.full(count, advance), rule)


def picture(shape: Outline, em_height: float = 1000.0) -> np.ndarray:
    return unpack_bits(drawn(shape, em_height=em_height).packed_GHB)[0].astype(bool)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_exact_coverage_agrees_with_twofold_supersampling(shape: Outline) -> None:
    share_HW = supersampled(shape, 128, 128)
    differs = picture(shape) != (share_HW >= 0.5)
    assert differs.mean() < 0.005
    edge = binary_dilation(share_HW > 0, np.ones((3, 3))) & binary_dilation(share_HW < 1, np.ones((3, 3)))
    assert not (differs & ~edge).any()


@settings(deadline=None, max_examples=60)
@given(outlines)
@example(outline([(0, 0, 1), (0, 2498, 2), (0, 0, 2), (-178, 0, 1)]))  # a hair, all of it edge
def test_direction_does_not_matter(shape: Outline) -> None:
    """A PostScript outline turns the other way than a TrueType one; rounding may differ at an edge, nothing inside."""
    one, other = picture(shape), picture(reversed_outline(shape))
    differs = one != other
    edge = binary_dilation(~(one | other), np.ones((3, 3)), border_value=1)
    assert not (differs & ~edge).any()
    assert differs.sum() <= 16


@settings(deadline=None, max_examples=60)
@given(outlines, st.integers(-2000, 2000), st.integers(-2000, 2000))
def test_the_origin_does_not_matter(shape: Outline, x: int, y: int) -> None:
    moved = shape._replace(points_P2=shape.points_P2 + np.array([x, y]))
    assert (picture(shape) != picture(moved)).sum() <= 4


@pytest.mark.parametrize(
    ("name", "backgrounds"),
    [("hole", 2), ("quadratic ring", 2), ("cubic ring", 2), ("overlap", 1), ("meem with tail", 2)],
)
def test_holes_stay_open_and_overlaps_are_filled(name: str, backgrounds: int) -> None:
    """Background within a margin around the picture: the outside, and every hole."""
    _, found = label(~np.pad(picture(SHAPES[name]), 1))
    assert found == backgrounds
    _, parts = label(picture(SHAPES[name]))
    assert parts == 1


def test_row_0_is_the_top_and_the_anchor_is_top_left() -> None:
    ink = picture(outline([(100, -200, 1), (300, -200, 1), (100, 200, 1)]))  # right angle at the lower left
    assert ink[:, 0].sum() >= 126
    assert ink[-1].sum() == pytest.approx(64, abs=1)
    assert ink[0].sum() <= 1
    assert not ink[:, 65:].any()


@pytest.mark.parametrize(("side", "target"), [(249, 64), (250, 128), (251, 128)])
def test_the_longer_side_reaches_its_target(side: int, target: int) -> None:
    shape = outline(box(10, 20, 10 + side, 20 + side / 2))
    placements = drawn(shape).placements
    assert (placements.target_px_G, placements.is_diacritic_G) == ([target], [target == 64])
    assert placements.scale_G == pytest.approx([target / side])
    assert placements.boxes_G4.tolist() == [[10, 20, 10 + side, 20 + side / 2]]
    assert placements.ratio_G == pytest.approx([side / 1000])
    ink = picture(shape)
    assert (ink.any(axis=0).sum(), ink.any(axis=1).sum()) == (target, target // 2)
    assert ink[0, 0]


def test_the_box_is_that_of_the_curve_not_of_its_controls() -> None:
    arch = outline([(0, 0, 1), (100, 200, 0), (200, 0, 1)])
    assert drawn(arch).placements.boxes_G4.tolist() == [[0, 0, 200, 100]]


@pytest.mark.parametrize(
    ("side", "advance", "expected"), [(140, 500, True), (160, 500, False), (600, 99, True), (160, np.nan, False)]
)
def test_hybrid_rule(side: int, advance: float, expected: bool) -> None:
    shape = outline(box(0, 0, side, side))
    assert drawn(shape, advance=advance, rule=HYBRID).placements.is_diacritic_G.tolist() == [expected]


def test_many_are_drawn_as_one_by_one() -> None:
    shapes = [*SHAPES.values()] * 10  # more than one block
    rasters = drawn(*shapes)
    assert rasters.packed_GHB.shape == (80, 128, 16)
    assert rasters.faults == {}
    singles = [picture(shape) for shape in shapes]
    assert np.array_equal(unpack_bits(rasters.packed_GHB), np.stack(singles))


def test_what_cannot_be_drawn_is_named_and_left_blank() -> None:
    point = outline([(5, 5, 1), (5, 5, 0), (5, 5, 0)])
    line = outline([(0, 0, 1), (500, 0, 1)])
    good = outline(box(0, 0, 9, 9))
    texts = [format_contours(point), format_contours(line), "[[", format_contours(good)]
    outlines, faults = parse_many(texts)
    rasters = rasterise(outlines, np.full(4, 1000.0), np.full(4, np.nan), RATIO, faults)
    assert (rasters.faults[0], rasters.faults[1]) == (NO_EXTENT, NO_INK)
    assert "not valid JSON" in rasters.faults[2]
    assert rasters.packed_GHB.any(axis=(1, 2)).tolist() == [False, False, False, True]


def test_records_have_the_layout_of_freetypes_structures() -> None:
    for record, structure in ((OUTLINE, freetype.raw.FT_Outline), (BITMAP, freetype.raw.FT_Bitmap)):
        assert record.itemsize == ctypes.sizeof(structure)
        offsets = [getattr(structure, name).offset for name, *_ in structure._fields_]
        assert [offset for _, offset in (record.fields[name] for name in record.names)] == offsets


def test_coverage_is_the_exact_area() -> None:
    part = outline(box(0, 0, 1.5, 0.5))
    grey = FixedOutlines(join_outlines([part, reversed_outline(part)])).coverage(2, 2, slice(None))
    assert grey.tolist() == [[[0, 0], [127, 63]], [[0, 0], [128, 64]]]


@pytest.mark.parametrize("turn", [lambda shape: shape, reversed_outline])
def test_a_pixel_covered_by_half_is_ink_whatever_the_direction(turn) -> None:
    half = turn(outline(box(0, 0, 128, 100.5)))  # one pixel a unit
    assert picture(half, em_height=100).any(axis=1).sum() == 101


def test_the_rule_of_params_yaml_is_checked(tmp_path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("rule: {diacritic_rule: guess, diacritic_ratio: 0.25}")
    with pytest.raises(ParamsError, match="rule.diacritic_rule"):
        load_params(DiacriticRule, "rule", path)
