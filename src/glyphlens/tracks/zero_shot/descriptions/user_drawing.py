"""A user's SVG file of one character: KanjiVG's groups and stroke types, in a square of any size.

S strokes · P points along each · 2 coordinates (x right, y down, 0..1 of the square)
"""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.sources.kanjivg import SQUARE, parse_drawing
from glyphlens.tracks.zero_shot.descriptions.description import (
    STROKE_POINTS,
    Description,
    describe_svg,
    on_levels,
)

OUTSIDE = 0.1  # of the square: a stroke may reach so far beyond it


def describe_user_svg(path: Path) -> Description:
    """The description of the one character that a file draws in its ``viewBox``, KanjiVG's square where it has none.

    Raises InputError where the file cannot be read, has another format, is transformed, or draws outside the square.
    """
    description, content = describe_svg(path), path.read_bytes()
    try:
        points_SP2 = parse_drawing(content).points(STROKE_POINTS) * SQUARE
        return replace(
            description, points_SP2=on_levels(_in_square(points_SP2, _view_box(ElementTree.fromstring(content))))
        )
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _view_box(root: ElementTree.Element) -> NDArray[np.float64]:
    """Left, top, width, height."""
    nodes = (root, root[0], *root[0][0].iter())  # the group behind it has the strokes' numbers, each moved
    if moved := next((node.attrib["transform"] for node in nodes if "transform" in node.attrib), None):
        raise InputError(f"transform='{moved[:40]}' is not read; write the strokes where they are")
    text = root.attrib.get("viewBox")
    try:
        box_4 = np.array([float(word) for word in (text or f"0 0 {SQUARE} {SQUARE}").replace(",", " ").split()])
    except ValueError:
        box_4 = np.zeros(0)
    if box_4.shape != (4,) or not np.isfinite(box_4).all() or box_4[2:].min() <= 0:
        raise InputError(f"viewBox='{(text or '')[:40]}': expected left, top, width and height")
    return box_4


def _in_square(points_SP2: NDArray[np.float64], box_4: NDArray[np.float64]) -> NDArray[np.float64]:
    """The points within the square around the box."""
    side = float(box_4[2:].max())
    placed_SP2: NDArray[np.float64] = (points_SP2 - box_4[:2] - box_4[2:] / 2) / side + 0.5
    off_S = ~(np.abs(placed_SP2 - 0.5) <= 0.5 + OUTSIDE).all(axis=(1, 2))
    if off_S.any():
        number = int(np.argmax(off_S))
        x, y = points_SP2[number, int(np.argmax(np.abs(placed_SP2[number] - 0.5).max(axis=1)))]
        raise InputError(f"stroke {number + 1} runs through {x:.4g}, {y:.4g}, outside the square of side {side:.4g}")
    return placed_SP2
