"""The page of the kanji track's evaluation: everything that report.html.j2 shows, and its pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.calibration import calibration_error
from glyphlens.evaluation.charts import PERCENT, SERIES, SOFT, new_figure, plot_accuracy_bars, plot_reliability
from glyphlens.evaluation.pages import render
from glyphlens.evaluation.pictures import file_uri
from glyphlens.evaluation.training_history import plot_histories
from glyphlens.tracks.kanji.evaluation.exports import Export
from glyphlens.tracks.kanji.evaluation.scores import slice_table
from glyphlens.tracks.kanji.evaluation.targets import Target

TEMPLATE = "report.html.j2"
MARKS = "os^DvPX*"


class Source(NamedTuple):
    """Where samples come from: its name, what follows for whoever reads the numbers, and whose writing it is."""

    title: str
    meaning: str
    whose: str


SOURCES = {
    "rendered": Source(
        "A rendered stand-in, no real handwriting.",
        "A program drew these samples from fonts and stroke data, with simulated writers. Nobody wrote them by hand, "
        "so the numbers say how the recognisers compare, not how well they read people's writing.",
        "drawn characters named at the first guess, in fonts and simulated hands never seen",
    ),
    "etl": Source(
        "The ETL Character Database.",
        "People wrote these samples by hand; those of the test are in no other split.",
        "handwritten characters named at the first guess, by writers never seen",
    ),
}


@dataclass(frozen=True)
class KanjiPage:
    """What the template shows. ``table``: ``scores.comparison``; ``partial``: lines on incomplete ones."""

    table: pd.DataFrame
    best: str
    released: str | None
    source: Source
    targets: Sequence[Target]
    samples: int
    classes: int
    splits: Sequence[Mapping[str, Any]]
    sets: pd.DataFrame
    slices: pd.DataFrame
    groups: pd.DataFrame
    rare_limit: int
    rare_classes: int
    partial: Sequence[str]
    wrong: int
    form_errors: pd.DataFrame
    images: Mapping[str, str | None]
    confusions: Sequence[Mapping[str, Any]]
    gallery: Sequence[Mapping[str, Any]]
    run: Mapping[str, Any]
    params: Mapping[str, Any]


def render_kanji_page(page: KanjiPage) -> str:
    """The page as text; see ``evaluation.pages.render``."""
    return render(__package__, TEMPLATE, vars(page))


def source_told(samples: SampleSet) -> Source:
    """What a reader must know about where the samples come from; raises InputError for none or a mixture."""
    names = sorted(samples.index["source"].unique())
    if len(names) != 1 or names[0] not in SOURCES:
        raise InputError(f"{samples.folder / 'index.parquet'}: source {names}, expected one of {', '.join(SOURCES)}")
    return SOURCES[names[0]]


def partial_told(outcomes: Mapping[str, pd.DataFrame], skipped: Mapping[str, str], best: str) -> list[str]:
    """A sentence on every recogniser scored on fewer rows, with the best one's accuracy on the same, or on none."""
    most, reference = max(map(len, outcomes.values())), outcomes[best].set_index("row")["top1"]
    lines = []
    for name, table in outcomes.items():
        if len(table) < most:
            same = reference.reindex(table["row"]).dropna().astype(bool)
            beside = f"; on them {best} names {100 * same.mean():.1f} % right" if len(same) and name != best else ""
            own = 100 * table["top1"].mean()
            lines.append(f"* {name} was scored on {len(table):,} of {most:,} test samples ({own:.1f} % right){beside}.")
    return [*lines, *(f"{name} was skipped: {reason}." for name, reason in skipped.items())]


def draw_kanji_album(
    folder: Path, table: pd.DataFrame, exports: Sequence[Export], outcomes: pd.DataFrame, bins: pd.DataFrame
) -> dict[str, str | None]:
    """Write the PNG files; ``outcomes`` and ``bins`` are of the best recogniser. Returns name → data URI or None."""
    plot_tradeoff(folder / "tradeoff.png", table)
    curves = {export.name: export.curves for export in exports}
    plot_histories(folder / "curves.png", [curves[name] for name in table["recognizer"]])
    plot_reliability(folder / "reliability.png", bins, calibration_error(bins))
    slices = slice_table(outcomes)
    series = {"fp32 file": list(slices["top1"]), "int8 file": list(slices["int8_top1"])}
    plot_accuracy_bars(folder / "slices.png", list(slices["slice"]), list(slices["samples"]), series, {})
    return {name: file_uri(folder / f"{name}.png") for name in ("tradeoff", "curves", "reliability", "slices")}


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
