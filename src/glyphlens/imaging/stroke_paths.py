"""Pen strokes: the path data of SVG files → points along a stroke.

S strokes · K points along a stroke · C cubic Bézier segments · 2 coordinates (x right, y down)
"""

import re

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.errors import InputError

TOKEN = re.compile(r"([A-Za-z])|(-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)")
NUMBERS_OF = {"M": 2, "C": 6, "S": 4}
PIECES = 8  # chords that stand for one Bézier segment: its sagitta is then far below the width of a pen
STEPS_T = np.linspace(0, 1, PIECES + 1)[1:]
BERNSTEIN_T4 = np.stack(
    [(1 - STEPS_T) ** 3, 3 * STEPS_T * (1 - STEPS_T) ** 2, 3 * STEPS_T**2 * (1 - STEPS_T), STEPS_T**3], axis=1
)


def path_segments(path: str) -> NDArray[np.float64]:
    """(C, 4, 2) control points of one stroke: SVG 1.1 section 8.3 with the commands M, C and S, absolute or relative.

    Raises InputError on any other command and on numbers that do not make up whole commands.
    """
    segments: list[list[complex]] = []
    pen = 0j
    for command, numbers in _commands(path):
        points = [complex(*pair) for pair in zip(numbers[::2], numbers[1::2], strict=True)]
        if command.islower():
            points = [pen + point for point in points]
        if command in "Mm":
            pen = points[0]
            continue
        if command in "Ss":
            # the first control point mirrors the last one before
            points = [2 * pen - segments[-1][2] if segments else pen, *points]
        segments.append([pen, *points])
        pen = points[-1]
    if not segments:
        raise InputError(f"path '{path[:40]}': no curve in it")
    controls = np.array(segments)
    return np.stack([controls.real, controls.imag], axis=2)


def stroke_line(path: str) -> NDArray[np.float64]:
    """(P, 2) points of the chords that stand for the stroke of a path."""
    segments_C42 = path_segments(path)
    curve = np.einsum("tb,cbx->ctx", BERNSTEIN_T4, segments_C42).reshape(-1, 2)
    return np.concatenate([segments_C42[:1, 0], curve])


def resample(line_P2: NDArray[np.float64], points: int) -> NDArray[np.float64]:
    """(K, 2) points spaced equally along a line; its ends stay where they are."""
    steps = np.hypot(*np.diff(line_P2, axis=0).T)
    along_P = np.concatenate([[0.0], np.cumsum(steps)])
    at_K = np.linspace(0, along_P[-1], points)
    return np.stack([np.interp(at_K, along_P, line_P2[:, axis]) for axis in (0, 1)], axis=1)


def _commands(path: str) -> list[tuple[str, list[float]]]:
    """Every command with its numbers; a repeated command may leave its letter out."""
    commands: list[tuple[str, list[float]]] = []
    letter, numbers = "", list[float]()
    for found, number in TOKEN.findall(path):
        if found:
            if numbers or found.upper() not in NUMBERS_OF:
                raise InputError(f"path '{path[:40]}': '{found}' is not expected there; M, C and S can be read")
            letter = found
            continue
        if not letter:
            raise InputError(f"path '{path[:40]}': begins with a number")
        numbers.append(float(number))
        if len(numbers) == NUMBERS_OF[letter.upper()]:
            commands.append((letter, numbers))
            numbers = []
    if numbers:
        raise InputError(f"path '{path[:40]}': ends within '{letter}'")
    return commands
