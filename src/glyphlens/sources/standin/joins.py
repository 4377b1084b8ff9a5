"""What a fast pen leaves between two strokes: a tail towards the next one, or the whole way.

S strokes · K points along a stroke · J joins · T points along a join
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from glyphlens.sources.standin.hand import Complex, Hand, Real
from glyphlens.sources.standin.script import Script

JOIN_POINTS = 14
# em: a gap as long as that is joined e times less often; hiragana are what is left of characters written in one go
REACH, HIRAGANA_REACH = 0.2, 0.5
HIRAGANA = range(0x3041, 0x30A0)
MARK_JOIN = 0.1  # of the joins to a voicing mark and within it
TAIL = (0.08, 0.45)  # of the way, when the pen is lifted on it
SWING = 0.45  # of the gap: how far the pen goes on in its old direction


class Joins(NamedTuple):
    """``lines_JT`` complex points; ``stroke_J`` the stroke each starts from."""

    lines_JT: Complex
    stroke_J: NDArray[np.int64]


def join_strokes(script: Script, hand: Hand, rng: np.random.Generator) -> Joins:
    """Joins between consecutive strokes of a character; short gaps are joined more often, marks seldom."""
    before_S = np.flatnonzero(np.diff(script.character_S) == 0)
    start_S, end_S = script.points_SK[before_S + 1, 0], script.points_SK[before_S, -1]
    gap_S = np.abs(start_S - end_S)
    mark_S = np.where(script.mark_S[before_S + 1], MARK_JOIN, 1.0)
    reach_C = np.array([HIRAGANA_REACH if ord(each) in HIRAGANA else REACH for each in script.characters])
    likely_S = hand.join * np.exp(-gap_S / reach_C[script.character_S[before_S]]) * mark_S
    chance_S = rng.random(len(before_S))
    whole_S = chance_S < likely_S
    joined_S = whole_S | (chance_S < likely_S + hand.tail * 0.5 * mark_S)
    part_S = np.where(whole_S, 1.0, rng.uniform(*TAIL, len(before_S)))
    swing_S2 = SWING * rng.uniform(0.2, 1.6, (len(before_S), 2)) * gap_S[:, None]
    lines_ST = _hermite(
        end_S,
        start_S,
        _direction(script.points_SK[before_S, -4:]) * swing_S2[:, 0],
        _direction(script.points_SK[before_S + 1, :4]) * swing_S2[:, 1],
        part_S,
    )
    return Joins(lines_ST[joined_S], before_S[joined_S])


def _direction(points_SK: Complex) -> Complex:
    """(S,) unit vectors from the first to the last point."""
    step_S = points_SK[:, -1] - points_SK[:, 0]
    return np.asarray(step_S / np.maximum(np.abs(step_S), 1e-9))


def _hermite(start_J: Complex, end_J: Complex, leave_J: Complex, arrive_J: Complex, part_J: Real) -> Complex:
    """(J, T) points of the cubic from start to end with those tangents (times 3), up to a part of its way."""
    t = np.linspace(0, 1, JOIN_POINTS) * part_J[:, None]
    first, second = start_J + leave_J, end_J - arrive_J
    return np.asarray(
        (1 - t) ** 3 * start_J[:, None]
        + 3 * t * (1 - t) ** 2 * first[:, None]
        + 3 * t**2 * (1 - t) * second[:, None]
        + t**3 * end_J[:, None]
    )
