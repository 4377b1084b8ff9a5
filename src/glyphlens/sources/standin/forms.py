"""Other ways of writing a character than KanjiVG's, made from its strokes.

S strokes · K points along a stroke; complex numbers x + iy, y down, in ems
"""

from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

CORNER_WITHIN = 0.35  # of そ's stroke: where its first corner is
TICK = (-0.03 - 0.02j, 0.08 + 0.12j)  # そ's dot, from the old stroke's beginning


def other_forms(character: str, points_SK: NDArray[np.complex128]) -> list[NDArray[np.complex128]]:
    """Further stroke arrays (S, K) of the character, its voicing mark last as before; mostly none."""
    if normalize("NFD", character)[0] == "そ":
        return [_with_dot(points_SK)]
    return []


def _with_dot(points_SK: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """そ in two strokes: a dot where the first horizontal began, the rest from its right corner on."""
    stroke_K = points_SK[0]
    count = len(stroke_K)
    corner = int(stroke_K[: int(CORNER_WITHIN * count)].real.argmax())
    places_K = np.linspace(corner, count - 1, count)
    rest_K = np.interp(places_K, np.arange(count), stroke_K.real) + 1j * np.interp(
        places_K, np.arange(count), stroke_K.imag
    )
    tick_K = stroke_K[0] + TICK[0] + (TICK[1] - TICK[0]) * np.linspace(0, 1, count)
    return np.concatenate([[tick_K, rest_K], points_SK[1:]])
