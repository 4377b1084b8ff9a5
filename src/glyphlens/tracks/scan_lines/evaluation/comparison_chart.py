"""Several recognisers of scans side by side: how right and how well calibrated after each line, and where they stop."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from glyphlens.evaluation.charts import PERCENT, SERIES, new_figure

PANELS = (("top1", "top-1"), ("ece", "calibration error"), ("stops", "scans that stop"))


def plot_comparison(path: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """A PNG of the ``line_table`` of each recogniser, by its name; top-1 with look-alikes as one is dotted."""
    with new_figure(path, 9, 8) as figure:
        panels = figure.subplots(len(PANELS), 1, sharex=True, height_ratios=[3, 2, 2])
        for number, (name, table) in enumerate(tables.items()):
            colour = SERIES[number % len(SERIES)]
            for axes, (column, _) in zip(panels, PANELS, strict=True):
                draw = axes.step if column == "stops" else axes.plot
                draw(table["line"], table[column], color=colour, label=name)
            panels[0].plot(table["line"], table["shape_top1"], ":", color=colour)
        for axes, (_, label) in zip(panels, PANELS, strict=True):
            axes.set_ylabel(label)
            axes.set_ylim(bottom=0)
            axes.grid()
        for axes in panels[:2]:
            axes.yaxis.set_major_formatter(PERCENT)
        panels[-1].set_xlabel("line")
        panels[0].legend(loc="lower right", title="dotted: look-alikes as one")
