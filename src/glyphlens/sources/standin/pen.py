"""Strokes → cells: the pen's path drawn with its width and pressure, enlarged, then reduced by area.

S strokes · K points along a stroke · P pieces of a stroke · C characters · H×W = 127×128 pixels of a cell
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from glyphlens.sources.standin.hand import Complex, Hand, Real
from glyphlens.sources.standin.joins import Joins
from glyphlens.sources.standin.params import PaperParams
from glyphlens.sources.standin.script import POINTS, Script

CELL_HEIGHT, CELL_WIDTH = 127, 128  # of ETL8G and ETL9G
ENLARGED = 3
PIECES = 8
PIECE_POINTS = POINTS // PIECES
SUBPIXEL_BITS = 4
MARGIN_PX = 11  # between the ink and the cell's border: nothing small lies in the outer eighth alone
LOOSE_PX = 5.0  # spread of the character's place
SIZE_SPREAD = 0.06  # of one writer's characters
SHORTEST_EM = 0.05  # ー and 一 have no height
THICKEST = 0.068  # pen, of the side of the character: who writes small takes a fine one
PRESSED, LIFTED = 0.6, 1.5  # limits of the pressure's effect on the pen's width


@dataclass(frozen=True)
class Pen:
    """One writer's pen: width in pixels of the cell, size of characters, spread of pressure, share of tapering ends."""

    width_px: float
    character_px: float
    pressure: float
    taper: float


def random_pen(params: PaperParams, rng: np.random.Generator) -> Pen:
    """Pens between the limits, thin ones more often; characters likewise of any size between theirs."""
    low, high = params.pen_px
    character_px = rng.uniform(*params.character_px)
    return Pen(
        width_px=min(float(low + (high - low) * rng.beta(1.6, 1.8)), THICKEST * character_px),
        character_px=character_px,
        pressure=rng.uniform(0, 0.12),
        taper=rng.uniform(0, 0.6),
    )


class Places(NamedTuple):
    """Ems → pixels of the cell: ``scale_C`` real, ``shift_C`` complex."""

    scale_C: Real
    shift_C: Complex

    def of(self, points: Complex, character: NDArray[np.int64]) -> Complex:
        """Rows of points, each of the character given, in pixels of the cell."""
        return np.asarray(points * self.scale_C[character][:, None] + self.shift_C[character][:, None])


def place_characters(points: Complex, starts_C: NDArray[np.int64], pen: Pen, rng: np.random.Generator) -> Places:
    """Every character at the writer's size, near the cell's middle, with a margin; ``starts_C``: its first row."""
    count = len(starts_C)
    low_C, high_C = character_boxes(points, starts_C)
    longest_C = np.maximum((high_C - low_C).real, (high_C - low_C).imag)
    room_px = min(CELL_HEIGHT, CELL_WIDTH) - 2 * MARGIN_PX - pen.width_px
    size_C = pen.character_px * np.exp(rng.normal(0, SIZE_SPREAD, count))
    scale_C = np.minimum(size_C, room_px / np.maximum(longest_C, SHORTEST_EM))
    half_C = (high_C - low_C) * scale_C / 2
    inset = MARGIN_PX + pen.width_px / 2
    middle_C2 = np.array([CELL_WIDTH, CELL_HEIGHT]) / 2 + rng.normal(0, LOOSE_PX, (count, 2))
    x_C = np.clip(middle_C2[:, 0], half_C.real + inset, CELL_WIDTH - inset - half_C.real)
    y_C = np.clip(middle_C2[:, 1], half_C.imag + inset, CELL_HEIGHT - inset - half_C.imag)
    return Places(scale_C, x_C + 1j * y_C - (low_C + high_C) / 2 * scale_C)


def character_boxes(points: Complex, starts_C: NDArray[np.int64]) -> tuple[Complex, Complex]:
    """(C,) top left and (C,) bottom right of the points of every character."""
    low_C, high_C = (
        limit.reduceat(bound(points.real, axis=1), starts_C) + 1j * limit.reduceat(bound(points.imag, axis=1), starts_C)
        for limit, bound in ((np.minimum, np.min), (np.maximum, np.max))
    )
    return low_C, high_C


def pen_widths(script: Script, pen: Pen, hand: Hand, rng: np.random.Generator) -> Real:
    """(S, P) width in pixels of every piece of every stroke."""
    count = len(script.points_SK)
    along_P = (np.arange(PIECES) + 0.5) / PIECES
    waves_2P = np.cos(np.pi * np.array([[1], [2]]) * along_P)
    pressure_SP = 1 + rng.normal(0, pen.pressure, (count, 2)) @ waves_2P + rng.normal(0, pen.pressure, (count, 1))
    tapering_S1 = (rng.random((count, 1)) < pen.taper) * rng.uniform(0.2, 0.7, (count, 1)) * min(hand.looseness, 1)
    lift_P = np.clip((along_P - 0.55) / 0.45, 0, 1)
    return np.asarray(pen.width_px * np.clip(pressure_SP * (1 - tapering_S1 * lift_P), PRESSED / 1.5, LIFTED))


def draw_characters(script: Script, joins: Joins, widths_SP: Real, rng: np.random.Generator) -> NDArray[np.uint8]:
    """(C, 127, 128) uint8 coverage of every cell by ink, 255 is full: strokes, and thinner joins between them."""
    pieces_PQ = np.minimum(np.arange(PIECES)[:, None] * PIECE_POINTS + np.arange(PIECE_POINTS + 1), POINTS - 1)
    pieces = script.points_SK[:, pieces_PQ].reshape(-1, PIECE_POINTS + 1)
    thin_J = rng.uniform(0.4, 0.9, len(joins.stroke_J)) * widths_SP[joins.stroke_J, -1]
    starts_C1 = script.starts_C1
    return draw_lines(
        [pieces, joins.lines_JT],
        [widths_SP.ravel(), thin_J],
        [starts_C1 * PIECES, np.searchsorted(joins.stroke_J, starts_C1)],
    )


def draw_lines(
    lines: Sequence[Complex], widths: Sequence[Real], starts_C1: Sequence[NDArray[np.int64]]
) -> NDArray[np.uint8]:
    """(C, 127, 128) uint8 coverage by lines in pixels of the cell, round at their ends.

    Each entry of ``lines`` has rows of so many points; ``widths`` in pixels, of every row; rows of character c are
    ``starts_C1[c:c+2]``.
    """
    fixed = [fixed_point(rows) for rows in lines]
    thick = [np.maximum(np.rint(each * ENLARGED), 1).astype(np.int64) for each in widths]
    large_HW = np.empty((CELL_HEIGHT * ENLARGED, CELL_WIDTH * ENLARGED), np.uint8)
    cells_CHW = np.empty((len(starts_C1[0]) - 1, CELL_HEIGHT, CELL_WIDTH), np.uint8)
    for number, cell_HW in enumerate(cells_CHW):
        large_HW.fill(0)
        for rows, thick_R, bounds_C1 in zip(fixed, thick, starts_C1, strict=True):
            own = slice(bounds_C1[number], bounds_C1[number + 1])
            for width in np.unique(thick_R[own]):
                chosen = rows[own][thick_R[own] == width]
                cv2.polylines(large_HW, list(chosen), False, 255, int(width), cv2.LINE_8, SUBPIXEL_BITS)
        cv2.resize(large_HW, (CELL_WIDTH, CELL_HEIGHT), dst=cell_HW, interpolation=cv2.INTER_AREA)
    return cells_CHW


def fixed_point(points: Complex) -> NDArray[np.int32]:
    """Pixels of the cell → fixed-point pixels of the enlarged picture, whose pixel centres are whole numbers."""
    enlarged = np.stack([points.real, points.imag], axis=-1) * ENLARGED - 0.5
    return np.ascontiguousarray(np.rint(enlarged * (1 << SUBPIXEL_BITS)), np.int32)
