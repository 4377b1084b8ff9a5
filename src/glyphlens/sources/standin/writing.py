"""A script in one writer's hand: strokes, then parts, then whole characters deformed.

S strokes · K points along a stroke · L levels of the component tree
"""

from dataclasses import replace

import numpy as np

from glyphlens.sources.standin.hand import Hand
from glyphlens.sources.standin.params import HandParams
from glyphlens.sources.standin.parts import move_marks, move_parts
from glyphlens.sources.standin.script import Script
from glyphlens.sources.standin.strokes import bend_strokes, move_strokes, round_corners, trim_strokes
from glyphlens.sources.standin.warps import warp_characters


def write(script: Script, hand: Hand, params: HandParams, rng: np.random.Generator) -> Script:
    """All characters of the script once, in this hand: the same strokes through other points."""
    points_SK = trim_strokes(script, hand, rng)
    points_SK = bend_strokes(points_SK, hand, params, rng)
    points_SK = round_corners(points_SK, hand, rng)
    points_SK = move_strokes(points_SK, hand, params, rng)
    for level, group_S in enumerate(script.group_LS):
        points_SK = move_parts(points_SK, group_S, hand, params, rng, strength=1.0 if level == 0 else 0.7)
    points_SK = move_marks(points_SK, script, hand, params, rng)
    points_SK = warp_characters(points_SK, script.character_S, hand, params, rng)
    return replace(script, points_SK=points_SK)
