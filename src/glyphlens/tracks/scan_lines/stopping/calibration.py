"""Thresholds that are tested before they are used: Learn then Test, the risk conditional on having stopped by a line.

Ringel et al. 2024, "Early Time Classification with Accumulated Accuracy Gap Control" (arXiv 2402.00857), for the risk
and the order of the tests; Angelopoulos et al. 2021, "Learn then Test" (arXiv 2110.01052), for the procedure;
Waudby-Smith and Ramdas 2020, "Estimating means of bounded random variables by betting" (arXiv 2010.09686), for the
p-value.

**Units are groups, not scans.** Two scans by one writer are not independent draws of what a new writer brings. Groups
(writers, fonts, instruments) are assumed to be drawn independently from one population: the calibration's and those
to come. Of each group the test sees one number, the share of its scans stopped by a line that are lost: one observation
in [0, b], b = ``largest_group_gap``, independent of those of other groups, which is all that the p-value needs; how
many scans a group has, and how alike they are, does not matter. A group counts once more than 1/b of its scans
have stopped: one lost of fewer is a share of b or more.

**The p-value.** Of gaps X in [0, b] with a mean of α or more, every factor (b − X) / (b − α) has a mean of at most 1,
and so has the product over independent groups: it exceeds 1/p with a chance of at most p (Markov). Many small gaps
speak for a rule more loudly than by their mean alone, and the order of the groups does not matter. With b = 1 no more
is assumed; log δ / log(1 − α) groups without any loss are then the least that can open a line (299 at α = 1 %,
δ = 5 %), and twice as many where half of α is lost. A smaller b needs about b times as many, and is an assumption: a
group that is seen to lose as much refutes it, and the line stays closed.

**Proposals.** What is tested is proposed on validation and, of the calibration groups, on some that the test then does
not see: validation may be easier than what is to come, and a few groups more cost the test little.

**All lines at once.** A rule is accepted if for every line t the hypothesis "the gap of those stopped by t is over α"
is rejected at δ: an intersection-union test, so the largest p-value counts and nothing is divided by L. Rules are
tested in an order fixed beforehand, from the one that stops only before the last line to one that may stop at any;
the first that is not accepted ends it, so that δ bounds the chance of any wrong acceptance.

N scans · L lines · G groups
"""

import hashlib
import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from glyphlens.core.params import Section
from glyphlens.inference.stopping import Promise, StoppingRule
from glyphlens.tracks.scan_lines.stopping.answers import LineAnswers, StoppedShares, stopped_shares

ROUNDING = 1e-9
Thresholds = NDArray[np.float64]


class StoppingParams(Section):
    """Section ``scan_stopping``: the gap that is allowed and how surely; see the top of the module."""

    alpha: float = Field(gt=0, lt=1)
    delta: float = Field(gt=0, lt=1)
    largest_group_gap: float = Field(gt=0, le=1)
    proposed_gap: float = Field(gt=0, lt=1)

    @model_validator(mode="after")
    def _allows_more_to_one_group(self) -> "StoppingParams":
        if self.largest_group_gap <= self.alpha:
            raise ValueError("largest_group_gap must be over alpha, the mean over groups")
        return self


class LineTest(NamedTuple):
    """What the last line that was tried showed: its number (from 1 on), its p-value, and the groups that counted."""

    line: int
    p_value: float
    groups: int


class Calibrated(NamedTuple):
    """The rule, and the test that ended it; None where every line was opened."""

    rule: StoppingRule
    refused: LineTest | None


def propose_thresholds(answers: LineAnswers, gap: float) -> Thresholds:
    """(L,) for every line, from the first on, the least confidence at which scans not yet stopped may stop, such that
    at most the share ``gap`` of all that have stopped by it are lost; infinite where there is none, and where fewer
    than 1 / ``gap`` would have stopped: none lost of so few is luck.

    The answers are of scans that the test does not see: what is proposed may be wrong, what is accepted then not.
    """
    threshold_L = np.full(answers.lines, np.inf)
    is_going_N = np.ones(len(answers.class_N), bool)
    stopped = lost = 0
    for line in range(answers.lines - 1):
        going = np.flatnonzero(is_going_N)
        confidence_n = answers.confidence_NL[going, line]
        order = np.argsort(-confidence_n, kind="stable")
        lost_n = lost + answers.lost_NL[going[order], line].cumsum()
        allowed_n = gap * (stopped + np.arange(1, len(going) + 1))
        is_allowed_n = (lost_n <= allowed_n) & (allowed_n >= 1 - ROUNDING)
        is_allowed_n[:-1] &= np.diff(confidence_n[order]) != 0  # equal confidences stop together
        allowed = np.flatnonzero(is_allowed_n)
        if len(allowed):
            stopped, lost = stopped + int(allowed[-1]) + 1, int(lost_n[allowed[-1]])
            threshold_L[line] = confidence_n[order[allowed[-1]]]
            is_going_N[going[order[: allowed[-1] + 1]]] = False
    threshold_L[-1] = 0.0
    return threshold_L


def is_proposing(group_N: NDArray[Any], share: float) -> NDArray[np.bool_]:
    """(N,) which scans belong to that share of the groups, rounded down, on which thresholds are proposed.

    They are the first by the SHA-256 of their name, put behind a word so that other splits by name do not decide it.
    """
    names = sorted(set(group_N.tolist()), key=lambda name: hashlib.sha256(f"proposal {name}".encode()).digest())
    proposing_N: NDArray[np.bool_] = np.isin(group_N, names[: math.floor(share * len(names) + ROUNDING)])
    return proposing_N


def calibrate(answers: LineAnswers, proposed_L: Thresholds, params: StoppingParams, model: str = "") -> Calibrated:
    """The proposed thresholds from the earliest line on that the groups of ``answers`` let open.

    ``model``: SHA-256 of the file that gave the answers. The groups must be others than those of training, of the
    proposal and of whatever the rule is measured on.
    """
    stop_N = np.full(len(answers.class_N), answers.lines)  # where scans stop that may from the last tried line on
    names, group_N = np.unique(answers.group_N, return_inverse=True)
    counted, opened, refused = answers._replace(group_N=group_N), answers.lines - 1, None
    for line in range(answers.lines - 2, -1, -1):
        if not np.isfinite(proposed_L[line]):
            continue
        stop_N = np.where(answers.confidence_NL[:, line] >= proposed_L[line], line + 1, stop_N)
        found = _worst_line(stopped_shares(counted, stop_N), line, params)
        if not found.p_value <= params.delta:
            refused = found
            break
        opened = line
    threshold_L = np.where(np.arange(answers.lines) < opened, np.inf, proposed_L)
    threshold_L[-1] = 0.0
    promise = Promise(
        alpha=params.alpha,
        delta=params.delta,
        largest_group_gap=params.largest_group_gap,
        groups=len(names),
        model=model,
    )
    return Calibrated(StoppingRule(threshold_L, promise), refused)


def _worst_line(shares: StoppedShares, first: int, params: StoppingParams) -> LineTest:
    """The line from ``first`` on that speaks least against a gap over alpha."""
    tests = []
    for line in range(first, shares.stopped_GL.shape[1]):
        gap_G = group_gaps(shares, line, params.largest_group_gap)
        tests.append(LineTest(line + 1, mean_gap_p_value(gap_G, params.alpha, params.largest_group_gap), len(gap_G)))
    return max(tests, key=lambda test: test.p_value)


def group_gaps(shares: StoppedShares, line: int, largest: float) -> NDArray[np.float64]:
    """Of every group with more than 1 / ``largest`` scans stopped by a line (from 0 on), the share that is lost."""
    counts_G = shares.stopped_GL[:, line] > 1 / largest + ROUNDING
    gap_G: NDArray[np.float64] = shares.lost_GL[counts_G, line] / shares.stopped_GL[counts_G, line]
    return gap_G


def mean_gap_p_value(gap_G: NDArray[np.float64], alpha: float, largest: float = 1.0) -> float:
    """How likely so small a mean of independent gaps in 0 … ``largest`` is, at most, where the true one is over alpha.

    ``largest`` is over alpha. 1 where there is no gap at all, and where one is ``largest`` or over it.
    """
    if gap_G.max(initial=0.0) >= largest - ROUNDING:
        return 1.0
    return min(1.0, math.exp(float(np.log((largest - alpha) / (largest - gap_G)).sum())))


def why_never(promise: Promise) -> str:
    """Why a rule with this promise stops no scan early, as half of a sentence.

    Groups are too few only where not even groups without a single loss would pass the test.
    """
    if not promise.groups:
        return "it was tested on no groups, and answers at the last line alone"
    lossless_G = np.zeros(promise.groups)
    if mean_gap_p_value(lossless_G, promise.alpha, promise.largest_group_gap) > promise.delta:
        count = f"{promise.groups} group is" if promise.groups == 1 else f"{promise.groups} groups are"
        return f"{count} too few to open a line, even without a single loss"
    return "no threshold was found that keeps the gap with the confidence asked"
