"""The look of every chart, PNG files with the same bytes for the same chart, and the charts of an evaluation.

Colours are Okabe and Ito's, which people with colour vision deficiencies can tell apart; series also differ in mark
or place. Figures are made without pyplot, so that nothing is shared between them.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from glyphlens.core.storage import writing

INK, SOFT, LINE = "#1c2024", "#5b636b", "#dcdad4"
BLUE, ORANGE, GREEN, RED = "#0072b2", "#d98200", "#00795a", "#c44e00"
PALE_BLUE = "#a6cde6"
PURPLE, SKY, YELLOW = "#b0578d", "#56b4e9", "#a88b00"
SERIES = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY, YELLOW, INK)  # of many lines in one chart, in this order
DPI = 150
PERCENT = FuncFormatter(lambda value, _: f"{100 * value:.4g} %")  # 97.5 % is not 98 %
LABEL_ROOM = 0.1  # a shorter bar has its number beside it
MARKS = (("D", ORANGE), ("o", INK))

STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same everywhere
    "font.size": 9.5,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": SOFT,
    "axes.labelsize": 9,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.7,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


@contextmanager
def new_figure(path: Path, width_in: float, height_in: float, dpi: int = DPI) -> Iterator[Figure]:
    """A figure in the house style that is written to ``path`` (PNG, no metadata) when the block succeeds."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # whatever a user's matplotlibrc says
        matplotlib.rcParams.update(STYLE)
        figure = Figure(figsize=(width_in, height_in), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure
        with writing(path) as partial:
            figure.savefig(partial, format="png", dpi=dpi, metadata={"Software": None})


def say_absent(axes: Axes, message: str) -> None:
    """An empty panel that says why it is empty."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, message, transform=axes.transAxes, ha="center", va="center", color=SOFT, wrap=True)


def bare(axes: Axes) -> None:
    """A panel for a picture: no ticks, no frame."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def plot_learning_curves(path: Path, curves: Mapping[str, pd.DataFrame]) -> None:
    """Loss (above) and validation accuracy (below) against the step, one column a training; see ``read_curves``."""
    with new_figure(path, 10, 5.4) as figure:
        panels = figure.subplots(2, len(curves), squeeze=False)
        for column, (title, table) in enumerate(curves.items()):
            upper, lower = panels[0, column], panels[1, column]
            names = list(table["name"].unique())
            _curves(upper, table, [name for name in names if "loss" in name], f"{title}: loss")
            _curves(lower, table, [name for name in names if _is_accuracy(name)], f"{title}: accuracy")
            lower.yaxis.set_major_formatter(PERCENT)
            lower.set_xlabel("step")


def plot_accuracy_bars(
    path: Path, names: list[str], counts: list[int], series: Mapping[str, list[float]], lines: Mapping[str, float]
) -> None:
    """One horizontal bar a name for the first series, a mark for each further one, vertical lines for means.

    NaN (nothing to score) prints n/a instead of a bar.
    """
    with new_figure(path, 10, 1.5 + 0.42 * max(len(names), 1)) as figure:
        axes = figure.subplots()
        places = np.arange(len(names))[::-1]
        (first, bars), *rest = series.items()
        handles: list[Any] = [axes.barh(places, np.nan_to_num(bars), height=0.62, color=BLUE, label=first)]
        for place, value in zip(places, bars, strict=True):
            inside = value > LABEL_ROOM  # not for NaN
            start = 0.008 if inside or not np.isfinite(value) else value + 0.008
            text = f"{100 * value:.1f} %" if np.isfinite(value) else "n/a"
            axes.text(start, place, text, va="center", weight="bold", fontsize=9, color="white" if inside else SOFT)
        for (name, values), (mark, colour) in zip(rest, MARKS, strict=False):
            handles += axes.plot(
                values, places, mark, color=colour, mec="white", mew=1.1, ms=8, label=name, clip_on=False, zorder=5
            )
        for (name, value), dash in zip(lines.items(), ("--", ":"), strict=False):
            label = f"{name} {100 * value:.1f} %"
            handles.append(axes.axvline(value, color=INK, linestyle=dash, linewidth=1.1, label=label, zorder=3))
        axes.set_yticks(places, [f"{name}  ({count:,})" for name, count in zip(names, counts, strict=True)])
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.set_xlim(0, 1)
        axes.set_ylim(-0.6, len(names) - 0.4)
        axes.xaxis.set_major_formatter(PERCENT)
        axes.grid(axis="x")
        axes.spines["left"].set_visible(False)
        figure.legend(handles=handles, loc="outside upper left", ncols=len(handles), columnspacing=1.6)


def plot_reliability(path: Path, bins: pd.DataFrame, error: float) -> None:
    """Accuracy against confidence beside the diagonal of perfect calibration, and how many samples each bin holds."""
    filled = bins[bins["samples"] > 0]
    middle, width = (filled["lower"] + filled["upper"]) / 2, filled["upper"] - filled["lower"]
    with new_figure(path, 6.4, 5.6) as figure:
        upper, lower = figure.subplots(2, 1, height_ratios=[3, 1], sharex=True)
        upper.bar(middle, filled["accuracy"], width * 0.9, color=PALE_BLUE, edgecolor=BLUE, label="accuracy in the bin")
        upper.plot([0, 1], [0, 1], "--", color=SOFT, linewidth=1.1, label="perfectly calibrated")
        upper.plot(filled["confidence"], filled["accuracy"], "o-", color=BLUE, mec="white", ms=7, linewidth=1.4)
        upper.set_ylabel("share that is right")
        upper.set_title(f"Expected calibration error {error:.4f}")
        upper.legend(loc="upper left")
        upper.set_xlim(0, 1)
        upper.set_ylim(0, 1)
        upper.grid()
        share = filled["samples"] / max(int(filled["samples"].sum()), 1)
        lower.bar(middle, share, width * 0.9, color=SOFT)
        lower.set_ylabel("share of samples")
        lower.set_xlabel("confidence of the first guess")
        lower.xaxis.set_major_formatter(PERCENT)
        lower.yaxis.set_major_formatter(PERCENT)
        upper.yaxis.set_major_formatter(PERCENT)


def _curves(axes: Axes, table: pd.DataFrame, names: list[str], title: str) -> None:
    axes.set_title(title)
    colours = {"train": SOFT, "val": BLUE}
    spare = iter((ORANGE, GREEN, INK, LINE))
    for name in names:
        part = table[table["name"] == name]
        kind = name.split("_")[0]
        colour = colours.pop(kind, None) or next(spare, SOFT)
        marked = "o" if len(part) <= 40 else ""
        axes.plot(part["step"], part["value"], marker=marked, ms=4.5, color=colour, label=name.replace("_", " "))
    axes.grid()
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.margins(x=0.02)
    if names:
        axes.legend(loc="best")
    else:
        say_absent(axes, "n/a: not recorded")


def _is_accuracy(name: str) -> bool:
    return any(word in name for word in ("top1", "top5", "accuracy", "acc"))
