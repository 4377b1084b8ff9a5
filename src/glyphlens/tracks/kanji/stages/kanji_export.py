"""kanji_export: a trained recogniser → ONNX in fp32 and int8, label map, predictions, measurements and model card."""

import argparse
from collections.abc import Sequence

from torch import nn
from tqdm import tqdm

from glyphlens.core.curves import TRAINING
from glyphlens.core.params import load_params, load_seed
from glyphlens.core.storage import load_json, save_metrics, sha256_tree
from glyphlens.data.sample_set import SampleSet
from glyphlens.export.classifier_files import (
    ClassifierExportParams,
    ExportRows,
    export_classifier,
    measurements,
    prediction_arrays,
    test_metrics,
)
from glyphlens.export.parity import measure_latencies
from glyphlens.gates.token import require_token
from glyphlens.inference.folder import SKIPPED, ExportFolder
from glyphlens.inference.reading import feeds_of
from glyphlens.inference.recognizer import STROKES
from glyphlens.nets.inputs import reads_of
from glyphlens.nets.weights import load_model
from glyphlens.sources.kanji_params import PreparationRule
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracking.timings import note_timing
from glyphlens.tracks.kanji.export.card import STAGE, CharacterFacts, character_card, skipped_card
from glyphlens.tracks.kanji.export.manifest import character_manifest

NO_STROKES = "a split of this sample set has no stroke sequence, which this recogniser reads"


def main(argv: Sequence[str] | None = None) -> None:
    """Write the files and what was measured on them; where there is nothing to read, files that say so."""
    paths = stage_paths(argv, "samples", "token", "model", "out", "metrics", "timings")
    require_token(paths.token, paths.samples)
    params, rule = load_params(ClassifierExportParams, "kanji_export"), load_params(PreparationRule, "kanji")
    training = load_json(paths.model / TRAINING)
    if SKIPPED in training:
        skip(paths, str(training[SKIPPED]))
        return

    samples, model = SampleSet.open(paths.samples), load_model(paths.model, nn.Module)
    reads = reads_of(model)
    rows = ExportRows.of(samples, reads, params, load_seed())
    if rows is None:
        skip(paths, NO_STROKES)
        return

    folder, manifest = ExportFolder(paths.out), character_manifest(samples, rule)
    found = export_classifier(paths.model, folder, model, samples, rows, manifest, params)
    files = {str(file.precision): file.file for file in (found.fp32, found.int8) if file.file.is_file()}
    made = {file.name: file for file in files.values()}
    facts = CharacterFacts(
        name=paths.out.name,
        model=model,
        samples=samples,
        rows=rows,
        exported=found,
        manifest=folder.manifest,
        metrics=test_metrics(samples, rows.test, found, params.calibration_bins),
        measured=measurements(paths.out.name, model, found, rows),
        training=training,
        params=params,
        hashes={
            name: sha256_tree(path) for name, path in {"samples": paths.samples, "model": paths.model, **made}.items()
        },
    )
    folder.save_predictions(prediction_arrays(rows.test, found))
    folder.save_measured(facts.measured)
    folder.copy_training(paths.model)
    folder.save_card(character_card(facts))
    save_metrics(paths.metrics, facts.metrics)
    tqdm.write(f"{facts.name}: " + ", ".join(f"{name} {value:.4f}" for name, value in facts.metrics.items()))

    shown = feeds_of(samples, (reads,), rows.val)
    latencies = measure_latencies(files, shown, params.latency_repeats)
    note_timing(paths.timings, f"{STAGE}@{paths.out.name}", latency_ms=latencies)


def skip(paths: argparse.Namespace, reason: str) -> None:
    """Files that say why there is no model: a recogniser of strokes where the samples have none."""
    folder = ExportFolder(paths.out)
    folder.save_skipped({"recognizer": paths.out.name, "reads": STROKES}, reason)
    folder.save_card(skipped_card(paths.out.name, reason))
    save_metrics(paths.metrics, {"test_rows": 0})
    tqdm.write(f"{paths.out.name}: skipped: {reason}")


if __name__ == "__main__":
    run_stage(main)
