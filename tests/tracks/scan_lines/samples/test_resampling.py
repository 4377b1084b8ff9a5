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


def test_a_line_is_stored_between_its_own_smallest_and_largest() -> None:
    values = np.random.default_rng(1).normal(size=(16, 32)) * np.logspace(-9, 9, 16)[:, None] + 5
    stored, missing = resampled_scan(values, 16, 32)
    assert not missing.any() and (stored.min(axis=1) == 0).all()
    varied = stored.max(axis=1) > 0
    assert (stored[varied].max(axis=1) == 255).all() and varied[6:].all()
    error = standardized(stored[None, 6:].astype(np.float32)) - standardized(values[None, 6:].astype(np.float32))
    assert np.abs(error).max() < 0.02, "standardising undoes it but for the rounding"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_a_missing_line_is_part_of_is_missing(value: float) -> None:
    values = np.random.default_rng(2).normal(size=(24, 10))
    values[7, 3] = value
    stored, missing = resampled_scan(values, 8, 10)
    assert np.flatnonzero(missing).tolist() == [2] and not stored[2].any()
    assert np.flatnonzero(resampled_scan(values, 48, 10)[1]).tolist() == [14, 15]
    assert np.flatnonzero(resampled_scan(values, 10, 10)[1]).tolist() == [2, 3], "7 lies between two new lines"


def test_missing_lines_change_no_other() -> None:
    values = np.random.default_rng(3).normal(size=(8, 10))
    gapped = values.copy()
    gapped[5] = np.nan
    kept = np.arange(8) != 5
    np.testing.assert_array_equal(resampled_scan(gapped, 8, 12)[0][kept], resampled_scan(values, 8, 12)[0][kept])


@pytest.mark.parametrize("shape", [(1, 30), (30, 1), (2, 2), (3, 500)])
def test_flat_and_odd_scans(shape: tuple[int, int]) -> None:
    stored, missing = resampled_scan(np.full(shape, 0.1), 8, 8)
    assert stored.shape == (8, 8) and not stored.any() and not missing.any(), "rounding makes no lines"
    stored, missing = resampled_scan(np.full(shape, np.nan), 8, 8)
    assert not stored.any() and missing.all()


def test_the_largest_floats() -> None:
    values = np.array([[1e308, -1e308], [0, 1e308]])
    assert resampled_scan(values, 2, 2)[0].tolist() == [[255, 0], [0, 255]]
