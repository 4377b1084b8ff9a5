"""What one process draws: all characters in the hand of one simulated writer, or all copies of one font.

S strokes · C characters · F = 17 numbers a stroke
"""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from glyphlens.data.produced import STROKE_NUMBERS, STROKE_POINTS, STROKES
from glyphlens.imaging.handwriting import HandwritingParams, prepare
from glyphlens.sources.standin.hand import random_hand
from glyphlens.sources.standin.joins import join_strokes
from glyphlens.sources.standin.lettering import Lettering, lettering_proportions, open_lettering, write_lettering
from glyphlens.sources.standin.paper import scan
from glyphlens.sources.standin.params import StyleParams
from glyphlens.sources.standin.pen import (
    character_boxes,
    draw_characters,
    pen_widths,
    place_characters,
    random_pen,
)
from glyphlens.sources.standin.proportions import Proportions, take_proportions
from glyphlens.sources.standin.script import POINTS, Script, choose_forms
from glyphlens.sources.standin.writing import write


class WriterShard(NamedTuple):
    """What a process needs to draw one writer; ``models``: drawings whose proportions a writer may have."""

    writer: int
    seed: int
    script: Script
    models: tuple[Proportions, ...]
    style: StyleParams
    handwriting: HandwritingParams


class FontShard(NamedTuple):
    """What a process needs to draw ``copies`` of those of the characters that one font file has."""

    font: Path
    number: int
    seed: int
    characters: tuple[str, ...]
    copies: int
    style: StyleParams
    handwriting: HandwritingParams


class Page(NamedTuple):
    """``pixels_CHW`` uint8 prepared pictures; ``strokes_CSF`` float32 stroke sequences, in the script's order."""

    pixels_CHW: NDArray[np.uint8]
    strokes_CSF: NDArray[np.float32]


def draw_writer(shard: WriterShard) -> Page:
    """All characters of the script in the hand of one writer, who depends on the seed and the number only."""
    cells_CHW, written = write_cells(shard)
    return Page(prepare(cells_CHW, shard.handwriting), stroke_sequences(written))


class FontPages(NamedTuple):
    """``characters`` that the font has, all copies one after the other, with their prepared pictures."""

    characters: tuple[str, ...]
    pixels_NHW: NDArray[np.uint8]
    proportions: Proportions


def draw_font(shard: FontShard) -> FontPages:
    """All copies of one font file, each in another hand."""
    lettering = open_lettering(shard.font, shard.characters)
    copies = [letter_cells(lettering, shard, copy) for copy in range(shard.copies)]
    pixels = np.concatenate([prepare(cells_CHW, shard.handwriting) for cells_CHW in copies])
    return FontPages(lettering.characters * len(copies), pixels, lettering_proportions(lettering))


def letter_cells(lettering: Lettering, shard: FontShard, copy: int) -> NDArray[np.uint8]:
    """(C, 127, 128) scanned cells of one copy of a font."""
    rng = np.random.default_rng([shard.seed, shard.number, copy, 1])
    hand, pen = random_hand(shard.style.hand, rng), random_pen(shard.style.paper, rng)
    return scan(write_lettering(lettering, hand, pen, shard.style.hand, rng), shard.style.paper, rng)


def write_cells(shard: WriterShard) -> tuple[NDArray[np.uint8], Script]:
    """(C, 127, 128) scanned cells and the strokes in them, in pixels of the cell."""
    rng = np.random.default_rng([shard.seed, shard.writer])
    hand = random_hand(shard.style.hand, rng)
    pen = random_pen(shard.style.paper, rng)
    script = choose_forms(shard.script, rng)
    if shard.models:
        model = shard.models[rng.integers(len(shard.models))]
        script = replace(script, points_SK=take_proportions(script, model, rng))
    written = write(script, hand, shard.style.hand, rng)
    joins = join_strokes(written, hand, rng)
    places = place_characters(written.points_SK, written.starts_C1[:-1], pen, rng)
    joins = joins._replace(lines_JT=places.of(joins.lines_JT, written.character_S[joins.stroke_J]))
    written = replace(written, points_SK=places.of(written.points_SK, written.character_S))
    coverage_CHW = draw_characters(written, joins, pen_widths(written, pen, hand, rng), rng)
    return scan(coverage_CHW, shard.style.paper, rng), written


def stroke_sequences(script: Script) -> NDArray[np.float32]:
    """(C, 24, 17) the strokes of every character as 8 points in −1..1 of its box and a 1; longer ones are cut off."""
    starts_C1 = script.starts_C1
    count = len(script.characters)
    low_C, high_C = character_boxes(script.points_SK, starts_C1[:-1])
    side_C = np.maximum(np.maximum((high_C - low_C).real, (high_C - low_C).imag), 1e-9)
    of_S = script.character_S
    placed_SK = (script.points_SK - ((low_C + high_C) / 2)[of_S][:, None]) / (side_C / 2)[of_S][:, None]
    at_8 = np.linspace(0, POINTS - 1, STROKE_POINTS)
    left_8 = np.minimum(at_8.astype(np.int64), POINTS - 2)
    share_8 = at_8 - left_8
    points_S8 = placed_SK[:, left_8] * (1 - share_8) + placed_SK[:, left_8 + 1] * share_8
    sequences = np.zeros((count, STROKES, STROKE_NUMBERS), np.float32)
    position_S = np.arange(len(of_S)) - starts_C1[of_S]
    kept = position_S < STROKES
    numbers_SF = np.concatenate(
        [np.stack([points_S8.real, points_S8.imag], axis=2).reshape(len(of_S), -1), np.ones((len(of_S), 1))], axis=1
    )
    sequences[of_S[kept], position_S[kept]] = numbers_SF[kept]
    return sequences
