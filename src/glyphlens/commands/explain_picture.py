"""The picture of an explanation: the glyph under its heat map, its cells named at the edge, and the answers beside it.

R×C cells · H×W pixels
"""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.patches import Rectangle

from glyphlens.commands.explain import Explanation
from glyphlens.commands.output import unwritable
from glyphlens.evaluation.charts import BLUE, INK, ORANGE, PERCENT, RED, SOFT, new_figure
from glyphlens.evaluation.pictures import SMALLEST_LIMIT, folded
from glyphlens.tracks.arabic.evaluation.occlusion import CELL_PX

LABEL_CHARACTERS = 34
SHOWN_EFFECTS = 8


def plot_explanation(path: Path, found: Explanation) -> None:
    """Left the glyph, blue where ink speaks for the answer and orange where against, red where its removal tips it."""
    try:
        with new_figure(path, 11, 5.6) as figure:
            left, right = figure.subplots(1, 2, width_ratios=(1.3, 1))
            figure.suptitle(Path(found.subject.name).name, x=0.01, ha="left", fontsize=11, fontweight="bold")
            _heat(left, found)
            _answers(right, found)
    except OSError as error:
        raise unwritable(path, error) from error


def _heat(axes: Axes, found: Explanation) -> None:
    image_HW = found.subject.image_HW
    height, width = image_HW.shape
    limit = max(float(np.abs(found.heat_RC).max()), SMALLEST_LIMIT)
    extent = (0, width, height, 0)
    shown = np.ma.masked_where(found.heat_RC == 0, found.heat_RC)
    axes.imshow(np.where(image_HW > 0, 0.78, 1.0), cmap="gray", vmin=0, vmax=1, extent=extent)
    layer = axes.imshow(shown, cmap="PuOr", norm=TwoSlopeNorm(0, -limit, limit), extent=extent, alpha=0.75)
    axes.contour(np.arange(width) + 0.5, np.arange(height) + 0.5, image_HW > 0, [0.5], colors=INK, linewidths=0.8)
    for row, column in np.argwhere(found.tipping_RC).tolist():
        corner = (column * CELL_PX + 0.5, row * CELL_PX + 0.5)
        axes.add_patch(Rectangle(corner, CELL_PX - 1, CELL_PX - 1, fill=False, edgecolor=RED, linewidth=1.6))
    rows, columns = found.heat_RC.shape
    axes.set_xticks([CELL_PX * (place + 0.5) for place in range(columns)], [chr(ord("A") + p) for p in range(columns)])
    axes.set_yticks([CELL_PX * (place + 0.5) for place in range(rows)], [str(place + 1) for place in range(rows)])
    axes.tick_params(length=0, labelsize=7.5)
    axes.xaxis.tick_top()
    label = found.ranked[0][0]
    how = "alone" if found.is_single else "all together"
    note = f"framed: taken away {how}, the answer changes" if found.tipping_RC.any() else "nothing changes the answer"
    axes.set_xlabel(f"what each cell does for {label}, in points of its probability\n{note}", fontsize=8.5, color=SOFT)
    bar = axes.figure.colorbar(layer, ax=axes, shrink=0.7, pad=0.03, ticks=[-limit, 0, limit])
    bar.ax.set_yticklabels([f"{-100 * limit:.2g}", "0", f"{100 * limit:+.2g}"])
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=7.5, length=0)


def _answers(axes: Axes, found: Explanation) -> None:
    """Bars: the answers to the whole glyph, and below what is answered without something."""
    effects = found.effects[:SHOWN_EFFECTS]
    names = [folded(label, LABEL_CHARACTERS) for label, _ in found.ranked]
    names += [f"without {effect.removed}:\n{folded(effect.label, LABEL_CHARACTERS)}" for effect in effects]
    shares = [share for _, share in found.ranked] + [effect.confidence for effect in effects]
    same = found.ranked[0][0]
    colours = [BLUE] + [SOFT] * (len(found.ranked) - 1)
    colours += [BLUE if effect.label == same else ORANGE for effect in effects]
    places = np.arange(len(names), dtype=float)
    places[len(found.ranked) :] += 0.6
    bars = axes.barh(-places, shares, height=0.62, color=colours)
    axes.bar_label(bars, [f"{100 * share:.1f} %" for share in shares], padding=3, fontsize=8)
    axes.set_yticks(-places, names, fontsize=7.5)
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.set_xlim(0, 1.15)
    axes.set_xticks([0, 0.5, 1])
    axes.xaxis.set_major_formatter(PERCENT)
    axes.set_title("Read as, whole and without something", fontsize=9.5)
