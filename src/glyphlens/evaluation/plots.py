"""Charts of the evaluation: learning curves, accuracies in bars, reliability, primitives by frequency."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from glyphlens.core.errors import InputError
from glyphlens.evaluation.figures import BLUE, GREEN, INK, LINE, ORANGE, PALE_BLUE, SOFT, new_figure, say_absent

PERCENT = PercentFormatter(1.0, decimals=0, symbol=" %")
LABEL_ROOM = 0.1  # a shorter bar has its number beside it
MARKS = (("D", ORANGE), ("o", INK))
BUCKET_COLUMNS = ("bucket", "cells", "network_accuracy", "lookup_accuracy")


def read_buckets(path: Path) -> pd.DataFrame | None:
    """The table behind ``plot_buckets``, None where the file is absent; InputError where it lacks BUCKET_COLUMNS."""
    if not path.is_file():
        return None
    try:
        table = pd.read_csv(path)
    except (ValueError, OSError) as error:  # pandas' parser errors are ValueErrors
        raise InputError(f"{path}: not a readable CSV table ({error}); run `dvc repro` again") from error
    missing = [name for name in BUCKET_COLUMNS if name not in table]
    if missing:
        raise InputError(f"{path}: columns missing: {', '.join(missing)}; run `dvc repro` again")
    return table


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


def plot_buckets(path: Path, buckets: pd.DataFrame) -> None:
    """Phase 1 beside thresholding plus exact lookup, from the commonest primitives (bucket 1) to the rarest."""
    with new_figure(path, 10, 3.4) as figure:
        axes = figure.subplots()
        places = np.arange(len(buckets))
        for shift, column, colour, name in (
            (-0.2, "network_accuracy", BLUE, "phase 1 network"),
            (0.2, "lookup_accuracy", ORANGE, "threshold and exact lookup"),
        ):
            bars = axes.bar(places + shift, buckets[column].fillna(0), 0.38, color=colour, label=name)
            axes.bar_label(bars, [f"{100 * value:.0f}" for value in buckets[column]], padding=2, fontsize=8.5)
        shares = buckets["cells"] / max(int(buckets["cells"].sum()), 1)
        labels = [f"fifth {bucket}" for bucket in buckets["bucket"]]
        labels[:1] = ["commonest fifth"]
        labels[-1:] = ["rarest fifth"]
        labels = [f"{label}\n{100 * share:.1f} % of cells" for label, share in zip(labels, shares, strict=True)]
        axes.set_xticks(places, labels)
        axes.tick_params(axis="x", length=0, labelcolor=INK)
        axes.set_ylim(0, 1.08)
        axes.yaxis.set_major_formatter(PERCENT)
        axes.grid(axis="y")
        figure.legend(loc="outside upper left", ncols=2)


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
