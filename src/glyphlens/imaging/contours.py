"""Contour JSON of glyphs.db ⇄ arrays of outline points, in the form that FreeType draws.

A glyph is a JSON list of subpaths (or one flat subpath), each a list of commands (docs/SPEC.md#contours)::

    ["moveTo", [x, y]]  ["lineTo", [x, y]]  ["qCurveTo", [[x, y], …]]  ["cubicTo", [c1, c2, p]]  ["closePath", null]

``qCurveTo`` takes any number of control points, with an implied on-curve point midway between two of them. A
TrueType contour that has no on-curve point at all is ``["qCurveTo", [c1, …, cn, null]], ["closePath", null]``
without a ``moveTo``, as fontTools' segment pens write it.

P points · C contours · coordinates in font units, y up
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from glyphlens.core.errors import InputError

QUADRATIC, ON_CURVE, CUBIC = 0, 1, 2
MAX_POINTS = 32_767  # an outline of FreeType counts points and contours in 16 bits
MAX_COORDINATE = 1_000_000.0  # font units; 60 times the largest units per em that OpenType allows
EXAMPLE_CHARS = 60

_Lists = tuple[list[Any], bytearray, list[int]]  # [x, y] pairs, tags, index of each contour's last point


class ContourError(InputError):
    """Contours that are no valid, closed outline."""


class Outline(NamedTuple):
    """One glyph's closed contours.

    ``points_P2`` float64 font units, y up; ``tags_P`` uint8 as FreeType's curve tags (1 on-curve, 0 quadratic control,
    2 cubic control); ``ends_C`` int16 index of each contour's last point.
    """

    points_P2: NDArray[np.float64]
    tags_P: NDArray[np.uint8]
    ends_C: NDArray[np.int16]


def parse_contours(text: str) -> Outline:
    """The outline of one glyph's contour JSON.

    A closing point that repeats the contour's first point is dropped, as is a contour of a single point. Raises
    ContourError on anything but closed paths of finite coordinates.
    """
    try:
        points, tags, ends = _walk(orjson.loads(text))
    except orjson.JSONDecodeError as error:
        raise ContourError(f"contours are not valid JSON ({error}): {_excerpt(text)}") from error
    except (TypeError, ValueError, IndexError, KeyError) as error:
        raise ContourError(f"contours are no list of commands ({error}): {_excerpt(text)}") from error
    if not ends:
        raise ContourError(f"contours hold no closed path: {_excerpt(text)}")
    if len(points) > MAX_POINTS:
        raise ContourError(f"contours hold {len(points)} points, the limit is {MAX_POINTS}")
    return Outline(_checked(points), np.frombuffer(tags, np.uint8), np.array(ends, np.int16))


def format_contours(outline: Outline) -> str:
    """Compact contour JSON, integers where values are integral; ``parse_contours`` is its inverse.

    A contour that starts off-curve is turned to start at its first on-curve point.
    """
    return orjson.dumps([_format_contour(points, tags) for points, tags in contours_of(outline)]).decode()


def contours_of(outline: Outline) -> Iterator[tuple[NDArray[np.float64], NDArray[np.uint8]]]:
    """Points and tags of each contour."""
    start = 0
    for end in outline.ends_C.tolist():
        yield outline.points_P2[start : end + 1], outline.tags_P[start : end + 1]
        start = end + 1


def _checked(points: list[Any]) -> NDArray[np.float64]:
    """(P, 2) float64; raises ContourError unless every point is a pair of finite numbers within the limit."""
    try:
        points_P2 = np.array(points)
    except (ValueError, OverflowError) as error:
        raise ContourError(f"contours hold a point that is no pair of numbers ({error})") from error
    if points_P2.dtype.kind not in "if" or points_P2.ndim != 2 or points_P2.shape[1] != 2:
        raise ContourError(f"contours hold a point that is no pair of numbers (read as {points_P2.dtype})")
    points_P2 = points_P2.astype(np.float64, copy=False)
    largest = max(points_P2.max(), -points_P2.min())
    if not largest <= MAX_COORDINATE:
        raise ContourError(f"contours hold the coordinate {largest:g}, the limit is ±{MAX_COORDINATE:g} font units")
    return points_P2


def _walk(commands: Any) -> _Lists:
    """Flatten commands; raises ContourError for a wrong order, ValueError and the like for a wrong shape."""
    lists: _Lists = ([], bytearray(), [])
    points, tags, _ = lists
    if not isinstance(commands, list):
        raise TypeError(f"found {type(commands).__name__}")
    is_flat = bool(commands) and bool(commands[0]) and isinstance(commands[0][0], str)
    subpaths = [commands] if is_flat else commands
    start = -1  # index of the open contour's first point, -1 between contours
    for subpath in subpaths:
        for name, value in subpath:
            if name == "closePath":
                _close(lists, start)
                start = -1
            elif name == "moveTo":
                if start >= 0:
                    raise ContourError("contours hold a path that is not closed before the next moveTo")
                start = len(points)
                points.append(value)
                tags.append(ON_CURVE)
            elif start < 0:
                start = len(points)
                _begin_off_curve(lists, name, value)
            elif name == "lineTo":
                points.append(value)
                tags.append(ON_CURVE)
            elif name == "qCurveTo":
                points += value
                tags += bytes(len(value) - 1) + b"\x01"
            elif name == "cubicTo":
                first, second, last = value
                points += (first, second, last)
                tags += b"\x02\x02\x01"
            else:
                raise ContourError(f"contours hold the unknown command {name!r}")
        if start >= 0:
            raise ContourError("contours hold a path that is not closed")
    return lists


def _begin_off_curve(lists: _Lists, name: str, value: Any) -> None:
    """A contour without on-curve points; any other command needs a moveTo before it."""
    if name != "qCurveTo" or len(value) < 2 or value[-1] is not None:
        raise ContourError(f"contours hold {name!r} where a path has to begin with moveTo")
    points, tags, _ = lists
    points += value[:-1]
    tags += bytes(len(value) - 1)


def _close(lists: _Lists, start: int) -> None:
    """End the contour that began at ``start``."""
    points, tags, ends = lists
    if start < 0:
        raise ContourError("contours hold closePath without a path")
    if len(points) - start > 1 and tags[-1] == tags[start] == ON_CURVE and points[-1] == points[start]:
        points.pop()
        tags.pop()
    if len(points) - start > 1:
        ends.append(len(points) - 1)
    else:
        del points[start:], tags[start:]


def _format_contour(points_P2: NDArray[np.float64], tags_P: NDArray[np.uint8]) -> list[Any]:
    """The commands of one contour."""
    on_curve = np.flatnonzero(tags_P == ON_CURVE)
    points = _compact(points_P2)
    if not len(on_curve):
        return [["qCurveTo", [*points, None]], ["closePath", None]]
    turn = int(on_curve[0])
    points, tags = points[turn:] + points[:turn], np.roll(tags_P, -turn).tolist()
    commands: list[Any] = [["moveTo", points[0]]]
    controls: list[Any] = []
    for point, tag, before in zip([*points[1:], points[0]], [*tags[1:], ON_CURVE], tags, strict=True):
        if tag != ON_CURVE:
            controls.append(point)
            continue
        if controls:
            commands.append(["cubicTo" if before == CUBIC else "qCurveTo", [*controls, point]])
        else:
            commands.append(["lineTo", point])
        controls = []
    if commands[-1][0] == "lineTo":
        commands.pop()  # closePath draws the straight way back
    return [*commands, ["closePath", None]]


def _compact(points_P2: NDArray[np.float64]) -> list[list[float]]:
    """Pairs, with integers where values are integral."""
    return [[int(value) if value.is_integer() else value for value in pair] for pair in points_P2.tolist()]


def _excerpt(text: str) -> str:
    return text if len(text) <= EXAMPLE_CHARS else f"{text[:EXAMPLE_CHARS]}…"
