"""The pictures of an evaluation as PNG files, and the same files as addresses inside the page."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from glyphlens.evaluation.pictures import Heat, Pair, file_uri, plot_heat, plot_pairs
from glyphlens.evaluation.plots import plot_accuracy_bars, plot_buckets, plot_learning_curves, plot_reliability
from glyphlens.tracks.arabic.evaluation.results import Results

PAIR_COLUMNS = 4


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
