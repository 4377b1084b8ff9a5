"""scan_stopping: every exported recogniser asked line by line, and when it may stop, tested on groups of their own."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydantic import Field, PositiveInt

from glyphlens.core.params import load_params
from glyphlens.core.storage import save_array, save_metrics, sha256_file
from glyphlens.gates.token import require_token
from glyphlens.inference.folder import ExportFolder
from glyphlens.inference.stopping import STOPPING
from glyphlens.inference.streams import LineRecognizer
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracks.scan_lines.evaluation.line_scores import line_headline
from glyphlens.tracks.scan_lines.samples.scan_set import ScanSet
from glyphlens.tracks.scan_lines.stopping.answers import LineAnswers, line_answers
from glyphlens.tracks.scan_lines.stopping.calibration import (
    StoppingParams,
    Thresholds,
    calibrate,
    is_proposing,
    propose_thresholds,
)
from glyphlens.tracks.scan_lines.stopping.files import CALIBRATION, PROPOSED, TEST, exported_names, used_file


class ScanStoppingParams(StoppingParams):
    """Section ``scan_stopping``.

    ``proposal_share``: of the calibration groups, on which thresholds are proposed. ``calibration_bins``: of
    confidence, that the calibration error is measured with.
    """

    proposal_share: float = Field(ge=0, lt=1)
    calibration_bins: PositiveInt


def main(argv: Sequence[str] | None = None) -> None:
    """Propose on validation and some calibration groups, test on the others, measure on the test split."""
    paths = stage_paths(argv, "samples", "calibration", "token", "export", "out", "metrics")
    require_token(paths.token, paths.samples, paths.calibration)
    params = load_params(ScanStoppingParams, "scan_stopping")
    scans, calibration = ScanSet.open(paths.samples), ScanSet.open(paths.calibration)
    for name in exported_names(paths.export):
        numbers = _stop(paths.export / name, paths.out / name, scans, calibration, params)
        save_metrics(paths.metrics / f"{name}.json", numbers)


def _stop(
    export: Path, out: Path, scans: ScanSet, calibration: ScanSet, params: ScanStoppingParams
) -> dict[str, float]:
    """Write rule, proposal and answers of one recogniser; returns its metrics."""
    test, model = scans.samples.rows("test"), used_file(export)
    recognizer = LineRecognizer.load(model)
    answers = line_answers(recognizer, scans, test)
    proposed_L, tested = _proposed(recognizer, scans, calibration, params)
    rule = calibrate(tested, proposed_L, params, sha256_file(model)).rule
    rule.save(out / STOPPING)
    save_array(out / PROPOSED, proposed_L)
    answers.save(out / TEST)
    tested.save(out / CALIBRATION)
    whole = ExportFolder(export).manifest.files["fp32"].name
    fp32: LineAnswers = line_answers(LineRecognizer.load(export / whole), scans, test)
    numbers = line_headline(fp32, answers, rule, params.calibration_bins)
    ExportFolder(out).save_measured(numbers)
    return numbers


def _proposed(
    recognizer: LineRecognizer, scans: ScanSet, calibration: ScanSet, params: ScanStoppingParams
) -> tuple[Thresholds, LineAnswers]:
    """The thresholds that are proposed, and the answers on which they are to be tested.

    None of either for a recogniser that waits for the last line.
    """
    if recognizer.answers == 1:
        nothing = line_answers(recognizer, calibration, np.arange(0))
        return np.append(np.full(recognizer.lines - 1, np.inf), 0.0), nothing
    is_proposing_N = is_proposing(calibration.groups, params.proposal_share)
    proposing, tested = (
        line_answers(recognizer, calibration, np.flatnonzero(rows_N)) for rows_N in (is_proposing_N, ~is_proposing_N)
    )
    val = line_answers(recognizer, scans, scans.samples.rows("val"))
    return propose_thresholds(val.with_others(proposing), params.proposed_gap), tested


if __name__ == "__main__":
    run_stage(main)
