import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from glyphlens.imaging.contours import Outline, format_contours
from glyphlens.imaging.outlines import hash_outlines, join_outlines, parse_many
from tests.imaging.shapes import box, outline, outlines


def same(first: Outline, second: Outline) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


@settings(deadline=None)
@given(st.lists(outlines, max_size=5))
def test_joining_keeps_each_glyph(shapes: list[Outline]) -> None:
    joined = join_outlines(shapes)
    assert len(joined) == len(shapes)
    assert all(same(joined.glyph(number), shape) for number, shape in enumerate(shapes))


@settings(deadline=None)
@given(st.lists(outlines, max_size=4), st.integers(1, 3))
def test_repeating_puts_copies_in_a_row(shapes: list[Outline], times: int) -> None:
    repeated = join_outlines(shapes).repeat(times)
    assert len(repeated) == len(shapes) * times
    assert all(same(repeated.glyph(number), shapes[number // times]) for number in range(len(repeated)))


def test_a_bad_row_does_not_touch_its_neighbours() -> None:
    shape = outline(box(0, 0, 10, 10))
    text = format_contours(shape)
    parsed, faults = parse_many([text, "[[", text, '[[["moveTo",["a",0]],["lineTo",[1,1]],["closePath",null]]]'])
    assert sorted(faults) == [1, 3]
    assert parsed.point_counts_G.tolist() == [4, 0, 4, 0]
    assert same(parsed.glyph(2), shape)


@settings(deadline=None)
@given(outlines, st.integers(-500, 500))
def test_the_hash_does_not_see_a_shift_along_the_baseline(shape: Outline, x: int) -> None:
    steps = shape._replace(points_P2=np.rint(shape.points_P2))
    moved = steps._replace(points_P2=steps.points_P2 + np.array([x, 0]))
    first, second = hash_outlines(join_outlines([steps, moved]))
    assert first == second


def test_the_hash_sees_height_tags_and_contours() -> None:
    shape = outline(box(0, 0, 10, 10))
    raised = shape._replace(points_P2=shape.points_P2 + np.array([0, 1]))
    curved = shape._replace(tags_P=np.array([1, 0, 1, 1], np.uint8))
    split = shape._replace(ends_C=np.array([1, 3], np.int16))
    assert len(set(hash_outlines(join_outlines([shape, raised, curved, split])))) == 4
