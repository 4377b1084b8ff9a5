"""A text set in type as people set it: faces, weight, slant, spacing, lines above and below; a box to cut it out by.

G glyphs · coordinates in em, y up from the baseline
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.imaging.deform import Deformations
from glyphlens.imaging.text_runs import SetGlyphs, TextFace, set_glyphs, side_by_side
from glyphlens.inference.khmer_text import clusters
from glyphlens.tracks.khmer.drawing.faces import FontChoice

STYLES = ("plain", "bold", "slant", "spaced", "underline", "inverse")
TALL = "ខ្ញុំ ស៊ីឡើង ញ្ញុំ ប៉ី គ្រឿង ស្ត្រី"  # has what stands highest and lowest in most faces
LATIN = re.compile(r"[A-Za-zÀ-ÿ0-9][A-Za-zÀ-ÿ0-9.,:/@#%&+_’'-]*")
LEAST_BOX_EM = 0.8


class Manner(NamedTuple):
    """How one line is set: what is drawn at random, already drawn. Lengths in em."""

    style: str
    latin_own: bool
    latin_scale: float
    space: float
    spacing: float
    slant: float
    bold: float
    rise: float
    fit_top: float
    fit_bottom: float
    pads: tuple[float, float, float, float]
    neighbour: float
    neighbour_depth: float
    neighbour_from: float


class SetLine(NamedTuple):
    """Glyphs of a line and of its neighbours, and the box (left, bottom, right, top) that it is cut out by."""

    glyphs: SetGlyphs
    box: tuple[float, float, float, float]
    ink: tuple[float, float, float, float]


class NotShown(InputError):
    """A font does not show a text; the message says what of it."""


def draw_manner(rng: np.random.Generator, styles: Mapping[str, float], own_latin: float, neighbours: float) -> Manner:
    """A manner at random; shares of the styles other than plain."""
    names = [*styles, "plain"]
    style = names[int(rng.choice(len(names), p=[*styles.values(), 1 - sum(styles.values())]))]
    chance = rng.random(4)
    return Manner(
        style=style,
        latin_own=bool(chance[0] < own_latin),
        latin_scale=rng.uniform(0.88, 1.12),
        space=rng.uniform(0.6, 1.5) if chance[1] < 0.75 else rng.uniform(1.5, 3.5),
        spacing=rng.uniform(0.03, 0.2) if style == "spaced" else rng.uniform(-0.01, 0.03) * (chance[2] < 0.3),
        slant=rng.uniform(0.1, 0.28) if style == "slant" else 0.0,
        bold=rng.uniform(0.015, 0.06) if style == "bold" else 0.0,
        rise=rng.normal(0, 0.0015),
        fit_top=rng.random(),
        fit_bottom=rng.random(),
        pads=_pads(rng),
        neighbour=(-1.0 if rng.random() < 0.5 else 1.0) if chance[3] < neighbours else 0.0,
        neighbour_depth=rng.uniform(0.02, 0.2),
        neighbour_from=rng.random(),
    )


def _pads(rng: np.random.Generator) -> tuple[float, float, float, float]:
    """Paper above, below, before and behind: most line finders cut close, some keep half of the gap between lines."""
    most = 0.12 if rng.random() < 0.75 else 0.4
    above, below = rng.uniform(0, most, 2).tolist()
    before, behind = (rng.random(2) ** 2 * 0.8).tolist()
    return above, below, before, behind


def set_line(
    text: str,
    khmer: FontChoice,
    latin: FontChoice,
    signs: FontChoice,
    manner: Manner,
    deformation: Deformations | None = None,
) -> SetLine:
    """The text in these faces, or in what ``deformation`` makes of them.

    Raises NotShown where the Khmer font does not show all Khmer of it.
    """
    parts, shifts, pen = [], [], 0.0
    shift_of, total_shift = _shifts(text, manner)
    for begin, end, font, scale in runs(text, khmer, latin, signs, manner):
        face, piece = font.open(), text[begin:end]
        run = face.shape(piece, *(("Khmr", "km") if font is khmer else ("Latn", "en")))
        fault = face.fault(run, piece)
        if fault:
            raise NotShown(f"{font.path.name} {fault}")
        parts.append(set_glyphs(face, run, scale, deformation))
        shifts.append(pen + shift_of[run.characters_G + begin])
        pen += run.advance * scale
    glyphs = side_by_side(parts).moved(np.concatenate(shifts))
    if not len(glyphs.points_P2):
        raise NotShown(f"{khmer.path.name} draws nothing of {text!r}")
    return _boxed(glyphs, pen + total_shift, khmer.open(), manner)


def runs(
    text: str, khmer: FontChoice, latin: FontChoice, signs: FontChoice, manner: Manner
) -> list[tuple[int, int, FontChoice, float]]:
    """(begin, end, font, scale) of stretches of one face: Latin in its own where that is wished or needed."""
    foreign = {at for match in LATIN.finditer(text) for at in range(*match.span())}
    known, known_latin = khmer.open().characters, latin.open().characters
    found: list[tuple[int, int, FontChoice, float]] = []
    for at, character in enumerate(text):
        font, scale = khmer, 1.0
        is_own = ord(character) in known or "\u1780" <= character <= "\u17f9" or character == "\u200b"
        if not is_own or (at in foreign and not manner.latin_own):
            font = latin if ord(character) in known_latin else khmer if is_own else signs
            scale = manner.latin_scale if font is not khmer else 1.0
        if found and found[-1][2] is font:
            found[-1] = (found[-1][0], at + 1, font, scale)
        else:
            found.append((at, at + 1, font, scale))
    return found


def _shifts(text: str, manner: Manner) -> tuple[NDArray[np.float64], float]:
    """How far each character moves right for letters spaced out and spaces widened, and how much longer all gets."""
    parts = clusters(text)
    extra = np.array([manner.spacing + (0.22 * (manner.space - 1) if part == " " else 0.0) for part in parts])
    before = np.cumsum([0.0, *extra])
    counts = [len(part) for part in parts]
    return np.repeat(before[:-1], counts), float(before[-1])


@lru_cache(maxsize=256)
def _tall(face: TextFace) -> tuple[float, float]:
    """Lowest and highest ink of text in a face."""
    heights = set_glyphs(face, face.shape(TALL, "Khmr", "km")).points_P2[:, 1]
    return float(heights.min()), float(heights.max())


def _boxed(glyphs: SetGlyphs, advance: float, face: TextFace, manner: Manner) -> SetLine:
    """Slanted, underlined, risen; cut between the ink of the line and that of a full line, with a margin."""
    points_P2 = glyphs.points_P2
    points_P2[:, 0] += manner.slant * points_P2[:, 1]
    points_P2[:, 1] += manner.rise * (points_P2[:, 0] - advance / 2)
    if manner.style == "underline":
        glyphs = side_by_side([glyphs, _rule(0.0, advance, -0.14 - manner.fit_bottom * 0.2, 0.05)])
    left, bottom = glyphs.points_P2.min(axis=0)
    right, top = glyphs.points_P2.max(axis=0)
    lowest, highest = _tall(face)
    ink = float(left), float(bottom), float(right), float(top)
    full_bottom, full_top = min(bottom, lowest), max(top, highest)
    top += manner.fit_top * (full_top - top)
    bottom += manner.fit_bottom * (full_bottom - bottom)
    lacking = max(0.0, LEAST_BOX_EM - (top - bottom))
    above, below, before, behind = manner.pads
    box = left - before, bottom - below - lacking / 2, right + manner.bold + behind, top + above + lacking / 2
    if manner.neighbour:
        glyphs = side_by_side([glyphs, _intruding(glyphs, box, ink, manner)])
    return SetLine(glyphs, (float(box[0]), float(box[1]), float(box[2]), float(box[3])), ink)


def _intruding(glyphs: SetGlyphs, box: tuple[float, ...], ink: tuple[float, ...], manner: Manner) -> SetGlyphs:
    """Some of the line's own glyphs again where the line above or below reaches into the box."""
    count = len(glyphs.points_G)
    start = int(manner.neighbour_from * count)
    kept_G = np.zeros(count, bool)
    kept_G[start : start + max(2, count // 3)] = True
    other = glyphs.some(kept_G)
    if not len(other.points_P2):
        return other
    depth = manner.neighbour_depth * (box[3] - box[1])
    heights = other.points_P2[:, 1]
    move = box[3] - depth - heights.min() if manner.neighbour > 0 else box[1] + depth - heights.max()
    points_P2 = other.points_P2 + np.array([(0.5 - manner.neighbour_from) * (ink[2] - ink[0]) * 0.7, move])
    return other._replace(points_P2=points_P2)


def _rule(left: float, right: float, height: float, thickness: float) -> SetGlyphs:
    corners = [(left, height), (left, height + thickness), (right, height + thickness), (right, height)]
    one = np.ones(1, np.int64)
    return SetGlyphs(np.array(corners), np.ones(4, np.uint8), 4 * one, 4 * one, one)
