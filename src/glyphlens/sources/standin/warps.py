"""Whole characters deformed in a writer's hand: proportions, slant, rise, aspect and smooth waves.

S strokes · K points along a stroke · C characters · M harmonics
Points are complex numbers x + iy, y down, in ems.
"""

import numpy as np
from numpy.typing import NDArray

from glyphlens.sources.standin.hand import HARMONICS, Complex, Hand, Real, complex_normal
from glyphlens.sources.standin.params import HandParams

COARSE_CYCLES = 0.9  # waves an em of the smooth displacement of characters
STEEPEST = 0.85  # of a proportion warp: below 1 it stays monotone


def warp_characters(
    points_SK: Complex, character_S: NDArray[np.int64], hand: Hand, params: HandParams, rng: np.random.Generator
) -> Complex:
    """Proportions along x and y, slant, rise to the right, aspect and smooth waves of whole characters."""
    count, loose = int(character_S[-1]) + 1, hand.looseness
    warps_2CM = hand.proportion_2M[:, None] + rng.normal(0, params.proportion * loose, (2, count, HARMONICS))
    x_SK = _proportion(points_SK.real, warps_2CM[0], character_S)
    y_SK = _proportion(points_SK.imag, warps_2CM[1], character_S)
    slant_S = (hand.slant + rng.normal(0, params.slant * 0.4 * loose, count))[character_S][:, None]
    rise_S = (hand.rise + rng.normal(0, params.rise * 0.4 * loose, count))[character_S][:, None]
    aspect_S = (hand.aspect * np.exp(rng.normal(0, params.aspect * 0.5 * loose, count)))[character_S][:, None]
    x_SK, y_SK = (x_SK - 0.5) * np.sqrt(aspect_S), (y_SK - 0.5) / np.sqrt(aspect_S)
    warped_SK: Complex = (x_SK - slant_S * y_SK) + 1j * (y_SK + rise_S * x_SK) + (0.5 + 0.5j)
    return warped_SK + waves(warped_SK, character_S, params.elastic * loose, rng, COARSE_CYCLES)


def waves(
    points_SK: Complex, character_S: NDArray[np.int64], spread: float, rng: np.random.Generator, cycles: float
) -> Complex:
    """A smooth displacement field of every character: two plane waves of about so many periods an em."""
    count = int(character_S[-1]) + 1
    moved_SK = np.zeros_like(points_SK)
    for _ in range(2):
        direction_C = complex_normal(rng, cycles, count)
        amplitude_C = complex_normal(rng, spread, count)
        phase_C = rng.random(count)
        turns_SK = (points_SK * direction_C.conj()[character_S][:, None]).real + phase_C[character_S][:, None]
        moved_SK += amplitude_C[character_S][:, None] * np.sin(2 * np.pi * turns_SK)
    return moved_SK


def _proportion(along_SK: Real, warp_CM: Real, character_S: NDArray[np.int64]) -> Real:
    """Monotone warp of 0..1 along one axis: harmonics whose slopes add up to less than 1; straight on outside."""
    steep_C1 = np.maximum(np.abs(warp_CM).sum(axis=1, keepdims=True) / STEEPEST, 1)
    slope_SM = (warp_CM / steep_C1)[character_S]
    inside_SK = np.clip(along_SK, 0, 1)
    warped_SK = along_SK.copy()
    for number in range(HARMONICS):
        frequency = np.pi * (number + 1)
        warped_SK += slope_SM[:, number, None] * np.sin(frequency * inside_SK) / frequency
    return warped_SK
