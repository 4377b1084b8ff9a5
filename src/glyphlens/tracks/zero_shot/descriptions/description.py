"""What a character is made of: its strokes in writing order, and the components that they make up.

S strokes · P = 5 points along each · K components · 2 coordinates (x right, y down, 0..1 of the square)
"""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.sources.kanjivg import StrokeCharacter, parse_drawing
from glyphlens.sources.structure import drawn_components

STROKE_POINTS = 5
MOST_STROKES = 84  # as many as the character with the most of all has
LEVELS = 255  # coordinates are whole 255ths, so that a byte holds one exactly
COMPONENT_NUMBERS = 5
FRAMED_SIDE = 0.82  # longer side of the strokes' box in a prepared picture: 56 of 64 px, less the width of a pen
MARGIN = 0.1  # that KanjiVG leaves on each side of a character
UNKNOWN_TYPE = ""
# KanjiVG's types of strokes, named by characters of Unicode's block CJK Strokes, without their variants (a, b, c, v).
STROKE_TYPES = (
    UNKNOWN_TYPE, "㇀", "㇁", "㇂", "㇃", "㇄", "㇅", "㇆", "㇇", "㇈", "㇉", "㇋", "㇏", "㇐", "㇑", "㇒", "㇓", "㇔",
    "㇕", "㇖", "㇗", "㇙", "㇚", "㇛", "㇜", "㇞", "㇟", "㇡",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Description:
    """``types``: of each stroke one of STROKE_TYPES. ``points_SP2`` float32, whole 255ths.

    ``names``: of each component, in writing order. ``owners_S`` int64: the number of the component of each stroke.
    """

    types: tuple[str, ...]
    points_SP2: NDArray[np.float32]
    names: tuple[str, ...]
    owners_S: NDArray[np.int64]

    @property
    def content(self) -> tuple[object, ...]:
        """All of it in a form that can be compared and hashed."""
        levels = np.rint(self.points_SP2 * LEVELS).astype(np.uint8)
        return self.types, levels.tobytes(), self.names, tuple(self.owners_S.tolist())

    @cached_property
    def numbers_K5(self) -> NDArray[np.float32]:
        """(K, 5) of each component's box the centre x and y, width and height; its share of the strokes' length."""
        lengths_S = np.hypot(*np.diff(self.points_SP2, axis=1).transpose(2, 0, 1)).sum(axis=1)
        numbers_K5 = np.empty((len(self.names), COMPONENT_NUMBERS), np.float32)
        for number, row in enumerate(numbers_K5):
            own_S = self.owners_S == number
            points_N2 = self.points_SP2[own_S].reshape(-1, 2)
            low_2, high_2 = points_N2.min(axis=0), points_N2.max(axis=0)
            row[:2], row[2:4] = (low_2 + high_2) / 2, high_2 - low_2
            row[4] = lengths_S[own_S].sum() / max(lengths_S.sum(), 1 / LEVELS)
        return numbers_K5


def on_levels(points: NDArray[np.float64]) -> NDArray[np.float32]:
    """Coordinates at the nearest whole 255th within 0..1."""
    levels = np.rint(np.clip(points, 0, 1) * LEVELS)
    return np.asarray(levels / LEVELS, np.float32)


def canonical_type(kind: str) -> str:
    """The type that KanjiVG names first, without its variant; UNKNOWN_TYPE for any other name.

    >>> canonical_type("㇟a/㇏"), canonical_type("６")
    ('㇟', '')
    """
    return kind[:1] if kind[:1] in STROKE_TYPES else UNKNOWN_TYPE


def describe_drawing(drawn: StrokeCharacter) -> Description:
    """The description of a character as KanjiVG draws it; strokes of no component are named by their types."""
    components = drawn_components(drawn)
    owners_S = np.empty(len(drawn.paths), np.int64)
    for number, (_, strokes) in enumerate(components):
        owners_S[list(strokes)] = number
    return Description(
        tuple(canonical_type(kind) for kind in drawn.types),
        on_levels(drawn.points(STROKE_POINTS)),
        tuple(canonical_type(name) or name for name, _ in components),
        owners_S,
    )


def describe_svg(path: Path) -> Description:
    """The description of the one character that an SVG file of KanjiVG's format draws.

    Raises InputError where the file cannot be read or has another format.
    """
    try:
        drawn = parse_drawing(path.read_bytes())
        if not drawn.character:
            raise InputError("its character has no name (kvg:element)")
        return describe_drawing(drawn)
    except (OSError, InputError) as error:
        raise InputError(f"{path}: {error}; an SVG file as KanjiVG's are is expected") from error


def framed(description: Description) -> Description:
    """The description in the frame of a prepared picture, where the strokes' box is centred and has one size."""
    points_SP2 = description.points_SP2.astype(np.float64)
    low_2, high_2 = points_SP2.min(axis=(0, 1)), points_SP2.max(axis=(0, 1))
    scale = FRAMED_SIDE / max(float((high_2 - low_2).max()), 1 / LEVELS)
    return replace(description, points_SP2=on_levels(0.5 + (points_SP2 - (low_2 + high_2) / 2) * scale))


def cut_out(description: Description, component: int) -> Description:
    """One component as a character of its own: alone, and as large as the square is."""
    own_S = description.owners_S == component
    points_SP2 = description.points_SP2[own_S].astype(np.float64)
    low_2, high_2 = points_SP2.min(axis=(0, 1)), points_SP2.max(axis=(0, 1))
    scale = (1 - 2 * MARGIN) / max(float((high_2 - low_2).max()), 1 / LEVELS)
    centred_SP2 = 0.5 + (points_SP2 - (low_2 + high_2) / 2) * scale
    return Description(
        tuple(kind for kind, own in zip(description.types, own_S, strict=True) if own),
        on_levels(centred_SP2),
        (description.names[component],),
        np.zeros(len(points_SP2), np.int64),
    )
