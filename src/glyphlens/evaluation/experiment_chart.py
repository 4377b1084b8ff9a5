"""The chart of a sweep: parallel coordinates, an axis for every parameter that differs and the last for the metric."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path as FilePath
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator

from glyphlens.evaluation.charts import BLUE, INK, ORANGE, SKY, SOFT, new_figure

# From worst to best: what did badly fades away.
COLOURS = LinearSegmentedColormap.from_list("scores", ["#e4e2dc", "#bcd3df", SKY, BLUE, "#003a5c"])
Colour = tuple[float, float, float, float]
FEW_VALUES = 8  # up to so many have a tick each and even distances
WIDE_RANGE = 20  # largest over smallest from which an axis is logarithmic
BAND = 0.62  # share of a value's room over which its lines are spread


class Line(NamedTuple):
    """One experiment: its values on the axes of the parameters, as text, and its score."""

    name: str
    values: tuple[str, ...]
    score: float


class Scale(NamedTuple):
    """Heights (0 … 1) of the lines on one axis, and its ticks: height → label."""

    heights: list[float]
    ticks: dict[float, str]


def plot_experiments(path: FilePath, names: Sequence[str], lines: Sequence[Line], metric: str) -> None:
    """Draw ``lines``, best first: a curve each through its parameters' values to its score, coloured by the score.

    ``names``: of the parameters, in the order of ``Line.values``. The best line has its name and score beside it.
    """
    scales = [_scale([line.values[place] for line in lines]) for place in range(len(names))]
    scales.append(_score_scale([line.score for line in lines]))
    with new_figure(path, 2.4 + 2.1 * len(names), 4.8) as figure:
        axes = figure.subplots()
        for rank, colour in reversed(list(enumerate(_colours(lines)))):
            axes.add_patch(_curve([scale.heights[rank] for scale in scales], colour, is_best=rank == 0))
        for place, (name, scale) in enumerate(zip([*names, metric], scales, strict=True)):
            _axis(axes, place, name, scale)
        _name_best(axes, len(names), scales[-1].heights[0], lines[0])
        axes.text(-0.2, -0.04, f"{len(lines)} experiments, from best (dark) to worst (pale)", va="top", color=SOFT)
        axes.set_xlim(-0.22, len(names) + 0.5)
        axes.set_ylim(-0.08, 1.04)
        axes.set_axis_off()


def _colours(lines: Sequence[Line]) -> list[Colour]:
    """By place, not by score: one outlier would make all others look alike."""
    scores = list(dict.fromkeys(line.score for line in lines))
    return [COLOURS(1 - scores.index(line.score) / max(len(scores) - 1, 1)) for line in lines]


def _scale(values: Sequence[str]) -> Scale:
    """Even distances for a few values, the lines of each spread over its band; else a number's own place."""
    numbers = {value: _number(value) for value in values}
    is_numeric = all(number is not None for number in numbers.values())
    distinct = sorted(numbers, key=lambda value: (numbers[value] or 0.0, value))
    if is_numeric and len(distinct) > FEW_VALUES:
        return _number_scale([float(value) for value in values])
    room = 1 / len(distinct)
    middles = {value: (place + 0.5) * room for place, value in enumerate(distinct)}
    heights = []
    for rank, value in enumerate(values):
        alike, before = values.count(value), values[:rank].count(value)
        heights.append(middles[value] + (0.5 - (before + 0.5) / alike) * BAND * room)
    return Scale(heights, {middle: value for value, middle in middles.items()})


def _number_scale(values: Sequence[float]) -> Scale:
    """Linear, or logarithmic where positive values span a wide range; ticks at the ends and between."""
    lowest, highest = min(values), max(values)
    is_wide = lowest > 0 and highest / lowest >= WIDE_RANGE
    space = np.geomspace if is_wide else np.linspace
    turn = np.log if is_wide else np.asarray
    heights = np.interp(turn(values), turn([lowest, highest]), [0.02, 0.98])
    ticks = zip(np.linspace(0.02, 0.98, 5), space(lowest, highest, 5), strict=True)
    return Scale(heights.tolist(), {float(height): f"{value:.3g}" for height, value in ticks})


def _score_scale(scores: Sequence[float]) -> Scale:
    """Linear, round ticks."""
    lowest, highest = min(scores), max(scores)
    margin = 0.04 * (highest - lowest) or 0.5
    ends = [lowest - margin, highest + margin]
    ticks = [tick for tick in MaxNLocator(6).tick_values(*ends) if ends[0] <= tick <= ends[1]]
    return Scale(
        np.interp(scores, ends, [0, 1]).tolist(),
        {float(np.interp(tick, ends, [0, 1])): f"{tick:g}" for tick in ticks},
    )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _curve(heights: Sequence[float], colour: Colour, *, is_best: bool) -> PathPatch:
    """A line that leaves and meets every axis level, so that lines which cross there can be told apart."""
    corners, codes = [(0.0, heights[0])], [Path.MOVETO]
    for place, (here, there) in enumerate(pairwise(heights)):
        corners += [(place + 0.45, here), (place + 0.55, there), (place + 1.0, there)]
        codes += [Path.CURVE4] * 3
    return PathPatch(Path(corners, codes), fill=False, edgecolor=colour, lw=3.2 if is_best else 1.8, zorder=2)


def _axis(axes: Axes, place: int, name: str, scale: Scale) -> None:
    axes.plot([place, place], [0, 1], color=SOFT, lw=1, zorder=3)
    for height, label in scale.ticks.items():
        axes.plot([place - 0.012, place + 0.012], [height, height], color=SOFT, lw=1, zorder=3)
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1.0, "alpha": 0.8}
        axes.text(place - 0.03, height, label, ha="right", va="center", fontsize=9, color=INK, bbox=box, zorder=4)
    axes.text(place, 1.05, name.replace(":", "\n"), ha="center", va="bottom", weight="bold", color=INK)


def _name_best(axes: Axes, place: int, height: float, best: Line) -> None:
    axes.plot(place, height, "*", ms=13, color=ORANGE, mec="white", mew=0.9, zorder=6)
    axes.text(place + 0.06, height, f"{best.name}\n{best.score:g}", va="center", color=INK, weight="bold", fontsize=9)
