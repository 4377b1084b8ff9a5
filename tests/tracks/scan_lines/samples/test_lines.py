"""Lines by themselves: mean 0, deviation 1, blind to gain and offset, zeros where there is nothing to see."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from glyphlens.tracks.scan_lines.samples.lines import standardized

LINES = arrays(
    np.float32, array_shapes(min_dims=3, max_dims=3, min_side=2, max_side=9), elements=st.floats(-4, 4, width=32)
)


@given(LINES)
def test_each_line_has_mean_0_and_deviation_1_or_is_zeros(lines_NLS: NDArray[np.float32]) -> None:
    found = standardized(lines_NLS)
    assert found.dtype == np.float32 and found.shape == lines_NLS.shape
    flat_NL = lines_NLS.max(axis=2) == lines_NLS.min(axis=2)
    assert not found[flat_NL].any()
    np.testing.assert_allclose(found.astype(float).mean(axis=2), 0, atol=1e-5)
    np.testing.assert_allclose(found.astype(float).std(axis=2)[~flat_NL], 1, atol=1e-5)


@given(LINES, st.integers(1, 8), st.integers(-8, 8))
def test_gain_and_offset_are_not_seen(lines_NLS: NDArray[np.float32], gain: int, offset: int) -> None:
    whole = np.rint(lines_NLS * 16)  # so that neither is lost in rounding
    np.testing.assert_allclose(standardized(whole * gain + offset), standardized(whole), atol=1e-5)


@given(LINES, st.data())
def test_a_line_is_seen_without_the_others(lines_NLS: NDArray[np.float32], data: st.DataObject) -> None:
    line = data.draw(st.integers(0, lines_NLS.shape[1] - 1))
    others = lines_NLS * 3 + 1
    others[:, line] = lines_NLS[:, line]
    np.testing.assert_array_equal(standardized(others)[:, line], standardized(lines_NLS)[:, line])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_line_with_a_value_that_is_no_number_is_missing(value: float) -> None:
    lines = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    expected = standardized(lines)
    lines[0, 1, 2] = value
    found = standardized(lines)
    assert not found[0, 1].any()
    np.testing.assert_array_equal(np.delete(found.reshape(6, 4), 1, 0), np.delete(expected.reshape(6, 4), 1, 0))


def test_large_and_small_units() -> None:
    """A current in ampere, a height in metres, a counter near the largest float."""
    line = np.array([[[0, 1, 2, 5]]], np.float32)
    for unit in (1e-12, 1e-30, 1e30):
        np.testing.assert_allclose(standardized(line * np.float32(unit)), standardized(line), atol=1e-5)
