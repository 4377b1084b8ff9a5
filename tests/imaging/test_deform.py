import numpy as np
import pytest

from glyphlens.imaging.deform import (
    Deformations,
    DeformParams,
    deform,
    displacement,
    draw_deformations,
    embolden,
    stroke_widths,
)
from glyphlens.imaging.freetype_outlines import FixedOutlines
from glyphlens.imaging.outlines import join_outlines
from tests.imaging.shapes import box, circle, outline, reversed_outline

BAR = outline(box(0, 0, 100, 1000))
RING = outline(circle(500, 500, 400, cubic=True), circle(500, 500, 300, cubic=True, hole=True))
FULL = DeformParams(slant=0.15, width=0.12, weight=0.02, jitter=0.006)
STILL = DeformParams(slant=0, width=0, weight=0, jitter=0)
UPEM = np.array([1000.0])


def boxes(outlines) -> np.ndarray:
    return FixedOutlines(outlines).bounding_boxes()


def one(**changes: float) -> Deformations:
    still = draw_deformations(0, np.array([1]), 1, STILL)
    return still._replace(**{name: np.array([value]) for name, value in changes.items()})


def test_a_copy_depends_on_seed_glyph_and_copy_alone() -> None:
    together = draw_deformations(7, np.array([3, 8]), 4, FULL)
    alone = draw_deformations(7, np.array([8]), 4, FULL)
    assert all(np.array_equal(a[4:], b) for a, b in zip(together, alone, strict=True))
    assert len(np.unique(together.shear_G)) == 8
    assert not np.array_equal(draw_deformations(8, np.array([8]), 4, FULL).shear_G, alone.shear_G)


def test_amounts_stay_within_their_limits_and_use_them() -> None:
    drawn = draw_deformations(1, np.arange(500), 2, FULL)
    for values, limit in ((drawn.shear_G, 0.15), (drawn.x_scale_G - 1, 0.12), (drawn.weight_G, 0.02)):
        assert np.abs(values).max() <= limit
        assert values.max() > 0.9 * limit
        assert values.min() < -0.9 * limit


def test_nothing_asked_nothing_changed() -> None:
    outlines = join_outlines([BAR, RING])
    still = deform(outlines, draw_deformations(1, np.arange(2), 1, STILL), np.full(2, 1000.0))
    np.testing.assert_allclose(still.points_P2, outlines.points_P2, atol=1 / 64)


def test_slant_and_width() -> None:
    bar = join_outlines([BAR])
    slanted = boxes(deform(bar, one(shear_G=0.1), UPEM))[0]
    np.testing.assert_allclose(slanted, [0, 0, 200, 1000], atol=0.1)
    wide = boxes(deform(bar, one(x_scale_G=1.1), UPEM))[0]
    np.testing.assert_allclose(wide, [0, 0, 110, 1000], atol=0.1)


@pytest.mark.parametrize("shape", [BAR, reversed_outline(BAR)])
@pytest.mark.parametrize("strength", [20.0, -20.0])
def test_emboldening_moves_both_edges_whatever_the_direction(shape, strength: float) -> None:
    half = strength / 2
    found = boxes(embolden(join_outlines([shape]), np.array([strength])))[0]
    np.testing.assert_allclose(found, [-half, -half, 100 + half, 1000 + half], atol=0.1)


def test_emboldening_closes_a_hole_and_thinning_opens_it() -> None:
    ring = join_outlines([RING])
    plain, bold, thin = (stroke_widths(embolden(ring, np.array([s])))[0] for s in (0.0, 30.0, -30.0))
    assert thin < plain - 20
    assert bold > plain + 20


def test_strokes_are_never_thinned_away() -> None:
    hairline = join_outlines([outline(box(0, 0, 10, 1000))])
    left, _, right, _ = boxes(deform(hairline, one(weight_G=-0.02), UPEM))[0]
    assert 5 < right - left < 8


def test_stroke_width_of_a_bar_and_a_ring() -> None:
    widths = stroke_widths(join_outlines([outline(box(0, 0, 10, 1000)), RING]))
    assert widths[0] == pytest.approx(10, rel=0.02)
    assert widths[1] == pytest.approx(100, rel=0.15)


def test_displacement_is_smooth_and_of_the_asked_size() -> None:
    grid = np.stack(np.meshgrid(np.arange(0, 1000, 10.0), np.arange(0, 1000, 10.0)), axis=-1)
    points = outline([(x, y, 1) for x, y in grid.reshape(-1, 2)])
    copies = 40
    many = join_outlines([points]).repeat(copies)
    drawn = draw_deformations(5, np.array([1]), copies, FULL)
    moved = displacement(many, drawn, np.full(copies, 1000.0)).reshape(copies, 100, 100, 2)
    assert moved.std() == pytest.approx(6, rel=0.25)
    assert np.abs(np.diff(moved, axis=1)).max() < 3  # font units between points 10 units apart


def test_neutral_undoes_one_copy_only() -> None:
    outlines = join_outlines([RING]).repeat(2)
    drawn = draw_deformations(3, np.array([1]), 2, FULL)
    softened = deform(outlines, drawn.neutral(np.array([True, False])), np.full(2, 1000.0))
    np.testing.assert_allclose(softened.glyph(0).points_P2, RING.points_P2, atol=1 / 32)
    untouched = deform(outlines, drawn, np.full(2, 1000.0))
    assert np.array_equal(softened.glyph(1).points_P2, untouched.glyph(1).points_P2)
    assert drawn.without_weight(np.array([True, False])).weight_G.tolist() == [0, drawn.weight_G[1]]
