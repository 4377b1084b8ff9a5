"""The parts of characters deformed in a writer's hand: components and voicing marks.

S strokes · K points along a stroke · C characters · G groups of strokes
Points are complex numbers x + iy, y down, in ems.
"""

import numpy as np
from numpy.typing import NDArray

from glyphlens.sources.standin.hand import Complex, Hand, complex_normal
from glyphlens.sources.standin.params import HandParams
from glyphlens.sources.standin.script import Script

MARK_OWN_SCALE = 0.16  # spread of a voicing mark's size between one writer's characters, beside the writer's own


def move_parts(
    points_SK: Complex,
    group_S: NDArray[np.int64],
    hand: Hand,
    params: HandParams,
    rng: np.random.Generator,
    strength: float,
) -> Complex:
    """Every component scaled along x and y, and shifted; the writer's own habit is to make parts large or small."""
    count = int(group_S.max()) + 1
    loose = hand.looseness * strength
    centre_G = group_centres(points_SK, group_S, count)
    scale_2G = np.exp(rng.normal(hand.part_scale, params.part_scale * loose, (2, count)))
    shift_G = complex_normal(rng, params.part_shift * loose, count)
    from_centre_SK = points_SK - centre_G[group_S][:, None]
    scaled_SK = (
        scale_2G[0, group_S][:, None] * from_centre_SK.real + 1j * scale_2G[1, group_S][:, None] * from_centre_SK.imag
    )
    moved_SK: Complex = scaled_SK + (centre_G + shift_G)[group_S][:, None]
    return moved_SK


def move_marks(points_SK: Complex, script: Script, hand: Hand, params: HandParams, rng: np.random.Generator) -> Complex:
    """Voicing marks at the writer's own place and size, and a little different every time."""
    if not script.mark_S.any():
        return points_SK
    owner_S = script.character_S[script.mark_S]
    count = len(script.characters)
    centre_C = group_centres(points_SK[script.mark_S], owner_S, count)
    scale_C = hand.mark_scale * np.exp(rng.normal(0, MARK_OWN_SCALE * hand.looseness, count))
    turn_C = rng.normal(hand.mark_turn, 0.12 * hand.looseness, count)
    shift_C = hand.mark_shift + complex_normal(rng, 0.5 * params.mark_shift * hand.looseness, count)
    moved_SK = points_SK.copy()
    moved_SK[script.mark_S] = (points_SK[script.mark_S] - centre_C[owner_S][:, None]) * (scale_C * np.exp(1j * turn_C))[
        owner_S
    ][:, None] + (centre_C + shift_C)[owner_S][:, None]
    return moved_SK


def group_centres(points_SK: Complex, group_S: NDArray[np.int64], count: int) -> Complex:
    """(G,) mean of the groups' points; 0 for a group without strokes."""
    mean_S = points_SK.mean(axis=1)
    total_G = np.bincount(group_S, mean_S.real, count) + 1j * np.bincount(group_S, mean_S.imag, count)
    return np.asarray(total_G / np.maximum(np.bincount(group_S, minlength=count), 1))
