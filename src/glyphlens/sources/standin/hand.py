"""A simulated writer's hand: the strokes of a script deformed the way one person writes them.

S strokes · K points along a stroke · C characters · G groups of strokes · M harmonics
Points are complex numbers x + iy, y down, in ems.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from glyphlens.sources.standin.params import HandParams
from glyphlens.sources.standin.script import POINTS, Script

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]

HARMONICS = 3
CAREFUL, HASTY = 0.45, 1.6  # how much a writer deviates from the model, times the spreads of HandParams
COARSE_CYCLES = 0.9  # waves an em of the smooth displacement of characters
STEEPEST = 0.85  # of a proportion warp: below 1 it stays monotone
MARK_TURN = 0.18  # radians, spread of a voicing mark's slope between writers
SHORT_EM, SHORT_MORE = 0.18, 1.2  # strokes shorter than that are placed more freely, by so much more
MARK_OWN_SCALE = 0.16  # spread of a voicing mark's size between one writer's characters, beside the writer's own
SMOOTHEST_POINTS = 3.2  # standard deviation of the Gaussian that rounds corners, points along a stroke


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


def group_centres(points_SK: Complex, group_S: NDArray[np.int64], count: int) -> Complex:
    """(G,) mean of the groups' points; 0 for a group without strokes."""
    mean_S = points_SK.mean(axis=1)
    total_G = np.bincount(group_S, mean_S.real, count) + 1j * np.bincount(group_S, mean_S.imag, count)
    return np.asarray(total_G / np.maximum(np.bincount(group_S, minlength=count), 1))


def complex_normal(rng: np.random.Generator, spread: float | Real, count: int) -> Complex:
    """(count,) both parts normal with that standard deviation."""
    return np.asarray(rng.normal(0, 1, (count, 2)) @ np.array([1, 1j]) * spread)


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
