"""The attention view: which earlier lines the answer after each line rests on, measured by leaving them out.

Every line in turn is declared missing, as lines were in training, and the recogniser is asked again. The evidence of a
line is the log odds of the answer with it minus those without it (Robnik-Šikonja and Kononenko 2008,
doi:10.1109/TKDE.2007.190734). Attention weights would say less: what a token holds is several lines already
and, from the second layer on, all before; an LSTM has none.

N scans · L lines · S samples of a line · T answers: L, or 1 · C classes
"""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from glyphlens.gates.check import spread_rows
from glyphlens.tracks.scan_lines.evaluation.line_scores import Stopped
from glyphlens.tracks.scan_lines.samples.scan_set import ScanSet
from glyphlens.tracks.scan_lines.stopping.answers import LineModel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SUREST = 1 - 1e-4  # beyond, a probability in float32 says nothing of its odds
DEEPEST = 0.65  # how much of a line the colour of the strongest evidence covers
Floats = NDArray[np.float32]


def line_evidence(model: LineModel, lines_LS: Floats) -> Floats:
    """(T, L) float32: by how much each line raises the log odds of what is answered after t lines.

    Below 0 where it speaks against that answer; 0, but for rounding, of lines that come later or are missing.
    """
    lines = len(lines_LS)
    without_LLS = np.repeat(lines_LS[None], lines, axis=0)
    without_LLS[np.arange(lines), np.arange(lines)] = np.nan
    whole_TC = model.probabilities(lines_LS[None])[0]
    best_T, answers = whole_TC.argmax(axis=1), np.arange(len(whole_TC))
    without_LT = model.probabilities(without_LLS)[:, answers, best_T]
    evidence_TL: Floats = (_log_odds(whole_TC[answers, best_T]) - _log_odds(without_LT)).T
    return evidence_TL


def draw_evidence(axes: "Axes", lines_LS: Floats, evidence_L: Floats) -> None:
    """The lines, ink dark, orange where they speak for the answer and blue where against, the strongest deepest;
    missing lines are white."""
    from matplotlib.colors import to_rgb

    from glyphlens.evaluation.charts import BLUE, ORANGE, bare

    strongest = float(np.abs(evidence_L).max()) or 1.0
    extent = (0, lines_LS.shape[1], len(lines_LS), 0)
    axes.imshow(-lines_LS, cmap="gray", aspect="auto", extent=extent)
    for colour, side in ((ORANGE, 1), (BLUE, -1)):
        tint_L14 = np.zeros((len(lines_LS), 1, 4))
        tint_L14[:, 0, :3] = to_rgb(colour)
        tint_L14[:, 0, 3] = DEEPEST * np.clip(side * evidence_L / strongest, 0, 1)
        axes.imshow(tint_L14, aspect="auto", extent=extent, interpolation="nearest")
    bare(axes)


class Rested(NamedTuple):
    """A test scan (L, S), its label, the label answered after ``line`` lines, and what each answer rests on (L, L)."""

    lines_LS: Floats
    label: str
    answered: str
    line: int
    evidence_TL: Floats


def rested_scans(model: LineModel, scans: ScanSet, found: Stopped, each: int) -> list[Rested]:
    """Of the test scans so many that were named right where they stopped, then as many that were named wrong, evenly
    spread over their rows."""
    rows_N, labels, shown = scans.samples.rows("test"), [entry.label for entry in scans.samples.classes], []
    for numbers in (np.flatnonzero(found.right_N), np.flatnonzero(~found.right_N)):
        for number in numbers[spread_rows(len(numbers), each)]:
            row, line = rows_N[number], int(found.line_N[number])
            lines_LS = scans.lines(rows_N[number : number + 1])[0]
            answered = int(model.probabilities(lines_LS[None])[0, line - 1].argmax())
            label = labels[scans.samples.class_indices[row]]
            shown.append(Rested(lines_LS, label, labels[answered], line, line_evidence(model, lines_LS)))
    return shown


def plot_attention(path: Path, shown: list[Rested]) -> None:
    """Every scan up to the line where it stopped, tinted by what that answer rests on; above those that were named
    right. Beside them how far back answers look: the mean over these scans of the evidence, for or against, of every
    line for the answer after every line."""
    from glyphlens.evaluation.charts import new_figure

    rows = [[own for own in shown if (own.label == own.answered) is is_right] for is_right in (True, False)]
    columns = max(map(len, rows))
    with new_figure(path, 2 + 1.7 * columns, 4.6) as figure:
        grid = figure.add_gridspec(1, 2, width_ratios=[1.7 * columns, 3])
        pictures, map_part = (figure.add_subfigure(grid[0, side]) for side in (0, 1))
        for panels, scans in zip(pictures.subplots(2, columns, squeeze=False), rows, strict=True):
            for axes, own in zip(panels, scans, strict=False):
                _draw_rested(axes, own)
            for axes in panels[len(scans) :]:
                axes.set_axis_off()
        axes = map_part.subplots()
        mean_TL = np.mean([np.abs(own.evidence_TL) for own in shown], axis=0)
        lines = len(mean_TL)
        axes.imshow(mean_TL, cmap="Oranges", extent=(0.5, lines + 0.5, lines + 0.5, 0.5), interpolation="nearest")
        axes.set_xlabel("line that is left out")
        axes.set_ylabel("answer after line")


def _draw_rested(axes: "Axes", own: Rested) -> None:
    seen_LS = np.where(np.arange(len(own.lines_LS))[:, None] < own.line, own.lines_LS, np.nan)
    draw_evidence(axes, seen_LS, own.evidence_TL[own.line - 1])
    answered = "" if own.label == own.answered else f"\nnamed {chart_label(own.answered)}"
    axes.set_title(f"{chart_label(own.label)}{answered}\nline {own.line}", fontsize=8, weight="normal", pad=4)


def chart_label(label: str) -> str:
    """A label, by code point where the chart's font may have no such character."""
    return label if label.isascii() else " ".join(f"U+{ord(character):04X}" for character in label)


def _log_odds(probabilities: Floats) -> Floats:
    likely = np.clip(probabilities, 1 - SUREST, SUREST)
    odds: Floats = np.log(likely / (1 - likely))
    return odds
