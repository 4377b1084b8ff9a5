"""The ways in which the ink of a picture may be meant."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.imaging.picture_ink import SPECK, _pieces, ink_readings


def cross(height: int = 100, width: int = 80, pen: int = 9) -> NDArray[np.uint8]:
    """Two bars, 15 pixels from the border."""
    grey_HW = np.full((height, width), 230, np.uint8)
    cv2.line(grey_HW, (width // 2, 15), (width // 2, height - 16), 40, pen)
    cv2.line(grey_HW, (15, height // 2), (width - 16, height // 2), 40, pen)
    return grey_HW


def test_a_plain_picture_has_one_reading() -> None:
    (dark,), (light,) = ink_readings(cross()), ink_readings(255 - cross())
    assert (dark.tone, light.tone, dark.share, dark.is_cleared) == ("dark", "light", 1.0, False)
    np.testing.assert_array_equal(dark.ink_hw, light.ink_hw)
    assert set(np.unique(dark.ink_hw)) == {0, 255}


def test_there_is_paper_around_the_ink() -> None:
    (reading,) = ink_readings(cross())
    rows, columns = (np.flatnonzero(reading.ink_hw.any(axis=axis)) for axis in (1, 0))
    longest = max(len(rows), len(columns))
    assert min(rows[0], columns[0]) >= 0.2 * longest


def test_dust_is_no_ink_and_a_dot_is() -> None:
    grey_HW = cross()
    expected_hw = ink_readings(grey_HW)[0].ink_hw
    for place in ((0, 0), (99, 79), (20, 60)):
        dusty_HW = grey_HW.copy()
        dusty_HW[place] = 0
        (reading,) = ink_readings(dusty_HW)
        np.testing.assert_array_equal(reading.ink_hw, expected_hw)
    grey_HW[20:27, 60:67] = 40
    assert ink_readings(grey_HW)[0].ink_hw.sum() > expected_hw.sum()


def test_what_the_border_cuts_may_be_a_stroke_or_a_neighbours() -> None:
    grey_HW = cross()
    grey_HW[30:60, :5] = 40
    readings = ink_readings(grey_HW)
    assert {(reading.tone, reading.is_cleared) for reading in readings} == {("dark", False), ("dark", True)}
    assert sum(reading.share for reading in readings) == pytest.approx(1)


def test_a_faint_character_is_seen_beside_a_black_edge() -> None:
    grey_HW = np.where(cross() < 100, 150, 200).astype(np.uint8)
    grey_HW[:, :6] = 0
    reading = ink_readings(grey_HW)[0]
    assert reading.is_cleared and reading.tone == "dark"
    wanted_hw = ink_readings(cross()[:, 6:])[0].ink_hw
    assert ((reading.ink_hw > 127).sum() / (wanted_hw > 127).sum()) == pytest.approx(1, abs=0.05)


def test_a_tone_that_nothing_speaks_for_is_no_fault() -> None:
    """Half in shadow, the light tone levels away to nothing."""
    x = np.linspace(-1, 1, 80)
    grey_HW = (cross() * (0.55 + 0.45 / (1 + np.exp(-x / 0.12)))).astype(np.uint8)
    reading = ink_readings(grey_HW)[0]
    assert reading.tone == "dark"
    wanted_hw = ink_readings(cross())[0].ink_hw
    assert (cv2.resize(reading.ink_hw, wanted_hw.shape[::-1]) > 127).mean() == pytest.approx(
        (wanted_hw > 127).mean(), rel=0.1
    )


def test_what_else_is_known_decides_where_the_picture_does_not() -> None:
    """A chess-board of four: as much ink as paper, and both at the border."""
    grey_HW = np.kron(np.array([[30, 220], [220, 30]], np.uint8), np.ones((40, 40), np.uint8))
    tones = [ink_readings(grey_HW, lean=lean)[0].tone for lean in (3.0, -3.0)]
    assert tones == ["dark", "light"]
    assert {reading.tone for reading in ink_readings(grey_HW)} == {"dark", "light"}
    assert [reading.tone for reading in ink_readings(grey_HW, "light")] == ["light"]


@pytest.mark.parametrize("noise", [0, 4])
def test_an_empty_picture_is_refused(noise: int) -> None:
    grey_HW = np.random.default_rng(0).normal(200, noise, (50, 50)).astype(np.uint8)
    with pytest.raises(InputError, match="nothing to see: ink and paper differ by [0-9]+ grey levels, at least 32"):
        ink_readings(grey_HW)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 14), st.sampled_from([1, 2, 5, 12]))
def test_components_are_measured_alike_whether_few_or_many(seed: int, blobs: int, width: int) -> None:
    """And one alone is no dust, as its own width tells."""
    rng = np.random.default_rng(seed)
    ink = np.zeros(tuple(rng.integers(3, 90, 2)), np.uint8)
    for _ in range(blobs):
        start, end = (tuple(map(int, rng.integers(0, ink.shape[::-1]))) for _ in range(2))
        cv2.line(ink, start, end, 255, width)
    pieces = _pieces(ink)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8, ltype=cv2.CV_32S)
    np.testing.assert_array_equal(pieces.labels_HW, labels)
    np.testing.assert_array_equal(pieces.stats_M5[1:], stats[1:])
    expected = stats[:, cv2.CC_STAT_AREA] >= (SPECK * pieces.stroke_px) ** 2
    np.testing.assert_array_equal(pieces.is_stroke_M[1:], expected[1:])
