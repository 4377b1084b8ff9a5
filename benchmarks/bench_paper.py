"""Uneven light is levelled: separable sums for the surfaces, none where light is even, against sums over all terms."""

import io
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.letters import LETTERS, photo
from benchmarks.paper_plain import plain_depth_on_paper
from benchmarks.ratio import Ratio, timed
from glyphlens.imaging.paper import Grey, Levels, depth_on_paper

Way = Callable[[Grey, NDArray[np.bool_]], tuple[Grey, Levels]]
REPEATS = 3
TARGETS = {"uneven light": 2.0, "clean": 4.0}


def measure() -> list[Ratio]:
    """Pictures of characters with a fault each, and the same answers both ways."""
    ratios = []
    for fault, target in TARGETS.items():
        lights = [np.asarray(Image.open(io.BytesIO(photo(letter, fault))).convert("L")) for letter in LETTERS]
        plain_s, plain = timed(lambda lights=lights: both(lights, plain_depth_on_paper), repeats=REPEATS)
        fast_s, fast = timed(lambda lights=lights: both(lights, depth_on_paper), repeats=REPEATS)
        if not all(is_same(*each) for each in zip(plain, fast, strict=True)):
            raise AssertionError(f"paper: {fault}: the two ways differ")
        ratios.append(Ratio(f"paper: {fault}", plain_s, fast_s, target, f"{len(LETTERS)} pictures, ink dark and light"))
    return ratios


def both(lights: list[Grey], way: Way) -> list[tuple[Grey, Levels]]:
    """The depths of ink that is dark, and of ink that is light."""
    return [way(each, np.ones(each.shape, np.bool_)) for light in lights for each in (light, 255 - light)]


def is_same(plain: tuple[Grey, Levels], fast: tuple[Grey, Levels]) -> bool:
    """Whether levels agree to six digits, and every pixel to one level."""
    differ_HW = np.maximum(plain[0], fast[0]) - np.minimum(plain[0], fast[0])
    return bool(np.allclose(plain[1], fast[1], rtol=1e-6)) and bool((differ_HW <= 1).all())
