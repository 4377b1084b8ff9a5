"""SVG path data → points along a stroke."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glyphlens.core.errors import InputError
from glyphlens.imaging.stroke_paths import path_segments, resample, stroke_line


def test_the_four_forms_of_one_curve_are_the_same() -> None:
    absolute = "M10,20C12,22 14,24 20,24C26,24 28,22 30,20"
    relative = "m10,20c2,2 4,4 10,4c6,0 8,-2 10,-4"
    smooth = "M10 20 C12 22 14 24 20 24 S28 22 30 20"
    compact = "M10,20c2,2,4,4,10,4s8-2,10-4"
    expected = path_segments(absolute)
    assert expected.shape == (2, 4, 2)
    for path in (relative, smooth, compact):
        np.testing.assert_allclose(path_segments(path), expected)


def test_a_command_repeats_without_its_letter() -> None:
    np.testing.assert_allclose(
        path_segments("M0,0c1,0,2,0,3,0,1,0,2,0,3,0"), path_segments("M0,0c1,0,2,0,3,0c1,0,2,0,3,0")
    )


def test_points_are_spaced_equally_along_a_quarter_circle() -> None:
    k = 0.5522847  # of the radius: Bézier's quarter circle
    points_K2 = resample(stroke_line(f"M10,0C10,{10 * k} {10 * k},10 0,10"), 33)
    steps = np.hypot(*np.diff(points_K2, axis=0).T)
    assert steps.max() / steps.min() < 1.02
    assert steps.sum() == pytest.approx(10 * np.pi / 2, rel=0.003)
    np.testing.assert_allclose(np.hypot(*points_K2.T), 10, atol=0.06)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("M1,1L2,2", "'L' is not expected"),
        ("1,1c0,0,1,1,2,2", "begins with a number"),
        ("M1,1c0,0,1", "ends within 'c'"),
        ("M1,1c0,0,1M1,1", "'M' is not expected"),
        ("M1,1", "no curve"),
        ("", "no curve"),
    ],
)
def test_paths_that_cannot_be_read(path: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        path_segments(path)


@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=2, max_size=9), st.integers(2, 40))
def test_resampling_keeps_the_ends_and_never_lengthens(corners: list[tuple[float, float]], count: int) -> None:
    line_P2 = np.array(corners)
    resampled_K2 = resample(line_P2, count)
    assert resampled_K2.shape == (count, 2)
    np.testing.assert_allclose(resampled_K2[[0, -1]], line_P2[[0, -1]], atol=1e-9)
    length, before = (np.hypot(*np.diff(each, axis=0).T).sum() for each in (resampled_K2, line_P2))
    assert length <= before + 1e-9
