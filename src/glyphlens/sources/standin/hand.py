"""A simulated writer's hand: the habits in which one person differs from another, and how loose they are.

M harmonics
Points are complex numbers x + iy, y down, in ems.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glyphlens.sources.standin.params import HandParams

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]

HARMONICS = 3
CAREFUL, HASTY = 0.45, 1.6  # how much a writer deviates from the model, times the spreads of HandParams
MARK_TURN = 0.18  # radians, spread of a voicing mark's slope between writers


@dataclass(frozen=True)
class Hand:
    """One writer's habits; ``looseness`` scales all variation between the writer's own characters."""

    slant: float
    rise: float
    aspect: float
    proportion_2M: Real
    looseness: float
    roundness: float
    join: float
    tail: float
    hook_drop: float
    mark_shift: complex
    mark_scale: float
    mark_turn: float
    part_scale: float


def random_hand(params: HandParams, rng: np.random.Generator) -> Hand:
    """A writer, from careful to hasty; who is hasty also joins strokes and rounds corners."""
    haste = float(rng.beta(1.6, 2.2))
    return Hand(
        slant=rng.normal(0, params.slant),
        rise=rng.normal(-params.rise / 2, params.rise),
        aspect=float(np.exp(rng.normal(0, params.aspect))),
        proportion_2M=rng.normal(0, params.proportion * 0.6, (2, HARMONICS)),
        looseness=CAREFUL + (HASTY - CAREFUL) * haste,
        roundness=float(np.clip(haste + rng.normal(0, 0.25), 0, 1.3)),
        join=params.join * float(np.clip(2 * haste * rng.uniform(0.2, 1.2), 0, 2)),
        tail=haste * rng.uniform(0, 0.8),
        hook_drop=float(np.clip(params.hook_drop * rng.uniform(0, 2), 0, 1)),
        mark_shift=complex(*rng.normal((0, params.mark_shift / 3), params.mark_shift)),
        mark_scale=float(np.exp(rng.normal(0.1, params.mark_scale))),
        mark_turn=float(rng.normal(0, MARK_TURN)),
        part_scale=float(rng.normal(0, params.part_scale * 0.5)),
    )


def complex_normal(rng: np.random.Generator, spread: float | Real, count: int) -> Complex:
    """(count,) both parts normal with that standard deviation."""
    return np.asarray(rng.normal(0, 1, (count, 2)) @ np.array([1, 1j]) * spread)
