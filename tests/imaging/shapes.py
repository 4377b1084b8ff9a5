"""Outlines made in code, and a slow, plain reference for drawing them: winding numbers of sampled polylines."""

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from glyphlens.imaging.contours import Outline, contours_of

SUBDIVISIONS = 32
SUPERSAMPLING = 2


def outline(*contours: list[tuple[float, float, int]]) -> Outline:
    """An outline of contours given as (x, y, tag)."""
    flat = np.array([point for contour in contours for point in contour], dtype=np.float64)
    ends = np.cumsum([len(contour) for contour in contours]) - 1
    return Outline(flat[:, :2].copy(), flat[:, 2].astype(np.uint8), ends.astype(np.int16))


def box(left: float, bottom: float, right: float, top: float, *, hole: bool = False) -> list[tuple[float, float, int]]:
    """A rectangle; counter-clockwise, or clockwise as a hole."""
    corners = [(left, bottom, 1), (right, bottom, 1), (right, top, 1), (left, top, 1)]
    return corners[::-1] if hole else corners


def circle(x: float, y: float, radius: float, *, cubic: bool, hole: bool = False) -> list[tuple[float, float, int]]:
    """A circle: four cubic arcs, or a TrueType contour of eight control points and no on-curve point."""
    if cubic:
        k = 0.5522847498 * radius
        quarter = [(radius, 0, 1), (radius, k, 2), (k, radius, 2)]
        turns = [(1, 0, 0, 1), (0, -1, 1, 0), (-1, 0, 0, -1), (0, 1, -1, 0)]
        points = [(x + a * p + b * q, y + c * p + d * q, tag) for a, b, c, d in turns for p, q, tag in quarter]
    else:
        angles = np.arange(8) * np.pi / 4
        reach = radius / np.cos(np.pi / 8)
        points = [(x + reach * float(np.cos(a)), y + reach * float(np.sin(a)), 0) for a in angles]
    return points[:1] + points[:0:-1] if hole else points


def reversed_outline(original: Outline) -> Outline:
    """Every contour the other way round, still beginning at its first point."""
    turned = [np.r_[0, np.arange(len(tags) - 1, 0, -1)] for _, tags in contours_of(original)]
    starts = np.r_[0, original.ends_C[:-1] + 1]
    order = np.concatenate([start + rows for start, rows in zip(starts, turned, strict=True)])
    return Outline(original.points_P2[order], original.tags_P[order], original.ends_C)


def polylines(original: Outline) -> list[NDArray[np.float64]]:
    """Each contour as a closed polyline, curves sampled uniformly; implied on-curve points made explicit."""
    lines = []
    for points, tags in contours_of(original):
        lines.append(np.array(_sampled(_explicit(points.tolist(), tags.tolist()))))
    return lines


def _explicit(points: list[list[float]], tags: list[int]) -> list[tuple[list[float], int]]:
    full: list[tuple[list[float], int]] = []
    for number, (point, tag) in enumerate(zip(points, tags, strict=True)):
        full.append((point, tag))
        after = (number + 1) % len(points)
        if tag == 0 and tags[after] == 0:
            full.append(([(point[0] + points[after][0]) / 2, (point[1] + points[after][1]) / 2], 1))
    first = next(number for number, (_, tag) in enumerate(full) if tag == 1)
    return [*full[first:], *full[:first], full[first]]


def _sampled(full: list[tuple[list[float], int]]) -> list[NDArray[np.float64]]:
    line, controls = [np.array(full[0][0])], []
    t = np.linspace(0, 1, SUBDIVISIONS + 1)[1:, None]
    for point, tag in full[1:]:
        controls.append(np.array(point))
        if tag != 1:
            continue
        start = line[-1]
        if len(controls) == 1:
            line.append(controls[0])
        elif len(controls) == 2:
            line.extend((1 - t) ** 2 * start + 2 * t * (1 - t) * controls[0] + t**2 * controls[1])
        else:
            first, second, last = controls
            line.extend((1 - t) ** 3 * start + 3 * t * (1 - t) ** 2 * first + 3 * t**2 * (1 - t) * second + t**3 * last)
        controls = []
    return line


def supersampled(original: Outline, target_px: int, canvas_px: int) -> NDArray[np.float64]:
    """(H, W) share of 2×2 samples a pixel whose winding number is not 0; anchored top-left, row 0 at the top."""
    lines = polylines(original)
    everything = np.concatenate(lines)
    low, high = everything.min(axis=0), everything.max(axis=0)
    scale = target_px / (high - low).max() * SUPERSAMPLING
    samples = canvas_px * SUPERSAMPLING
    steps_HW = np.zeros((samples, samples + 1), np.int64)
    centres = np.arange(samples) + 0.5
    for line in lines:
        x, y = (line[:, 0] - low[0]) * scale, (high[1] - line[:, 1]) * scale
        for x0, y0, x1, y1 in zip(x, y, np.roll(x, -1), np.roll(y, -1), strict=True):
            rows = np.flatnonzero((centres >= min(y0, y1)) & (centres < max(y0, y1)))
            crossing = x0 + (centres[rows] - y0) / (y1 - y0) * (x1 - x0) if len(rows) else np.empty(0)
            np.add.at(steps_HW, (rows, np.searchsorted(centres, crossing)), 1 if y1 > y0 else -1)
    inside_HW = np.cumsum(steps_HW, axis=1)[:, :-1] != 0
    return inside_HW.reshape(canvas_px, SUPERSAMPLING, canvas_px, SUPERSAMPLING).mean(axis=(1, 3))


coordinates = st.one_of(
    st.integers(-3000, 3000).map(float), st.floats(-3000, 3000, allow_nan=False).map(lambda value: value + 0.0)
)


@st.composite
def contours(draw: st.DrawFn) -> list[tuple[float, float, int]]:
    """One contour as parsing gives it: starts on-curve or has no on-curve point, does not repeat its last point."""
    if draw(st.booleans()):
        count = draw(st.integers(2, 6))
        return [(draw(coordinates), draw(coordinates), 0) for _ in range(count)]
    points = [(draw(coordinates), draw(coordinates), 1)]
    for _ in range(draw(st.integers(1, 5))):
        tags = draw(st.sampled_from([(1,), (0, 1), (0, 0, 1), (2, 2, 1), (0, 0, 0, 0, 1)]))
        points += [(draw(coordinates), draw(coordinates), tag) for tag in tags]
    for tags in draw(st.sampled_from([(), (0,), (0, 0), (2, 2)])):
        points.append((draw(coordinates), draw(coordinates), tags))
    if points[-1] == points[0]:
        points.append((points[0][0] + 1, points[0][1], 1))
    return points


outlines = st.lists(contours(), min_size=1, max_size=4).map(lambda found: outline(*found))
