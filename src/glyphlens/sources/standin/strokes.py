"""The strokes of a script deformed in a writer's hand, each by itself: ends, bends, corners, place.

S strokes · K points along a stroke · M harmonics
Points are complex numbers x + iy, y down, in ems.
"""

import numpy as np

from glyphlens.sources.standin.hand import HARMONICS, Complex, Hand, complex_normal
from glyphlens.sources.standin.params import HandParams
from glyphlens.sources.standin.script import POINTS, Script

SHORT_EM, SHORT_MORE = 0.18, 1.2  # strokes shorter than that are placed more freely, by so much more
SMOOTHEST_POINTS = 3.2  # standard deviation of the Gaussian that rounds corners, points along a stroke


def trim_strokes(script: Script, hand: Hand, rng: np.random.Generator) -> Complex:
    """Ends under- or overshot by a few hundredths of the stroke, hooks left out by habit."""
    count = len(script.points_SK)
    spread = 0.025 * hand.looseness
    first_S, last_S = np.abs(rng.normal(0, spread, count)), 1 + rng.normal(0, 1.5 * spread, count)
    drop_S = rng.random(count) < hand.hook_drop
    last_S = np.where(drop_S, np.minimum(last_S, script.hook_S), last_S)
    place_SK = (first_S[:, None] + (last_S - first_S)[:, None] * np.linspace(0, 1, POINTS)) * (POINTS - 1)
    left_SK = np.clip(place_SK.astype(np.int64), 0, POINTS - 2)
    share_SK = place_SK - left_SK  # beyond 1 past the end: straight on
    rows_S1 = np.arange(count)[:, None]
    points = script.points_SK
    return points[rows_S1, left_SK] * (1 - share_SK) + points[rows_S1, left_SK + 1] * share_SK


def bend_strokes(points_SK: Complex, hand: Hand, params: HandParams, rng: np.random.Generator) -> Complex:
    """Pieces of a stroke turned and stretched smoothly along it; its middle stays, its ends move half as far.

    The way the hand varies is the pen's direction and speed, so that a loop grows as a whole and a later piece follows
    an earlier one.
    """
    count = len(points_SK)
    wave_MK = np.cos(np.pi * np.arange(1, HARMONICS + 1)[:, None] * (np.arange(POINTS - 1) + 0.5) / (POINTS - 1))
    fade_M = 1 / np.sqrt(np.arange(1, HARMONICS + 1))
    turn_SK = (rng.normal(0, params.bend * hand.looseness, (count, HARMONICS)) * fade_M) @ wave_MK
    stretch_SK = (rng.normal(0, params.stretch * hand.looseness, (count, HARMONICS)) * fade_M) @ wave_MK
    steps_SK = np.diff(points_SK) * np.exp(stretch_SK + 1j * turn_SK)
    bent_SK = np.concatenate([np.zeros((count, 1)), np.cumsum(steps_SK, axis=1)], axis=1)
    drift_S = (bent_SK[:, -1] - bent_SK[:, 0]) - (points_SK[:, -1] - points_SK[:, 0])
    bent_SK -= 0.5 * drift_S[:, None] * np.linspace(0, 1, POINTS)
    moved_SK: Complex = bent_SK + (points_SK.mean(axis=1) - bent_SK.mean(axis=1))[:, None]
    return moved_SK


def round_corners(points_SK: Complex, hand: Hand, rng: np.random.Generator) -> Complex:
    """Points mixed with their own Gaussian mean along the stroke; ends stay."""
    offsets_KK = np.arange(POINTS)[:, None] - np.arange(-POINTS, 2 * POINTS)
    weights = np.exp(-((offsets_KK / SMOOTHEST_POINTS) ** 2) / 2)
    weights /= weights.sum(axis=1, keepdims=True)
    # points mirrored through the ends continue the stroke straight
    before_SK = 2 * points_SK[:, :1] - points_SK[:, :0:-1]
    after_SK = 2 * points_SK[:, -1:] - points_SK[:, -2::-1]
    pad = points_SK[:, :1] * 2 - points_SK[:, -1:]
    padded = np.concatenate([pad, before_SK, points_SK, after_SK, after_SK[:, -1:]], axis=1)
    smooth_SK = padded @ weights.T
    share_S1 = np.clip(rng.normal(hand.roundness, 0.25, (len(points_SK), 1)), 0, 1)
    mixed_SK: Complex = points_SK + share_S1 * (smooth_SK - points_SK)
    return mixed_SK


def move_strokes(points_SK: Complex, hand: Hand, params: HandParams, rng: np.random.Generator) -> Complex:
    """Every stroke scaled, turned and shifted by itself, short ones more than long ones."""
    count = len(points_SK)
    loose = hand.looseness * (1 + SHORT_MORE * np.exp(-np.abs(np.diff(points_SK)).sum(axis=1) / SHORT_EM))
    scale_S = np.exp(rng.normal(0, params.stroke_scale * loose, count))
    turn_S = rng.normal(0, params.stroke_turn * loose, count)
    shift_S = complex_normal(rng, params.stroke_shift * loose, count)
    centre_S = points_SK.mean(axis=1)
    moved_SK = (points_SK - centre_S[:, None]) * (scale_S * np.exp(1j * turn_S))[:, None]
    return np.asarray(moved_SK + (centre_S + shift_S)[:, None])
