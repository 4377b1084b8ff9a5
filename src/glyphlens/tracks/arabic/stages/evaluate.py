"""evaluate: the exported file on font families it has never seen — scores, slices, errors, and a page that shows them.

N test glyphs · C classes · F geometry features
"""

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, PositiveInt

from glyphlens.core.curves import CURVES, read_curves
from glyphlens.core.params import Section, load_params, read_sections
from glyphlens.core.storage import load_array, load_json, replacing_folder, save_json, save_metrics, save_text
from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.errors import confusion_pairs, gallery_errors, gallery_pairs
from glyphlens.evaluation.pictures import file_uri
from glyphlens.evaluation.release_card import complete_card
from glyphlens.evaluation.report import cards, run_record, split_table
from glyphlens.gates.token import require_token
from glyphlens.imaging.geometry import geometry_features
from glyphlens.inference.folder import MEASURED
from glyphlens.inference.recognizer import Recognizer
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracking.timings import note_timing
from glyphlens.tracks.arabic.evaluation.companions import (
    CompanionResults,
    companion_results,
    release_companions,
    save_companions,
)
from glyphlens.tracks.arabic.evaluation.embeddings import load_embeddings
from glyphlens.tracks.arabic.evaluation.error_page import Evidence, write_error_page
from glyphlens.tracks.arabic.evaluation.outcomes import check_classes, outcome_table, read_rows
from glyphlens.tracks.arabic.evaluation.release import glyph_release_facts, released_outcomes
from glyphlens.tracks.arabic.evaluation.report import Page, draw_album, read_buckets, render_page
from glyphlens.tracks.arabic.evaluation.results import Results, evaluate_outcomes, save_tables
from glyphlens.tracks.arabic.evaluation.saliency import near_miss_heats
from glyphlens.tracks.arabic.export.context_graph import release_context
from glyphlens.tracks.arabic.font_context import FOLDER
from glyphlens.tracks.arabic.glyphs.parts import part_rows
from glyphlens.tracks.arabic.primitives.codebook import Codebook

STAGES = (
    "glyphs",
    "rasters",
    "primitives",
    "phase1",
    "phase2",
    "onestage",
    "export",
    "context",
)  # whose metrics are shown
GATES = ("glyphs", "rasters", "primitives", "models", "export", "context")
RETRIEVAL_PICTURES = ("recall", "similarity", "neighbours")
TRAININGS = ("phase1", "phase2", "onestage")
SECTIONS = (
    "seed", "fonts", "companions", "glyphs", "rasters", "variants", "primitives", "phase1", "grids", "phase2",
    "onestage", "export", "context", "retrieval", "evaluate", "gates",
)  # fmt: skip


class EvaluateParams(Section):
    """How finely and how much is shown, and what the headline numbers are held against."""

    calibration_bins: PositiveInt
    confusions_shown: PositiveInt
    errors_shown: PositiveInt
    near_misses_shown: PositiveInt
    known_kept: float = Field(gt=0, lt=1)
    targets: dict[str, float]


def main(argv: Sequence[str] | None = None) -> None:
    """Read the test glyphs with the exported file, score, draw, write; the release comes last, when all is well."""
    metrics = (*(f"{name}_metrics" for name in STAGES), *(f"{name}_gate" for name in GATES))
    inputs = (
        "rasters",
        "rasters_token",
        "export",
        "export_token",
        "context",
        "context_token",
        "retrieval",
        "primitives",
        *TRAININGS,
        "grids",
        "suspects",
    )
    paths = stage_paths(argv, *inputs, *metrics, "metrics", "slices", "companions", "report", "release", "timings")
    require_token(paths.rasters_token, paths.rasters)
    require_token(paths.export_token, paths.export)
    require_token(paths.context_token, paths.context)
    params = load_params(EvaluateParams, "evaluate")

    samples, recognizer = SampleSet.open(paths.rasters), Recognizer.load(paths.export / "fp32")
    check_classes([entry.label for entry in recognizer.classes], samples, str(recognizer.path))
    rows = part_rows(samples, "test")
    geometry_NF = geometry_features(samples.index.loc[rows])
    outcomes = _read(recognizer, samples, rows, geometry_NF, paths.onestage)
    results = evaluate_outcomes(outcomes, len(samples.classes), params.calibration_bins, params.confusions_shown)

    save_metrics(paths.metrics, results.headline)
    save_metrics(paths.slices, results.further)
    save_tables(paths.report, results)
    beside = companion_results(recognizer, samples, params.known_kept)
    save_metrics(paths.companions, beside.metrics if beside else {})
    _write_report(paths, params, samples, recognizer, geometry_NF, outcomes, results, beside)
    _release(paths, released_outcomes(paths.export / "int8", samples, rows, geometry_NF), beside)
    note_timing(paths.timings, "evaluate")


def _release(paths: argparse.Namespace, outcomes: pd.DataFrame, beside: CompanionResults | None) -> None:
    """Replace the release by the small file and what is offered beside it; ``outcomes``: ``released_outcomes``."""
    scores = load_json(paths.context_metrics)
    with replacing_folder(paths.release) as fresh:
        shutil.copytree(paths.export / "int8", fresh, dirs_exist_ok=True, copy_function=shutil.copyfile)
        release_context(paths.context, fresh, scores)
        if beside:
            release_companions(fresh, beside)
        complete_card(fresh, glyph_release_facts(outcomes, scores if (fresh / FOLDER).is_dir() else {}))


def _write_report(
    paths: argparse.Namespace,
    params: EvaluateParams,
    samples: SampleSet,
    recognizer: Recognizer,
    geometry_NF: NDArray[np.float32],
    outcomes: pd.DataFrame,
    results: Results,
    beside: CompanionResults | None,
) -> None:
    """The run's record, the report and the page of errors."""
    run = _record(paths, results)
    save_json(paths.report / "run.json", run)
    page = _page(paths, params, samples, recognizer, geometry_NF, results, beside, run)
    save_text(paths.report / "report.html", page)
    evidence = Evidence(
        samples,
        outcomes,
        geometry_NF,
        load_embeddings(paths.retrieval, samples),
        recognizer,
        Codebook.open(paths.primitives),
    )
    write_error_page(paths.report, evidence, paths.primitives, paths.grids, paths.suspects)


def _read(
    recognizer: Recognizer,
    samples: SampleSet,
    rows: NDArray[np.int64],
    geometry_NF: NDArray[np.float32],
    onestage: Path,
) -> pd.DataFrame:
    """The outcome table: with geometry, without, and beside the one-stage network."""
    guesses = load_array(onestage / "test_predictions.npy")
    known_NC = read_rows(recognizer, samples, rows, geometry_NF, "with geometry")
    bare_NC = read_rows(recognizer, samples, rows, np.zeros_like(geometry_NF), "without geometry")
    return outcome_table(samples, rows, known_NC, bare_NC, guesses)


def _record(paths: argparse.Namespace, results: Results) -> dict[str, Any]:
    data = {"rasters": paths.rasters, "centroids": paths.primitives / "centroids.npy"}
    models = {path.name: path for folder in (paths.export, paths.context) for path in sorted(folder.rglob("*.onnx"))}
    return run_record(read_sections(SECTIONS), data, models, {**results.headline, **results.further})


def _page(
    paths: argparse.Namespace,
    params: EvaluateParams,
    samples: SampleSet,
    recognizer: Recognizer,
    geometry_NF: NDArray[np.float32],
    results: Results,
    beside: CompanionResults | None,
    run: dict[str, Any],
) -> str:
    """Draw the pictures and put everything on one page."""
    confusions = confusion_pairs(samples, results.confusions)
    gallery = gallery_pairs(samples, gallery_errors(results.outcomes, params.errors_shown))
    heats = near_miss_heats(recognizer, samples, results.outcomes, geometry_NF, params.near_misses_shown)
    curves = {name: read_curves(getattr(paths, name) / CURVES) for name in TRAININGS}
    buckets = read_buckets(paths.phase1 / "buckets.csv")
    if beside:
        save_companions(paths.report, beside)
    images = draw_album(paths.report, results, curves, buckets, confusions, gallery, heats)
    images |= {name: file_uri(paths.retrieval / f"{name}.png") for name in RETRIEVAL_PICTURES}
    page = Page(
        results=results,
        targets=params.targets,
        samples=len(results.outcomes),
        classes=len(samples.classes),
        test_families=sorted(results.outcomes["group"].unique()),
        splits=split_table(samples),
        metrics={name: load_json(getattr(paths, f"{name}_metrics")) for name in STAGES},
        gates={name: load_json(getattr(paths, f"{name}_gate")) for name in GATES},
        retrieval=load_json(paths.retrieval / MEASURED),
        beside=beside,
        images={
            **images,
            "prototypes": file_uri(paths.primitives / "prototypes.png"),
            "refusal": file_uri(paths.report / "refusal.png") if beside else None,
        },
        confusions=cards(confusions),
        gallery=cards(gallery),
        run=run,
        params=read_sections(SECTIONS),
    )
    return render_page(page)


if __name__ == "__main__":
    run_stage(main)
