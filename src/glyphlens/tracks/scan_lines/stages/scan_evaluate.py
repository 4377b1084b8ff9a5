"""scan_evaluate: recognisers line by line beside HOG, what stopping costs over many draws, one page, the release."""

import argparse
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import PositiveInt

from glyphlens.core.errors import InputError
from glyphlens.core.params import Section, load_params, load_seed, read_sections
from glyphlens.core.storage import load_array, save_json, save_metrics, save_text
from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.outcomes import class_labels
from glyphlens.evaluation.pictures import file_uri
from glyphlens.evaluation.report import run_record, save_tables_csv, split_table
from glyphlens.gates.token import require_token
from glyphlens.inference.folder import ExportFolder
from glyphlens.inference.stopping import STOPPING, StoppingRule
from glyphlens.inference.streams import LineRecognizer
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracks.scan_lines.evaluation.baseline import baseline_top1
from glyphlens.tracks.scan_lines.evaluation.line_evidence import plot_attention, rested_scans
from glyphlens.tracks.scan_lines.evaluation.line_scores import (
    Stopped,
    class_scores,
    line_shape_top1,
    line_top1,
    resplits,
    stopped,
)
from glyphlens.tracks.scan_lines.evaluation.release import (
    RELEASED,
    line_preface,
    scan_release_facts,
    write_line_release,
)
from glyphlens.tracks.scan_lines.evaluation.report import ScanPage, draw_scan_album, lookalike_groups, render_scan_page
from glyphlens.tracks.scan_lines.samples.scan_set import ScanSet
from glyphlens.tracks.scan_lines.stopping.answers import LineAnswers
from glyphlens.tracks.scan_lines.stopping.calibration import StoppingParams, why_never
from glyphlens.tracks.scan_lines.stopping.files import CALIBRATION, PROPOSED, TEST, exported_names, used_file

SECTIONS = (
    "seed", "scan_samples", "scan_recognizers", "scan_training", "scan_export", "scan_stopping", "scan_evaluate"
)  # fmt: skip
INPUTS, OUTPUTS = (
    ("samples", "samples_token", "export", "stopping", "export_token"),
    ("release", "metrics", "baseline", "report"),
)
SOURCES = {
    "rendered": "A rendered stand-in, no real handwriting: a program drew the scans from fonts and stroke data.",
    "etl": "The ETL Character Database: people wrote these characters by hand.",
}
OWN = "Scans of the user's own, or glyphs of fonts."
ATTENTION = "attention.png"
PLAIN, MERGED = "as labelled", "look-alikes as one"


class ScanEvaluateParams(Section):
    """Section ``scan_evaluate``: how often groups are drawn anew, how many classes are shown, and how many scans that
    were named right, and as many that were not, with the lines that their answers rest on."""

    resplits: PositiveInt
    classes_shown: PositiveInt
    scans_shown: PositiveInt


def main(argv: Sequence[str] | None = None) -> None:
    """Score, draw, write; the release comes last, when nothing can fail any more."""
    paths = stage_paths(argv, *INPUTS, *OUTPUTS)
    require_token(paths.samples_token, paths.samples)
    require_token(paths.export_token, paths.export, paths.stopping)
    params, scans = load_params(ScanEvaluateParams, "scan_evaluate"), ScanSet.open(paths.samples)
    answers, rules = _read(paths)
    baseline = baseline_top1(scans)
    save_metrics(paths.baseline, {f"top1_{100 * share:.0f}": value for share, value in baseline.items()})

    used, rule = answers[RELEASED], rules[RELEASED]
    found, draws = stopped(used, rule), _draws(paths, params.resplits, used, rule)
    classes = class_scores(used, found, class_labels(scans.samples))
    headline = _headline(found, draws, classes, rule) | {
        "gain_at_half": line_top1(used)[0.5] - baseline[0.5],
        "shape_top1": line_shape_top1(used, scans.samples.shape_class)[1.0],
    }
    save_metrics(paths.metrics, headline)
    tables = {
        "recognizers": _recognizers(paths, answers),
        "shares": _shares(answers, baseline, scans.samples.shape_class),
        "classes": classes,
    }
    save_tables_csv(paths.report, {**tables, "resplits": draws})
    images = draw_scan_album(paths.report, answers, baseline, found, draws, rule.promise.alpha)
    recognizer = LineRecognizer.load(used_file(paths.export / RELEASED))
    plot_attention(paths.report / ATTENTION, rested_scans(recognizer, scans, found, params.scans_shown))
    images["attention"] = file_uri(paths.report / ATTENTION)
    page = ScanPage(
        recognizers=tables["recognizers"],
        shares=tables["shares"],
        classes=classes.head(params.classes_shown),
        lookalikes=lookalike_groups(scans.samples),
        **_texts(paths, scans.samples, headline),
        **_told_of_rule(draws, rule),
        headline=headline,
        images=images,
    )
    save_json(paths.report / "run.json", page.run)
    save_text(paths.report / "report.html", render_scan_page(page))
    numbers = ExportFolder(paths.stopping / RELEASED).measured()
    facts = scan_release_facts(used, found, scans.samples)
    write_line_release(paths.release, paths.export / RELEASED, rule, line_preface(numbers, rule), facts)


def _read(paths: argparse.Namespace) -> tuple[dict[str, LineAnswers], dict[str, StoppingRule]]:
    """Test answers and rules by recogniser; raises InputError where the one that is released is not there."""
    names = exported_names(paths.export)
    if RELEASED not in names:
        raise InputError(f"{paths.export}: no {RELEASED}, only {', '.join(names)}; it is the one that is released")
    answers = {name: LineAnswers.load(paths.stopping / name / TEST) for name in names}
    rules = {
        name: StoppingRule.load(paths.stopping / name / STOPPING, used_file(paths.export / name)) for name in names
    }
    return answers, rules


def _headline(found: Stopped, draws: pd.DataFrame, classes: pd.DataFrame, rule: StoppingRule) -> dict[str, float]:
    """Numbers of metrics/scan_lines/evaluate.json, of the recogniser that is released."""
    return {
        "lines_saved": 1 - float(found.line_N.mean()) / rule.lines,
        "exit_gap": found.exit_gap,
        "resplits_kept": float((draws["exit_gap"] <= rule.promise.alpha).mean()),
        "worst_class_top1": float(classes["top1"].min()),
    }


def _draws(paths: argparse.Namespace, draws: int, test: LineAnswers, rule: StoppingRule) -> pd.DataFrame:
    """The released rule, calibrated on one half of the groups of calibration and test and measured on the other.

    Halves, as a gap that is measured on few groups is over ``alpha`` by chance.
    """
    folder, promise = paths.stopping / RELEASED, rule.promise
    calibration = LineAnswers.load(folder / CALIBRATION)
    pool = calibration.with_others(test)
    params = StoppingParams(
        alpha=promise.alpha,
        delta=promise.delta,
        largest_group_gap=promise.largest_group_gap,
        proposed_gap=promise.alpha,  # proposed it is already
    )
    half = len(np.unique(pool.group_N)) // 2
    return resplits(pool, load_array(folder / PROPOSED), params, half, draws, load_seed())


def _recognizers(paths: argparse.Namespace, names: Iterable[str]) -> pd.DataFrame:
    """One row per recogniser: what scan_stopping measured."""
    return pd.DataFrame([{"recognizer": name, **ExportFolder(paths.stopping / name).measured()} for name in names])


def _shares(
    answers: Mapping[str, LineAnswers], baseline: Mapping[float, float], shape_class_C: NDArray[np.int64]
) -> pd.DataFrame:
    """Top-1 by share of the lines, a row per recogniser and, where there are look-alikes, one with them merged; one for
    the baseline."""
    rows: list[tuple[str, str, Mapping[float, float]]] = [
        (name, PLAIN, line_top1(own)) for name, own in answers.items()
    ]
    if (shape_class_C != np.arange(len(shape_class_C))).any():
        rows += [(name, MERGED, line_shape_top1(own, shape_class_C)) for name, own in answers.items()]
    rows.append(("HOG and a linear classifier", PLAIN, baseline))
    shares = ({str(share): value for share, value in row.items()} for _, _, row in rows)
    return pd.DataFrame([{"method": rows[n][0], "counted": rows[n][1], **own} for n, own in enumerate(shares)])


def _told_of_rule(draws: pd.DataFrame, rule: StoppingRule) -> dict[str, Any]:
    """What the page says of the released rule and of those of the draws."""
    return {
        "resplits": _summary(draws, rule),
        "promise": rule.promise.model_dump(),
        "first_line": rule.first_line,
        "lines": rule.lines,
        "never": why_never(rule.promise) if rule.first_line == rule.lines else "",
    }


def _summary(draws: pd.DataFrame, rule: StoppingRule) -> dict[str, float]:
    """Means over the draws, how many ``stop`` scans early and how many of those ``stop_and_keep`` the gap, and how many
    groups would be needed if nothing were assumed of one."""
    stopping = draws[draws["first_line"] < rule.lines]
    counts = {
        "draws": len(draws),
        "stop": len(stopping),
        "stop_and_keep": int((stopping["exit_gap"] <= rule.promise.alpha).sum()),
    }
    means = {name: float(draws[name].mean()) for name in ("exit_gap", "marginal_gap", "mean_lines")}
    needed = math.ceil(math.log(rule.promise.delta) / math.log(1 - rule.promise.alpha))
    return {**means, **counts, "groups_without_assumption": needed}


def _texts(paths: argparse.Namespace, samples: SampleSet, headline: Mapping[str, float]) -> dict[str, Any]:
    models = {
        f"{file.parent.name}/{file.name}": file for name in exported_names(paths.export)
        for file in sorted((paths.export / name).glob("*.onnx"))
    }  # fmt: skip
    sections = read_sections(SECTIONS)
    return {
        "source": " ".join(dict.fromkeys(SOURCES.get(name, OWN) for name in samples.sources)),
        "splits": split_table(samples),
        "run": run_record(sections, {"samples": paths.samples}, models, headline),
        "params": sections,
    }


if __name__ == "__main__":
    run_stage(main)
