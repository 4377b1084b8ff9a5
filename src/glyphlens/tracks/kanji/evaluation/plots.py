"""The chart that weighs the recognisers: accuracy against size, both files of each joined."""

from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from glyphlens.evaluation.figures import SERIES, SOFT, new_figure
from glyphlens.evaluation.plots import PERCENT

MARKS = "os^DvPX*"


def plot_tradeoff(path: Path, table: pd.DataFrame) -> None:
    """Test top-1 against megabytes on a logarithmic axis: filled fp32, hollow int8, a line between the two."""
    with new_figure(path, 10, 4.3) as figure:
        axes = figure.subplots()
        for number, row in enumerate(table.to_dict("records")):
            sizes_mb = [row["fp32_mb"], row["int8_mb"]]
            colour, mark = SERIES[number % len(SERIES)], MARKS[number % len(MARKS)]
            axes.plot(sizes_mb, [row["test_top1"], row["int8_top1"]], "-", color=colour, lw=1.1, alpha=0.6)
            axes.plot(sizes_mb[0], row["test_top1"], mark, color=colour, ms=8, mec="white", zorder=4)
            axes.plot(sizes_mb[1], row["int8_top1"], mark, color=colour, ms=8, mfc="white", mew=1.5, zorder=3)
        _dress(axes)
        figure.legend(handles=_legend(table), loc="outside upper left", ncols=5, columnspacing=1.4)


def _dress(axes: Axes) -> None:
    axes.set_ylabel("test top-1")
    axes.yaxis.set_major_formatter(PERCENT)
    axes.set_xlabel("size of the file, MB")
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.margins(0.12)
    axes.grid()


def _legend(table: pd.DataFrame) -> list[Line2D]:
    entries = [
        Line2D([], [], ls="", marker=MARKS[number % len(MARKS)], color=SERIES[number % len(SERIES)], ms=7, label=name)
        for number, name in enumerate(table["recognizer"])
    ]
    for text, fill in (("filled: fp32", SOFT), ("hollow: int8", "white")):
        entries.append(Line2D([], [], ls="", marker="o", color=SOFT, mfc=fill, ms=7, label=text))
    return entries
