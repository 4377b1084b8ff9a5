"""The look of every chart, and PNG files with the same bytes for the same chart.

Colours are Okabe and Ito's, which people with colour vision deficiencies can tell apart; series also differ in mark
or place. Figures are made without pyplot, so that nothing is shared between them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from glyphlens.core.storage import writing

INK, SOFT, LINE = "#1c2024", "#5b636b", "#dcdad4"
BLUE, ORANGE, GREEN, RED = "#0072b2", "#d98200", "#00795a", "#c44e00"
PALE_BLUE = "#a6cde6"
PURPLE, SKY, YELLOW = "#b0578d", "#56b4e9", "#a88b00"
SERIES = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY, YELLOW, INK)  # of many lines in one chart, in this order
DPI = 150

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
