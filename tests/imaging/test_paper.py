"""Ink is told from paper whatever the light."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.paper_plain import plain_depth_on_paper
from glyphlens.imaging.paper import depth_on_paper, two_levels


def test_two_tones_are_two_levels() -> None:
    levels = two_levels(np.repeat(np.array([20, 110], np.uint8), [30, 70]))
    assert (levels.paper, levels.ink, levels.middle) == (20, 110, 65)
    assert levels.separability == pytest.approx(1)


def test_one_tone_is_one_level() -> None:
    levels = two_levels(np.full(9, 77, np.uint8))
    assert levels.paper == levels.ink == 77 and levels.separability == 0


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 255), min_size=2, max_size=60).filter(lambda values: len(set(values)) > 1))
def test_the_cut_is_the_one_that_explains_most(values: list[int]) -> None:
    depths = np.array(values, np.uint8)
    shares = []
    for cut in range(depths.min(), depths.max()):
        low, high = depths[depths <= cut].astype(float), depths[depths > cut].astype(float)
        within = low.var() * len(low) + high.var() * len(high)
        shares.append(1 - within / (depths.astype(float).var() * len(depths)))
    assert two_levels(depths).separability == pytest.approx(max(shares))


@pytest.mark.parametrize("width", [0.1, 2.0])
def test_a_shadow_is_levelled(width: float) -> None:
    """A soft edge and a slow fall of the light, to 45 %."""
    x = np.linspace(-1, 1, 120)
    light = 0.45 + 0.55 / (1 + np.exp(-x / width))
    grey = np.tile(230 * light, (100, 1))
    is_ink = np.zeros((100, 120), np.bool_)
    is_ink[20:80, 15:25] = is_ink[40:50, 15:105] = is_ink[20:80, 95:105] = True
    grey[is_ink] *= 0.2
    depth, levels = depth_on_paper(grey.astype(np.uint8), np.ones(grey.shape, np.bool_))
    assert ((depth > levels.middle) != is_ink).mean() < 0.002


def test_even_light_stays_as_it_is() -> None:
    grey = np.full((60, 40), 200, np.uint8)
    grey[10:50, 18:22] = 90
    depth, levels = depth_on_paper(grey, np.ones(grey.shape, np.bool_))
    np.testing.assert_array_equal(depth, 255 - grey)
    assert (levels.paper, levels.ink) == (55, 165)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32), st.integers(8, 130), st.integers(8, 130), st.floats(0, 4), st.sampled_from([0, 3, 25]),
    st.sampled_from(["all", "inner", "some", "strip"]),
)  # fmt: skip
def test_it_is_what_sums_over_all_pixels_give(
    seed: int, height: int, width: int, fall: float, grain: float, seen: str
) -> None:
    """Whatever the light, the grain and what is seen: the same levels, and depths within a rounding."""
    rng = np.random.default_rng(seed)
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    grey = 230 * (0.4 + 0.6 / (1 + np.exp(-fall * (rng.normal() * x + rng.normal() * y))))
    top, left = rng.integers(0, height - 4), rng.integers(0, width - 4)
    grey[top : top + height // 3, left : left + 3] *= 0.3
    light = np.clip(grey + rng.normal(0, grain, grey.shape), 0, 255).astype(np.uint8)
    mask = np.full(light.shape, seen == "all")
    if seen == "inner":
        mask[height // 5 :, : -width // 6] = True
    elif seen == "some":
        mask = rng.random(light.shape) < 0.5
        mask[0, 0] = True
    elif seen == "strip":
        mask[height // 2] = True
    for each in (light, 255 - light):
        depth, levels = depth_on_paper(each, mask)
        plain, expected = plain_depth_on_paper(each, mask)
        assert levels == pytest.approx(expected, rel=1e-6)
        assert np.abs(depth.astype(int) - plain).max() <= 1
