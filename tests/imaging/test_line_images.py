"""Lines cut out of pages, prepared: any polarity, any light, one height, the same aspect."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from glyphlens.imaging.line_images import prepare_line


def page_line(height: int = 40, width: int = 300, paper: int = 240, ink: int = 30) -> NDArray[np.uint8]:
    grey_HW = np.full((height, width), paper, np.uint8)
    for left in range(10, width - 10, 14):
        grey_HW[height // 4 : 3 * height // 4, left : left + 5] = ink
    return grey_HW


def test_paper_is_0_and_ink_is_255() -> None:
    found_HW = prepare_line(page_line(), 40)
    assert set(np.unique(found_HW)) == {0, 255}
    assert found_HW.shape == (40, 300)


def test_light_on_dark_is_turned_round() -> None:
    np.testing.assert_array_equal(prepare_line(255 - page_line(), 40), prepare_line(page_line(paper=240), 40))


@pytest.mark.parametrize("height", [20, 40, 90])
def test_the_aspect_stays(height: int) -> None:
    found_HW = prepare_line(page_line(height, 7 * height), 48)
    assert found_HW.shape == (48, 336)


def test_pale_ink_becomes_as_dark_as_any() -> None:
    assert prepare_line(page_line(paper=200, ink=150), 40).max() == 255


def test_a_shade_along_the_line_is_levelled() -> None:
    light = np.linspace(1, 0.5, 300)
    found_HW = prepare_line((page_line() * light).astype(np.uint8), 40)
    wanted_HW = prepare_line(page_line(), 40)
    assert np.abs(found_HW.astype(float) - wanted_HW)[wanted_HW == 0].mean() < 12
    assert found_HW[wanted_HW == 255].min() > 110


def test_empty_paper_stays_empty() -> None:
    noise_HW = np.random.default_rng(1).normal(240, 1.0, (40, 200)).clip(0, 255).astype(np.uint8)
    assert prepare_line(noise_HW, 48).max() < 60
    assert not prepare_line(np.full((9, 5), 255, np.uint8), 48).any()


def test_a_compressed_line_is_nearly_the_same() -> None:
    worn_HW = cv2.imdecode(cv2.imencode(".jpg", page_line(), [cv2.IMWRITE_JPEG_QUALITY, 60])[1], cv2.IMREAD_GRAYSCALE)
    assert np.abs(prepare_line(worn_HW, 40).astype(float) - prepare_line(page_line(), 40)).mean() < 8
