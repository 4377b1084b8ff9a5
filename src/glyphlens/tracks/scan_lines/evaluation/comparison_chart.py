"""Several recognisers of scans side by side: how right and how well calibrated after each line, and where they stop."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from glyphlens.evaluation.charts import PERCENT, SERIES, SOFT, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANELS = (("top1", "top-1"), ("ece", "calibration error"), ("stops", "scans that stop"))


def plot_comparison(path: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """A PNG of the ``line_table`` of each recogniser, by its name; top-1 with look-alikes as one is dotted.

    Where one stops is drawn where it stops any scan before the last line; which do not is told.
    """
    with new_figure(path, 9, 8) as figure:
        panels = figure.subplots(len(PANELS), 1, sharex=True, height_ratios=[3, 2, 2])
        for number, (name, table) in enumerate(tables.items()):
            colour = SERIES[number % len(SERIES)]
            for axes, (column, _) in zip(panels[:2], PANELS[:2], strict=True):
                axes.plot(table["line"], table[column], color=colour, label=name)
            if table["stops"].iloc[:-1].any():
                panels[2].step(table["line"], table["stops"], color=colour, label=name)
            panels[0].plot(table["line"], table["shape_top1"], ":", color=colour)
        for axes, (_, label) in zip(panels, PANELS, strict=True):
            axes.set_ylabel(label)
            axes.set_ylim(bottom=0)
            axes.grid()
        for axes in panels[:2]:
            axes.yaxis.set_major_formatter(PERCENT)
        panels[-1].set_xlabel("line")
        _tell_inert(panels[-1], tables)
        panels[0].legend(loc="lower right", title="dotted: look-alikes as one")


def _tell_inert(axes: "Axes", tables: Mapping[str, pd.DataFrame]) -> None:
    """Write which recognisers stop no scan before the last line; without numbers up the side where none does."""
    inert = {name: table["stops"] for name, table in tables.items() if not table["stops"].iloc[:-1].any()}
    told = (f"{name}: {'never stops' if stops.any() else 'no stopping rule'}" for name, stops in inert.items())
    axes.text(0.02, 0.94, "\n".join(told), transform=axes.transAxes, va="top", color=SOFT)
    if len(inert) == len(tables):
        axes.set_yticks([])
