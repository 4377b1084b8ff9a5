"""Where a character's ink lies along x and y, and strokes stretched so that theirs lies as in another drawing.

C characters · P points · Q quantiles · S strokes · K points along a stroke
Points are complex numbers x + iy, y down, in ems.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from glyphlens.sources.standin.script import POINTS, Script

QUANTILES = 9
SLOPES = (0.5, 2.0)  # of the stretching: beyond, a stroke's own small bends would be blown up
SHARE = (-0.3, 1.0)  # of the way to the other drawing that a writer goes; below 0: away from it
SHARE_SPREAD = 0.2  # between one writer's characters
FARTHEST = 1.1


class Proportions(NamedTuple):
    """``quantiles_C2Q`` of the ink along x and y, ems, evenly spaced from the first to the last ink."""

    characters: tuple[str, ...]
    quantiles_C2Q: NDArray[np.float64]


def proportions_of(
    characters: tuple[str, ...],
    points_P: NDArray[np.complex128],
    weights_P: NDArray[np.float64],
    character_P: NDArray[np.int64],
) -> Proportions:
    """Quantiles of points that stand for so much ink each; those of a character lie side by side."""
    starts_C1 = np.searchsorted(character_P, np.arange(len(characters) + 1))
    levels_Q = np.linspace(0, 1, QUANTILES)
    quantiles_C2Q = np.empty((len(characters), 2, QUANTILES))
    for number, (start, end) in enumerate(pairwise(starts_C1.tolist())):
        own = slice(start, end)
        for axis, along_P in enumerate((points_P[own].real, points_P[own].imag)):
            order = np.argsort(along_P, kind="stable")
            ink = np.cumsum(weights_P[own][order])
            quantiles_C2Q[number, axis] = np.interp(levels_Q * ink[-1], ink, along_P[order])
    return Proportions(characters, quantiles_C2Q)


def script_proportions(script: Script) -> Proportions:
    """The proportions of a script's strokes, each as heavy as it is long."""
    length_S = np.abs(np.diff(script.points_SK)).sum(axis=1)
    return proportions_of(
        script.characters,
        script.points_SK.ravel(),
        np.repeat(length_S / POINTS, POINTS),
        np.repeat(script.character_S, POINTS),
    )


def take_proportions(script: Script, model: Proportions, rng: np.random.Generator) -> NDArray[np.complex128]:
    """(S, K) the script's strokes with each character part of the way towards the model's proportions."""
    own_C2Q = script_proportions(script).quantiles_C2Q
    row = {character: number for number, character in enumerate(model.characters)}
    share = rng.uniform(*SHARE)
    share_C = np.clip(rng.normal(share, SHARE_SPREAD, len(script.characters)), SHARE[0], FARTHEST)
    starts_C1 = script.starts_C1
    moved_SK = script.points_SK.copy()
    for number, character in enumerate(script.characters):
        if character not in row:
            continue
        own = slice(starts_C1[number], starts_C1[number + 1])
        target_2Q = _target(own_C2Q[number], model.quantiles_C2Q[row[character]], float(share_C[number]))
        x_SK, y_SK = (
            _stretch(along_SK, *quantiles)
            for along_SK, *quantiles in zip(
                (moved_SK[own].real, moved_SK[own].imag), own_C2Q[number], target_2Q, strict=True
            )
        )
        moved_SK[own] = x_SK + 1j * y_SK
    return moved_SK


def _target(own_2Q: NDArray[np.float64], model_2Q: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Quantiles part of the way to the model's, slopes limited, the middle where it was."""
    own_steps, model_steps = np.diff(own_2Q), np.diff(model_2Q)
    steps = np.clip(own_steps + share * (model_steps - own_steps), SLOPES[0] * own_steps, SLOPES[1] * own_steps)
    target_2Q = np.concatenate([np.zeros((2, 1)), np.cumsum(steps, axis=1)], axis=1)
    centre_21 = (own_2Q[:, :1] + own_2Q[:, -1:]) / 2
    return np.asarray(target_2Q - target_2Q[:, -1:] / 2 + centre_21)


def _stretch(
    along_SK: NDArray[np.float64], own_Q: NDArray[np.float64], target_Q: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Piecewise linear; a few hundredths of an em beyond the outermost quantiles, straight on."""
    beyond = 1.0
    places = np.concatenate([[own_Q[0] - beyond], own_Q, [own_Q[-1] + beyond]])
    values = np.concatenate([[target_Q[0] - beyond], target_Q, [target_Q[-1] + beyond]])
    return np.asarray(np.interp(along_SK, places, values), np.float64)
