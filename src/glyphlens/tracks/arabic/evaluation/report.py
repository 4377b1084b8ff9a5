"""The report of the Arabic track: everything that report.html.j2 shows, and its pictures as PNG files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from glyphlens.core.errors import InputError
from glyphlens.evaluation.charts import (
    BLUE,
    INK,
    ORANGE,
    PERCENT,
    new_figure,
    plot_accuracy_bars,
    plot_learning_curves,
    plot_reliability,
)
from glyphlens.evaluation.pages import render
from glyphlens.evaluation.pictures import Heat, Pair, file_uri, plot_heat, plot_pairs
from glyphlens.tracks.arabic.evaluation.companions import CompanionResults
from glyphlens.tracks.arabic.evaluation.results import Results

TEMPLATE = "report.html.j2"
PAIR_COLUMNS = 4
BUCKET_COLUMNS = ("bucket", "cells", "network_accuracy", "lookup_accuracy")


@dataclass(frozen=True)
class Page:
    """Everything the template shows.

    ``metrics``: stage → its metrics file; ``retrieval``: its measured.json; ``images``: name → data URI or None.
    """

    results: Results
    targets: Mapping[str, float]
    samples: int
    classes: int
    test_families: Sequence[str]
    splits: Sequence[Mapping[str, Any]]
    metrics: Mapping[str, Mapping[str, Any]]
    gates: Mapping[str, Mapping[str, Any]]
    retrieval: Mapping[str, Mapping[str, float]]
    beside: CompanionResults | None
    images: Mapping[str, str | None]
    confusions: Sequence[Mapping[str, Any]]
    gallery: Sequence[Mapping[str, Any]]
    run: Mapping[str, Any]
    params: Mapping[str, Any]


def render_page(page: Page) -> str:
    """The page as text; see ``evaluation.pages.render``."""
    return render(__package__, TEMPLATE, vars(page))


def draw_album(
    folder: Path,
    results: Results,
    curves: Mapping[str, pd.DataFrame],
    buckets: pd.DataFrame | None,
    confusions: Sequence[Pair],
    gallery: Sequence[Pair],
    heats: Sequence[Heat],
) -> dict[str, str | None]:
    """Write the PNG files; returns name → data URI, None for a picture nothing was recorded for."""
    plot_learning_curves(folder / "curves.png", curves)
    plot_reliability(folder / "reliability.png", results.bins, results.headline["ece"])
    _draw_families(folder / "families.png", results)
    _draw_slices(folder / "slices.png", results)
    plot_pairs(folder / "confusions.png", confusions, PAIR_COLUMNS)
    plot_pairs(folder / "gallery.png", gallery, PAIR_COLUMNS)
    if heats:
        plot_heat(folder / "saliency.png", heats)
    if buckets is not None and len(buckets):
        plot_buckets(folder / "buckets.png", buckets)
    names = ("curves", "reliability", "families", "slices", "saliency", "buckets")
    return {name: file_uri(folder / f"{name}.png") for name in names}


def _draw_families(path: Path, results: Results) -> None:
    table = results.families.sort_values(["accuracy", "group"], ascending=[False, True])
    series = {"two phases": list(table["accuracy"])}
    if "onestage_top1" in table:
        series["one stage"] = list(table["onestage_top1"])
    lines = {"mean over families": results.family_summary.mean, "over glyphs": results.headline["test_top1"]}
    plot_accuracy_bars(path, list(table["group"]), list(table["samples"]), series, lines)


def _draw_slices(path: Path, results: Results) -> None:
    table = results.slices
    series = {"two phases": list(table["top1"])}
    if "onestage_top1" in table:
        series["one stage"] = list(table["onestage_top1"])
    series["without geometry"] = list(table["bare_top1"])
    plot_accuracy_bars(path, list(table["slice"]), list(table["samples"]), series, {})


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
