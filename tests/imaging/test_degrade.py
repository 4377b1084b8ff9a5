"""Degrading: no degradation is the identity, shifts are exact, blur keeps ink where there was ink."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from glyphlens.imaging.degrade import DegradeParams, degrade, random_shifts, shift


def pictures(count: int = 4) -> torch.Tensor:
    return (torch.rand(count, 32, 32, generator=torch.Generator().manual_seed(0)) > 0.7).to(torch.uint8)


def test_nothing_to_degrade_is_the_identity() -> None:
    images = pictures()
    params = DegradeParams(shift_px=0, blur_sigma_px=0.0, gamma=0.0)
    generator = torch.Generator().manual_seed(1)
    assert random_shifts(4, params, generator).abs().sum() == 0
    assert torch.equal(degrade(images, params, generator), images * 255)


@settings(deadline=None, max_examples=30)
@given(down=st.integers(-3, 3), right=st.integers(-3, 3))
def test_shift_moves_by_whole_pixels_and_fills_with_background(down: int, right: int) -> None:
    images = pictures(2)
    moved = shift(images, torch.tensor([[down, right], [0, 0]]))
    expected = torch.zeros_like(images[0])
    for row in range(32):
        for column in range(32):
            if 0 <= row - down < 32 and 0 <= column - right < 32:
                expected[row, column] = images[0, row - down, column - right]
    assert torch.equal(moved[0], expected)
    assert torch.equal(moved[1], images[1])


def test_blur_reaches_two_pixels_and_no_further() -> None:
    image = torch.zeros(1, 32, 32, dtype=torch.uint8)
    image[0, 16, 16] = 1
    grey = degrade(image, DegradeParams(shift_px=0, blur_sigma_px=50.0, gamma=0.0), torch.Generator().manual_seed(4))
    inked = torch.nonzero(grey[0])
    assert inked.min() >= 14 and inked.max() <= 18 and grey.max() < 255


def test_the_same_generator_gives_the_same_picture() -> None:
    params = DegradeParams(shift_px=2, blur_sigma_px=0.6, gamma=0.05)
    first, second = (degrade(pictures(), params, torch.Generator().manual_seed(9)) for _ in range(2))
    other = degrade(pictures(), params, torch.Generator().manual_seed(10))
    assert torch.equal(first, second) and not torch.equal(first, other)


@pytest.mark.parametrize("limit", [0, 1, 2])
def test_shifts_stay_within_their_limit(limit: int) -> None:
    params = DegradeParams(shift_px=limit, blur_sigma_px=0.0, gamma=0.0)
    shifts = random_shifts(500, params, torch.Generator().manual_seed(0))
    assert shifts.min() == -limit and shifts.max() == limit


@pytest.mark.parametrize("wrong", [{"shift_px": -1}, {"blur_sigma_px": -0.1}, {"gamma": -0.1}])
def test_what_cannot_be_drawn_from_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="greater than or equal to 0"):
        DegradeParams.model_validate({"shift_px": 1, "blur_sigma_px": 0.6, "gamma": 0.05, **wrong})
