"""The test in numbers: how right after so many lines, where it stops, and what stopping has cost.

N scans · L lines
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.evaluation.calibration import calibration_error, reliability_bins
from glyphlens.evaluation.scores import shape_hits
from glyphlens.inference.stopping import StoppingRule
from glyphlens.tracks.scan_lines.stopping.answers import (
    MARKS,
    NOTHING,
    QUARTERS,
    LineAnswers,
    marked_line,
    stopped_shares,
)
from glyphlens.tracks.scan_lines.stopping.calibration import StoppingParams, Thresholds, calibrate, group_gaps

Ints = NDArray[np.int64]


class Stopped(NamedTuple):
    """What a rule did to N scans: the lines read of each, and whether its answer there, and at the last line, is right.

    ``gap_L``: of the scans stopped by each line the share lost, averaged over groups; over all
    scans where no group has enough of them, NaN where none has stopped.
    ``marginal_gap``: top-1 at the last line minus top-1 where it stopped.
    """

    line_N: Ints
    right_N: NDArray[np.bool_]
    full_N: NDArray[np.bool_]
    gap_L: NDArray[np.float64]

    @property
    def exit_gap(self) -> float:
        """The largest gap of all lines: what ``alpha`` bounds."""
        return float(np.nanmax(self.gap_L))

    @property
    def marginal_gap(self) -> float:
        """Top-1 of the last line minus that of the line where it stopped."""
        return float(self.full_N.mean() - self.right_N.mean())


def stopped(answers: LineAnswers, rule: StoppingRule) -> Stopped:
    """Apply a rule to answers."""
    line_N = rule.stops(answers.confidence_NL)
    right_NL, shares = answers.right_NL, stopped_shares(answers, line_N)
    gaps = [group_gaps(shares, line, rule.promise.largest_group_gap) for line in range(answers.lines)]
    with np.errstate(invalid="ignore"):
        pooled_L = shares.lost_GL.sum(axis=0) / shares.stopped_GL.sum(axis=0)
    gap_L = np.array([gap_G.mean() if len(gap_G) else pooled for gap_G, pooled in zip(gaps, pooled_L, strict=True)])
    right_N = np.take_along_axis(right_NL, line_N[:, None] - 1, axis=1)[:, 0]
    return Stopped(line_N, right_N, right_NL[:, -1], gap_L)


def line_ece(answers: LineAnswers, bins: int) -> dict[float, float]:
    """Expected calibration error after each quarter of the lines."""
    found = {}
    for share in QUARTERS:
        line = marked_line(share, answers.lines) - 1
        table = reliability_bins(answers.confidence_NL[:, line], answers.right_NL[:, line], bins)
        found[share] = calibration_error(table)
    return found


def line_top1(answers: LineAnswers) -> dict[float, float]:
    """Top-1 at each of MARKS."""
    return _at_marks(answers.right_NL)


def line_shape_top1(answers: LineAnswers, shape_class_C: Ints) -> dict[float, float]:
    """Top-1 at each of MARKS where look-alikes, which nothing but a context tells apart, count as one class
    (``SampleSet.shape_class``)."""
    return _at_marks(_shape_hits(answers, shape_class_C))


def _shape_hits(answers: LineAnswers, shape_class_C: Ints) -> NDArray[np.bool_]:
    hits_NL = shape_hits(answers.predicted_NL, answers.class_N[:, None], shape_class_C)
    hits_NL &= answers.predicted_NL != NOTHING
    return hits_NL


def _at_marks(right_NL: NDArray[np.bool_]) -> dict[float, float]:
    right_L = right_NL.mean(axis=0)
    return {share: float(right_L[marked_line(share, len(right_L)) - 1]) for share in MARKS}


def line_table(answers: LineAnswers, rule: StoppingRule | None, shape_class_C: Ints, bins: int) -> pd.DataFrame:
    """One row per line: line (from 1 on), top1, shape_top1, ece, and how many scans stop there; 0 without a rule."""
    shape_NL = _shape_hits(answers, shape_class_C)
    errors = [
        calibration_error(reliability_bins(answers.confidence_NL[:, line], answers.right_NL[:, line], bins))
        for line in range(answers.lines)
    ]
    line_N = np.zeros(0, np.int64) if rule is None else rule.stops(answers.confidence_NL)
    return pd.DataFrame(
        {
            "line": np.arange(1, answers.lines + 1),
            "top1": answers.right_NL.mean(axis=0),
            "shape_top1": shape_NL.mean(axis=0),
            "ece": errors,
            "stops": np.bincount(line_N, minlength=answers.lines + 1)[1:],
        }
    )


def line_headline(fp32: LineAnswers, used: LineAnswers, rule: StoppingRule, bins: int) -> dict[str, float]:
    """The six numbers of metrics/scan_lines/<recogniser>.json: ``top1`` of the fp32 file, all others of the file that
    is ``used``, the int8 one where it is offered. ``ece``: the largest of the quarters; ``exit_gap``: of the lines.
    """
    found, top1 = stopped(used, rule), line_top1(used)
    return {
        "top1": float(fp32.right_NL[:, -1].mean()),
        "top1_at_half": top1[0.5],
        "mean_lines": float(found.line_N.mean()),
        "exit_gap": found.exit_gap,
        "ece": max(line_ece(used, bins).values()),
        "int8_top1": top1[1.0],
    }


def class_scores(answers: LineAnswers, found: Stopped, labels: NDArray[np.object_]) -> pd.DataFrame:
    """One row per class, hardest where it stopped first: label, scans, top1 (where stopped), full_top1, mean_lines."""
    table = pd.DataFrame(
        {
            "label": labels[answers.class_N],
            "scans": 1,
            "top1": found.right_N,
            "full_top1": found.full_N,
            "mean_lines": found.line_N,
        }
    )
    means = {name: (name, "mean") for name in ("top1", "full_top1", "mean_lines")}
    return table.groupby("label").agg(scans=("scans", "sum"), **means).reset_index().sort_values(["top1", "label"])


def resplits(
    pool: LineAnswers, proposed_L: Thresholds, params: StoppingParams, calibration: int, draws: int, seed: int
) -> pd.DataFrame:
    """One row per draw: ``calibration`` groups drawn for the test of the thresholds, the gap measured on the others.

    Columns: exit_gap, marginal_gap, mean_lines, first_line. ``pool``: answers on all groups that took no part in
    training or in the proposal.
    """
    rng, (groups, number_N) = np.random.default_rng(seed), np.unique(pool.group_N, return_inverse=True)
    pool, rows = pool._replace(group_N=number_N), []
    for _ in range(draws):
        is_own_N = np.isin(number_N, rng.permutation(len(groups))[:calibration])
        rule = calibrate(pool.of(is_own_N), proposed_L, params).rule
        found = stopped(pool.of(~is_own_N), rule)
        rows.append((found.exit_gap, found.marginal_gap, float(found.line_N.mean()), rule.first_line))
    return pd.DataFrame(rows, columns=["exit_gap", "marginal_gap", "mean_lines", "first_line"])
