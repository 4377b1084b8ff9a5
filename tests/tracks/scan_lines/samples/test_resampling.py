"""Resampling by area: means are kept, whole factors are plain means, and no line is made of what is missing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glyphlens.tracks.scan_lines.samples.lines import standardized
from glyphlens.tracks.scan_lines.samples.resampling import overlaps, resampled, resampled_levels, resampled_scan

SIDES = st.integers(1, 40)


@given(SIDES, SIDES)
def test_every_pixel_is_used_once(length: int, count: int) -> None:
    shared = overlaps(length, count)
    assert shared.shape == (count, length)
    assert (shared.sum(axis=1) == length).all() and (shared.sum(axis=0) == count).all()
    assert (np.diff(shared.argmax(axis=1)) >= 0).all(), "what comes first stays first"


@given(SIDES, SIDES, SIDES, SIDES, st.integers(0, 99))
def test_the_mean_is_kept(height: int, width: int, lines: int, samples: int, seed: int) -> None:
    picture = np.random.default_rng(seed).integers(0, 256, (2, height, width), np.uint8)
    found = resampled(picture, lines, samples)
    assert found.shape == (2, lines, samples)
    np.testing.assert_allclose(found.mean(axis=(1, 2)), picture.mean(axis=(1, 2)))


def test_whole_factors_are_means_of_blocks_and_repeats() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (3, 8, 12), np.uint8)
    np.testing.assert_allclose(resampled(picture, 4, 4), picture.reshape(3, 4, 2, 4, 3).mean(axis=(2, 4)))
    np.testing.assert_array_equal(resampled_levels(picture, 16, 36), picture.repeat(2, 1).repeat(3, 2))
    assert resampled_levels(picture, 8, 12) is picture


@pytest.mark.parametrize("widest", [1, 1e3, 1e9])
def test_a_line_of_far_larger_values_takes_nothing_from_the_others(widest: float) -> None:
    values = np.random.default_rng(1).normal(size=(16, 32)) * np.logspace(-0.5, 0.5, 16)[:, None] + 5
    values[9] *= widest
    stored = resampled_scan(values, 16, 32)
    assert not stored.missing_L.any() and (stored.levels_LS.min(axis=1) == 0).all()
    assert (stored.levels_LS.max(axis=1) == 255).all()
    spans = np.ptp(values, axis=1)
    np.testing.assert_allclose(stored.spans_L, 255 * spans / spans.max(), rtol=1e-5)
    np.testing.assert_allclose(np.ptp(stored.values(), axis=1), stored.spans_L, rtol=1e-5)
    error = standardized(stored.values()[None]) - standardized(values[None].astype(np.float32))
    assert np.abs(error).max() < 0.02, "standardising undoes it but for the rounding to 8 bits"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_a_missing_line_is_part_of_is_missing(value: float) -> None:
    values = np.random.default_rng(2).normal(size=(24, 10))
    values[7, 3] = value
    stored = resampled_scan(values, 8, 10)
    assert np.flatnonzero(stored.missing_L).tolist() == [2] and not stored.levels_LS[2].any()
    assert stored.spans_L[2] == 0 and np.isnan(stored.values()[2]).all()
    assert np.flatnonzero(resampled_scan(values, 48, 10)[1]).tolist() == [14, 15]
    assert np.flatnonzero(resampled_scan(values, 10, 10)[1]).tolist() == [2, 3], "7 lies between two new lines"


def test_missing_lines_change_no_other() -> None:
    values = np.random.default_rng(3).normal(size=(8, 10))
    values[0] *= 9  # the widest line
    gapped = values.copy()
    gapped[5] = np.nan
    kept = np.arange(8) != 5
    for part, whole in zip(resampled_scan(gapped, 8, 12), resampled_scan(values, 8, 12), strict=True):
        np.testing.assert_array_equal(part[kept], whole[kept])


@pytest.mark.parametrize("shape", [(1, 30), (30, 1), (2, 2), (3, 500)])
def test_flat_and_odd_scans(shape: tuple[int, int]) -> None:
    levels, missing, spans = resampled_scan(np.full(shape, 0.1), 8, 8)
    assert levels.shape == (8, 8) and not levels.any() and not missing.any() and not spans.any(), "rounding is no line"
    levels, missing, spans = resampled_scan(np.full(shape, np.nan), 8, 8)
    assert not levels.any() and missing.all() and not spans.any()


def test_the_largest_floats() -> None:
    values = np.array([[1e308, -1e308], [0, 1e308]])
    stored = resampled_scan(values, 2, 2)
    assert stored.levels_LS.tolist() == [[255, 0], [0, 255]] and stored.spans_L.tolist() == [255, 127.5]
