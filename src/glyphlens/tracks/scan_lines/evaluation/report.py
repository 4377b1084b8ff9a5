"""The page of the track on scans that arrive line by line: everything that report.html.j2 shows, and its pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.charts import BLUE, INK, ORANGE, PERCENT, SERIES, SOFT, new_figure, say_absent
from glyphlens.evaluation.pages import render
from glyphlens.evaluation.pictures import file_uri
from glyphlens.tracks.scan_lines.evaluation.line_scores import Stopped
from glyphlens.tracks.scan_lines.stopping.answers import LineAnswers, marked_line

TEMPLATE = "report.html.j2"
ALBUM = ("top1", "stops", "resplits")


@dataclass(frozen=True)
class ScanPage:
    """What the template shows; ``recognizers``: a row each, ``shares``: top-1 by share of the lines, a row each, and
    each with ``lookalikes`` counted as one class. ``never``: why no scan stops early; empty where some do."""

    headline: Mapping[str, float]
    recognizers: pd.DataFrame
    shares: pd.DataFrame
    classes: pd.DataFrame
    lookalikes: Sequence[str]
    resplits: Mapping[str, float]
    promise: Mapping[str, Any]
    first_line: int
    lines: int
    never: str
    source: str
    splits: Sequence[Mapping[str, Any]]
    images: Mapping[str, str | None]
    run: Mapping[str, Any]
    params: Mapping[str, Any]


def lookalike_groups(samples: SampleSet) -> list[str]:
    """Classes that share their shape, such as ``へ ヘ``, in the order of the classes."""
    found = (tuple(sorted((entry.label, *entry.lookalikes))) for entry in samples.classes if entry.lookalikes)
    return [" ".join(labels) for labels in dict.fromkeys(found)]


def render_scan_page(page: ScanPage) -> str:
    """The page as text; see ``render``."""
    return render(__package__, TEMPLATE, {field.name: getattr(page, field.name) for field in fields(page)})


def draw_scan_album(
    folder: Path,
    answers: Mapping[str, LineAnswers],
    baseline: Mapping[float, float],
    found: Stopped,
    resplits: pd.DataFrame,
    alpha: float,
) -> dict[str, str | None]:
    """Write the PNG files; ``found`` and ``resplits`` are of the released recogniser. Returns name → data URI."""
    _plot_top1(folder / "top1.png", answers, baseline)
    _plot_stops(folder / "stops.png", found, alpha)
    _plot_resplits(folder / "resplits.png", resplits, alpha, len(found.gap_L))
    return {name: file_uri(folder / f"{name}.png") for name in ALBUM}


def _plot_top1(path: Path, answers: Mapping[str, LineAnswers], baseline: Mapping[float, float]) -> None:
    with new_figure(path, 9, 4.2) as figure:
        axes = figure.subplots()
        for (name, own), colour in zip(answers.items(), SERIES, strict=False):
            axes.plot(np.arange(1, own.lines + 1), own.right_NL.mean(axis=0), color=colour, label=name)
            lines = own.lines
        places = [marked_line(share, lines) for share in baseline]
        axes.plot(
            places, list(baseline.values()), "D", color=INK, mec="white", ms=8, label="HOG and a linear classifier"
        )
        axes.set_xlabel("lines seen")
        axes.set_ylabel("top-1")
        axes.set_ylim(0, 1)
        axes.yaxis.set_major_formatter(PERCENT)
        axes.grid()
        axes.legend(loc="lower right")


def _plot_stops(path: Path, found: Stopped, alpha: float) -> None:
    """Above how many scans stop at each line, below the share lost of those stopped by it."""
    lines = np.arange(1, len(found.gap_L) + 1)
    with new_figure(path, 9, 5) as figure:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
        upper.bar(lines, np.bincount(found.line_N, minlength=len(lines) + 1)[1:], color=BLUE)
        upper.axvline(float(found.line_N.mean()), color=INK, linestyle="--", label="mean")
        upper.set_ylabel("scans that stop")
        upper.legend(loc="upper left")
        lower.plot(lines, found.gap_L, color=ORANGE, label="lost, of those stopped by the line")
        lower.axhline(alpha, color=SOFT, linestyle=":", label="allowed")
        lower.set_xlabel("line")
        lower.yaxis.set_major_formatter(PERCENT)
        lower.set_ylim(0, max(2 * alpha, 1.1 * found.exit_gap))
        lower.legend(loc="upper left")


def _plot_resplits(path: Path, resplits: pd.DataFrame, alpha: float, lines: int) -> None:
    """Draws that stop scans early, before the last of ``lines``; how many do not is told."""
    stopping = resplits[resplits["first_line"] < lines]
    with new_figure(path, 9, 3.2) as figure:
        left, right = figure.subplots(1, 2)
        if stopping.empty:
            for axes in (left, right):
                say_absent(axes, f"never stops: all {len(resplits)} draws read every line")
            return
        if len(stopping) < len(resplits):
            figure.suptitle(f"{len(resplits) - len(stopping)} of {len(resplits)} draws never stop and are not shown")
        left.hist(stopping["exit_gap"], bins=20, range=(0, max(1.2 * alpha, stopping["exit_gap"].max())), color=BLUE)
        left.axvline(alpha, color=ORANGE, label="allowed")
        left.set_xlabel("largest share lost, of those stopped by a line")
        left.set_ylabel("draws")
        left.set_xlim(left=0)
        left.legend()
        right.hist(stopping["mean_lines"], bins=20, color=BLUE)
        right.set_xlabel("lines read on average")
