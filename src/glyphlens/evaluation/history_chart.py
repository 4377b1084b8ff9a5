"""The chart of training histories: loss on a logarithmic axis, accuracy on a linear one, best points marked."""

from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from glyphlens.core.errors import InputError
from glyphlens.evaluation.figures import DPI, SERIES, SOFT, new_figure
from glyphlens.evaluation.plots import PERCENT
from glyphlens.evaluation.training_history import History

TITLES = {"loss": "Loss", "accuracy": "Accuracy"}
MAIN = {"loss": ("loss", "total_loss"), "accuracy": ("top1", "accuracy", "acc")}  # the metric that counts, first found
DASHES = {"train": (0, (2, 1.5)), "val": "solid", "test": "dashdot"}
PANEL_IN, LINE_IN = 3.9, 0.19  # height of a panel and of a line of its legend
FEW_POINTS = 40  # up to so many are drawn one by one


class Curve(NamedTuple):
    """One line of the chart, without a label where the legend does not name it; ``is_marked``: its best point is."""

    label: str
    colour: str
    split: str
    table: pd.DataFrame
    is_marked: bool


def plot_histories(path: Path, histories: Sequence[History], dpi: int = DPI) -> None:
    """Loss and accuracy of every history over its steps or epochs; what no history has gets no panel.

    One history shows all its curves; of several, the loss and the first accuracy of each split. The best validation
    point has a star and stands in the legend. Raises InputError where some count steps and others epochs.
    """
    units = {history.unit: history.name for history in histories}
    if len(units) != 1:
        told = ", ".join(f"{name} counts {unit}s" for unit, name in units.items()) or "no history"
        raise InputError(f"{told}: they cannot share an axis; draw them in charts of their own")
    kinds = [kind for kind in TITLES if any((history.curves["kind"] == kind).any() for history in histories)]
    curves = {kind: list(_curves(histories, kind)) for kind in kinds}
    lines = max(sum(bool(curve.label) for curve in drawn) for drawn in curves.values())
    with new_figure(path, 5.2 * len(kinds) + 0.4, PANEL_IN + LINE_IN * lines, dpi) as figure:
        for axes, kind in zip(figure.subplots(1, len(kinds), squeeze=False)[0], kinds, strict=True):
            for curve in curves[kind]:
                _draw(axes, curve, kind, next(iter(units)))
            _dress(axes, kind, curves[kind])
            axes.set_xlabel(next(iter(units)))


def _curves(histories: Sequence[History], kind: str) -> Iterator[Curve]:
    """What is drawn of one kind: everything of a single history, of several what counts, a colour each."""
    colours = cycle(SERIES)
    for history in histories:
        table = history.curves[history.curves["kind"] == kind]
        judged = "val" if "val" in set(table["split"]) else table["split"].max()  # whose best point is marked
        colour = next(colours)
        for (split, metric), part in table.groupby(["split", "metric"]):
            counts = metric == _main_metric(table[table["split"] == split], kind)
            words = f"{split} {metric}".replace("_", " ")
            if len(histories) == 1:
                is_marked = counts and split == judged
                yield Curve(words, colour if is_marked else next(colours), str(split), part, is_marked)
            elif counts:
                label = history.name if split == judged else ""  # the others are told by their dashes
                yield Curve(label, colour, str(split), part, split == judged)


def _main_metric(table: pd.DataFrame, kind: str) -> str:
    """The metric that counts among those of a split."""
    metrics = list(table["metric"].unique())
    return next((name for name in MAIN[kind] if name in metrics), metrics[0])


def _draw(axes: Axes, curve: Curve, kind: str, unit: str) -> None:
    x, value = curve.table["x"].to_numpy(), curve.table["value"].to_numpy()
    label = curve.label
    if curve.is_marked:
        best = int(value.argmin() if kind == "loss" else value.argmax())
        told = f"{value[best]:.3g}" if kind == "loss" else f"{100 * value[best]:.1f} %"
        label += f": best {told} at {unit} {x[best]:,.0f}"
        axes.plot(x[best], value[best], "*", ms=11, color=curve.colour, mec="white", mew=0.9, zorder=6, clip_on=False)
    mark = "." if len(x) <= FEW_POINTS else ""
    width = 1.7 if curve.split != "train" else 1.1
    axes.plot(x, value, marker=mark, ms=4, color=curve.colour, ls=DASHES[curve.split], lw=width, label=label)


def _dress(axes: Axes, kind: str, curves: Sequence[Curve]) -> None:
    dashed = {curve.split for curve in curves if not curve.label}
    title = f"{TITLES[kind]} (dashed: {', '.join(sorted(dashed))})" if dashed else TITLES[kind]
    axes.set_title(title)
    axes.grid()
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    if kind == "accuracy":
        axes.yaxis.set_major_formatter(PERCENT)
    elif all((curve.table["value"] > 0).all() for curve in curves):
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_title(f"{title}; linear, a value is not above 0")
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.13), labelcolor=SOFT, fontsize=8.5)
