"""kanji_export: a trained recogniser → ONNX in fp32 and int8, label map, predictions, measurements and model card."""

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn
from tqdm import tqdm

from glyphlens.core.params import load_params, load_seed
from glyphlens.core.storage import load_json, save_metrics, sha256_tree
from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.calibration import calibration_error, reliability_bins
from glyphlens.evaluation.scores import macro_f1, mean, shape_hits
from glyphlens.export.card import weight_count
from glyphlens.export.parity import measure_latencies
from glyphlens.gates.token import require_token
from glyphlens.inference.folder import SKIPPED, TRAINING, ExportFolder
from glyphlens.inference.reading import feeds_of
from glyphlens.inference.recognizer import STROKES
from glyphlens.nets.weights import load_model
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracking.timings import note_timing
from glyphlens.tracks.kanji.export.card import STAGE, CharacterFacts, character_card, skipped_card
from glyphlens.tracks.kanji.export.files import ExportedCharacters, KanjiExportParams, Rows, export_character
from glyphlens.tracks.kanji.export.manifest import PreparationRule, character_manifest

BATCHES = (1, 64)  # timed
NO_STROKES = "a split of this sample set has no stroke sequence, which this recogniser reads"


def main(argv: Sequence[str] | None = None) -> None:
    """Write the files and what was measured on them; where there is nothing to read, files that say so."""
    paths = stage_paths(argv, "samples", "token", "model", "out", "metrics", "timings")
    require_token(paths.token, paths.samples)
    params, rule = load_params(KanjiExportParams, "kanji_export"), load_params(PreparationRule, "kanji")
    training = load_json(paths.model / TRAINING)
    if SKIPPED in training:
        skip(paths, str(training[SKIPPED]))
        return

    samples, model = SampleSet.open(paths.samples), load_model(paths.model, nn.Module)
    rows = Rows.of(samples, str(model.reads), params, load_seed())
    if rows is None:
        skip(paths, NO_STROKES)
        return

    folder, manifest = ExportFolder(paths.out), character_manifest(samples, rule)
    found = export_character(paths.model, folder, model, samples, rows, manifest, params)
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

    shown = feeds_of(samples, (str(model.reads),), rows.val)
    latencies = measure_latencies(files, shown, BATCHES, params.latency_repeats)
    note_timing(paths.timings, f"{STAGE}@{paths.out.name}", latency_ms=latencies)


def test_metrics(samples: SampleSet, rows: NDArray[np.int64], found: ExportedCharacters, bins: int) -> dict[str, float]:
    """Scores of the fp32 file on the test rows, and accuracy and size of the int8 file, offered or not."""
    classes_N = samples.class_indices[rows]
    fp32_N, int8_N = (best.classes_NK[:, 0] for best in (found.fp32_test, found.int8_test))
    table = reliability_bins(found.fp32_test.confidence_NK[:, 0], fp32_N == classes_N, bins)
    return {
        "test_top1": mean(fp32_N == classes_N),
        "test_shape_top1": mean(shape_hits(fp32_N, classes_N, samples.shape_class)),
        "macro_f1": macro_f1(fp32_N, classes_N),
        "ece": calibration_error(table),
        "int8_top1": mean(int8_N == classes_N),
        "int8_mb": found.int8.megabytes,
    }


def measurements(name: str, model: nn.Module, found: ExportedCharacters, rows: Rows) -> dict[str, Any]:
    """The content of measured.json; megabytes of 10^6 bytes."""
    return {
        "recognizer": name,
        "reads": model.reads,
        "parameters": weight_count(model),
        "temperature": found.fp32.temperature,
        "int8_temperature": found.int8.temperature,
        "val_top1": round(found.fp32.val_top1, 6),
        "val_int8_top1": round(found.int8.val_top1, 6),
        "agreement": round(found.agreement, 6),
        "int8_agreement": round(found.int8_agreement, 6),
        "int8_offered": found.is_offered,
        "int8_kernels": found.kernels,
        "fp32_mb": round(found.fp32.megabytes, 4),
        "int8_mb": round(found.int8.megabytes, 4),
        "val_rows": len(rows.val),
        "test_rows": len(rows.test),
    }


def prediction_arrays(rows: NDArray[np.int64], found: ExportedCharacters) -> dict[str, NDArray[Any]]:
    """The content of predictions.npz: test rows, and what both files say of them."""
    return {
        "rows": rows,
        "fp32": found.fp32_test.classes_NK[:, 0].astype(np.int32),
        "int8": found.int8_test.classes_NK[:, 0].astype(np.int32),
        "confidence": found.fp32_test.confidence_NK[:, 0].astype(np.float32),
        "top5": found.fp32_test.classes_NK.astype(np.int32),
    }


def skip(paths: argparse.Namespace, reason: str) -> None:
    """Files that say why there is no model: a recogniser of strokes where the samples have none."""
    folder = ExportFolder(paths.out)
    folder.save_skipped({"recognizer": paths.out.name, "reads": STROKES}, reason)
    folder.save_card(skipped_card(paths.out.name, reason))
    save_metrics(paths.metrics, {"test_rows": 0})
    tqdm.write(f"{paths.out.name}: skipped: {reason}")


if __name__ == "__main__":
    run_stage(main)
