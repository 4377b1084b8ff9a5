"""The picture of an ablation: a mark for every variant, or a curve over its axis beside published ones."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from glyphlens.evaluation.ablations import AblationQueue, Result
from glyphlens.evaluation.charts import BLUE, INK, LINE, PALE_BLUE, SOFT, new_figure

ROW_IN = 0.32


def plot_ablation(path: Path, queue: AblationQueue, found: Sequence[Result]) -> None:
    """Draw the results to ``path``: means, their 95 % intervals where there are several seeds, and each seed."""
    if queue.axis:
        with new_figure(path, 6.8, 4.2) as figure:
            _curve(figure.subplots(), queue, queue.axis, found)
    else:
        with new_figure(path, 6.8, 1.3 + ROW_IN * len(found)) as figure:
            _rows(figure.subplots(), queue, found)


def _rows(axes: Axes, queue: AblationQueue, found: Sequence[Result]) -> None:
    """From top to bottom in the queue's order; a line marks what the others are held against."""
    for result in found:
        if result.variant == queue.baseline:
            axes.axvline(result.mean, color=LINE, lw=1.5, zorder=1)
    for place, result in enumerate(found):
        axes.plot(list(result.values.values()), [place] * len(result.values), "o", ms=4, color=PALE_BLUE, zorder=2)
        axes.errorbar(result.mean, place, xerr=result.spread, fmt="o", ms=7, color=BLUE, capsize=3, zorder=3)
        axes.annotate(f"{result.mean:.3f}", (result.mean, place), (0, 6), textcoords="offset points", ha="center")
    axes.set_yticks(range(len(found)), [result.variant for result in found])
    axes.set_ylim(len(found) - 0.5, -0.8)
    axes.margins(x=0.12)
    axes.set_xlabel(queue.metric_name)
    axes.grid(axis="x")
    axes.set_title(queue.title.replace("`", ""))


def _curve(axes: Axes, queue: AblationQueue, axis: str, found: Sequence[Result]) -> None:
    """The own curve with marks; published ones behind it, each named at its end, called of other data."""
    for name, points in queue.published.items():
        axes.plot(list(points), list(points.values()), "--", color=SOFT, lw=1, alpha=0.7, zorder=2)
        end = max(points)
        axes.annotate(name, (end, points[end]), (5, 0), textcoords="offset points", va="center", color=SOFT, size=8)
    own = sorted(found, key=lambda result: float(queue.variants[result.variant][axis]))
    places = [queue.variants[result.variant][axis] for result in own]
    spreads = [result.spread or 0.0 for result in own]
    means = [result.mean for result in own]
    axes.errorbar(places, means, yerr=spreads, fmt="o-", color=BLUE, lw=2.2, ms=6, capsize=3, zorder=3, label="here")
    for place, mean in zip(places, means, strict=True):
        axes.annotate(f"{mean:.3f}", (place, mean), (0, 8), textcoords="offset points", ha="center", color=INK)
    if queue.published:
        axes.plot([], [], "--", color=SOFT, lw=1, label="published, of other data")
        axes.legend(loc="upper left")
        axes.set_ylim(0, 1.08)
    axes.margins(x=0.1, y=0.15)
    axes.set_xlabel(axis)
    axes.set_ylabel(queue.metric_name)
    axes.grid(axis="y")
    axes.set_title(queue.title.replace("`", ""))
