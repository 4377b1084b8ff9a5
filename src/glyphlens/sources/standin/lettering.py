"""Fonts in a hand: the skeletons of a font's characters, deformed like a writer's strokes and drawn with a pen.

The shapes are drawn by FreeType in Pillow, which opens woff2 in a tenth of a second: unpacking the outlines of a font
of 6,880 characters takes many times longer than drawing the few hundred that are wanted.

P points · E links between points · C characters · H×W = 127×128 pixels of a cell
Points are complex numbers x + iy, y down, in ems.
"""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from fontTools.ttLib import TTFont
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from glyphlens.core.errors import InputError
from glyphlens.imaging.font_bytes import UNPACKING_ERRORS
from glyphlens.imaging.skeleton import Skeletons, skeletons
from glyphlens.sources.standin.hand import Complex, Hand, Real
from glyphlens.sources.standin.params import HandParams
from glyphlens.sources.standin.parts import move_parts
from glyphlens.sources.standin.pen import Pen, draw_lines, place_characters
from glyphlens.sources.standin.proportions import Proportions, proportions_of
from glyphlens.sources.standin.warps import warp_characters, waves

EM_PX = 112  # of the drawing whose skeleton is taken
MARGIN_EM = 3 / 14
MARGIN_PX = round(MARGIN_EM * EM_PX)
BASELINE_EM = 0.88  # as in most Japanese fonts; the exact place is of no matter, cells are centred
INK = 128
BLOCK = 16  # pictures whose skeletons are taken at once: what lies in between stays in the processor's cache
# strokes are not known apart, so that finer waves have to bend them one by one
FINE_WAVES, FINE_CYCLES = 0.008, 1.8  # em; waves an em
UNEVEN = 0.3  # how far the font's own change of stroke width is kept: an exponent


class Lettering(NamedTuple):
    """``characters`` that a font has; ``points_P1`` of their skeletons, ``links_E2`` the lines between them.

    ``part_P``: connected parts. ``width_P``: the font's stroke width there, as a share of the character's mean.
    """

    characters: tuple[str, ...]
    points_P1: Complex
    character_P: NDArray[np.int64]
    links_E2: NDArray[np.int64]
    part_P: NDArray[np.int64]
    width_P: Real


def open_lettering(font: Path, characters: Sequence[str]) -> Lettering:
    """Raises InputError where the font cannot be read or has none of the characters."""
    known, pictures = draw_glyphs(font, characters)
    if not known:
        raise InputError(f"{font}: has none of the {len(characters)} characters to be drawn")
    found = _skeletons(pictures)
    links_E2 = found.links_E2[np.argsort(found.image_P[found.links_E2[:, 0]], kind="stable")]
    points_P1 = (found.points_P2 @ np.array([1, 1j]))[:, None] / EM_PX - (MARGIN_PX / EM_PX) * (1 + 1j)
    count = len(points_P1)
    mean_radius_C = np.bincount(found.image_P, found.radius_P) / np.bincount(found.image_P)
    graph = coo_array((np.ones(len(links_E2)), (links_E2[:, 0], links_E2[:, 1])), (count, count))
    return Lettering(
        known,
        points_P1,
        found.image_P,
        links_E2,
        connected_components(graph, directed=False)[1].astype(np.int64),
        found.radius_P / mean_radius_C[found.image_P],
    )


def lettering_proportions(lettering: Lettering) -> Proportions:
    """Where the ink of the font's characters lies."""
    weights_P = np.ones(len(lettering.points_P1))
    return proportions_of(lettering.characters, lettering.points_P1[:, 0], weights_P, lettering.character_P)


def draw_glyphs(font: Path, characters: Sequence[str], em_px: int = EM_PX) -> tuple[tuple[str, ...], NDArray[np.uint8]]:
    """The characters that the font has, and (C, H, W) uint8 drawings of them with a blank margin.

    Raises InputError where the font cannot be read.
    """
    try:
        data = font.read_bytes()
        face = ImageFont.truetype(io.BytesIO(data), em_px)
        mapped = set(TTFont(io.BytesIO(data), lazy=True).getBestCmap())
    except UNPACKING_ERRORS as error:
        raise InputError(f"{font}: cannot be read as a font ({error}); run `dvc repro fonts` again") from error
    drawn = {each: _draw(each, face, em_px) for each in characters if ord(each) in mapped}
    inked = {each: picture for each, picture in drawn.items() if picture.max() >= INK}
    none = np.empty((0, *[em_px + 2 * round(MARGIN_EM * em_px)] * 2), np.uint8)
    return tuple(inked), np.stack(list(inked.values())) if inked else none


def write_lettering(
    lettering: Lettering, hand: Hand, pen: Pen, params: HandParams, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """(C, 127, 128) uint8 coverage: one copy of all characters, in the proportions of a hand and with its pen."""
    points_P1 = move_parts(lettering.points_P1, lettering.part_P, hand, params, rng, strength=0.6)
    points_P1 = warp_characters(points_P1, lettering.character_P, hand, params, rng)
    points_P1 = points_P1 + waves(points_P1, lettering.character_P, FINE_WAVES * hand.looseness, rng, FINE_CYCLES)
    starts_C1 = np.searchsorted(lettering.character_P, np.arange(len(lettering.characters) + 1))
    placed_P1 = place_characters(points_P1, starts_C1[:-1], pen, rng).of(points_P1, lettering.character_P)
    width_E = pen.width_px * lettering.width_P[lettering.links_E2[:, 0]] ** UNEVEN
    links_C1 = np.searchsorted(lettering.links_E2[:, 0], starts_C1)
    return draw_lines([placed_P1[:, 0][lettering.links_E2]], [width_E], [links_C1])


def _skeletons(pictures_CHW: NDArray[np.uint8]) -> Skeletons:
    """The skeletons of all pictures, BLOCK of them at a time: what lies in between is many times as large."""
    starts = range(0, len(pictures_CHW), BLOCK)
    blocks = [skeletons(pictures_CHW[start : start + BLOCK] >= INK) for start in starts]
    points_before = np.cumsum([0, *(len(block.points_P2) for block in blocks)])
    return Skeletons(
        np.concatenate([block.points_P2 for block in blocks]),
        np.concatenate([block.image_P + start for start, block in zip(starts, blocks, strict=True)]),
        np.concatenate([block.links_E2 + before for before, block in zip(points_before[:-1], blocks, strict=True)]),
        np.concatenate([block.radius_P for block in blocks]),
    )


def _draw(character: str, face: ImageFont.FreeTypeFont, em_px: int) -> NDArray[np.uint8]:
    margin_px = round(MARGIN_EM * em_px)
    picture = Image.new("L", (em_px + 2 * margin_px, em_px + 2 * margin_px))
    ImageDraw.Draw(picture).text(
        (margin_px, margin_px + round(BASELINE_EM * em_px)), character, fill=255, font=face, anchor="ls"
    )
    picture_HW = np.array(picture)
    picture_HW[[0, -1]] = picture_HW[:, [0, -1]] = 0  # a skeleton needs a border that is free
    return picture_HW
