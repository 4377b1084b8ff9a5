"""kanji_export: a trained recogniser → ONNX in fp32 and int8, label map, predictions, measurements and model card."""

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn
from tqdm import tqdm

from glyphlens.core.curves import CURVES
from glyphlens.core.errors import InputError
from glyphlens.core.params import load_params, load_seed
from glyphlens.core.storage import load_json, save_json, save_metrics, save_text, sha256_tree, writing
from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.calibration import calibration_error, reliability_bins
from glyphlens.evaluation.scores import macro_f1, mean, shape_hits
from glyphlens.export.parity import measure_latencies
from glyphlens.gates.token import require_token
from glyphlens.inference.reading import feeds_of
from glyphlens.inference.recognizer import STROKES
from glyphlens.nets.weights import load_model
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracking.timings import note_timing
from glyphlens.tracks.kanji.export.card import skipped_card, write_character_card
from glyphlens.tracks.kanji.export.facts import CharacterFacts, group_accuracy
from glyphlens.tracks.kanji.export.files import Exported, KanjiExportParams, Rows, export_character
from glyphlens.tracks.kanji.export.labels import PreparationRule, character_map
from glyphlens.tracks.kanji.export.origin import STAGE

TRAINING = "training.json"
BATCHES = (1, 64)  # timed
NO_STROKES = "a split of this sample set has no stroke sequence, which this recogniser reads"


def main(argv: Sequence[str] | None = None) -> None:
    """Write the files and what was measured on them; where there is nothing to read, files that say so."""
    paths = stage_paths(argv, "samples", "token", "model", "out", "metrics", "timings")
    require_token(paths.token, paths.samples)
    params, rule = load_params(KanjiExportParams, "kanji_export"), load_params(PreparationRule, "kanji")
    training = load_json(paths.model / TRAINING)
    if "skipped" in training:
        skip(paths, str(training["skipped"]))
        return

    samples, model = SampleSet.open(paths.samples), load_model(paths.model, nn.Module)
    rows = Rows.of(samples, str(model.reads), params, load_seed())
    if rows is None:
        skip(paths, NO_STROKES)
        return

    labels = partial(character_map, samples.classes, rule, source=source_of(samples))
    found = export_character(paths.model, paths.out, model, samples, rows, labels, params)
    write(paths, character_facts(paths, model, samples, rows, found, params))
    shown = feeds_of(samples, (str(model.reads),), rows.val)
    files = {"fp32": found.fp32.file, "int8": found.int8.file}
    latencies = measure_latencies(files, shown, BATCHES, params.latency_repeats)
    note_timing(paths.timings, f"{STAGE}@{paths.out.name}", latency_ms=latencies)


def character_facts(
    paths: argparse.Namespace,
    model: nn.Module,
    samples: SampleSet,
    rows: Rows,
    found: Exported,
    params: KanjiExportParams,
) -> CharacterFacts:
    """All that is told of the exported files."""
    files = [file for file in (found.fp32.file, found.int8.file) if file.is_file()]
    return CharacterFacts(
        name=paths.out.name,
        model=model,
        samples=samples,
        rows=rows,
        exported=found,
        metrics=test_metrics(samples, rows.test, found, params.calibration_bins),
        measured=measurements(paths.out.name, model, found, rows),
        training=load_json(paths.model / TRAINING),
        group_top1=group_accuracy(samples, rows.test, found.fp32.test),
        settings=params,
        hashes={
            "samples": sha256_tree(paths.samples),
            "model": sha256_tree(paths.model),
            **{file.name: sha256_tree(file) for file in files},
        },
    )


def write(paths: argparse.Namespace, facts: CharacterFacts) -> None:
    """Predictions, measurements, how the training went, and the card, beside the exported files; the metrics."""
    save_predictions(paths.out / "predictions.npz", facts.rows.test, facts.exported)
    save_json(paths.out / "measured.json", facts.measured)
    for name in (TRAINING, CURVES):
        copy(paths.model / name, paths.out / name)
    save_text(paths.out / "README.md", write_character_card(facts))
    save_metrics(paths.metrics, facts.metrics)
    tqdm.write(f"{facts.name}: " + ", ".join(f"{name} {value:.4f}" for name, value in facts.metrics.items()))


def test_metrics(samples: SampleSet, rows: NDArray[np.int64], found: Exported, bins: int) -> dict[str, float]:
    """Scores of the fp32 file on the test rows, and accuracy and size of the int8 file, offered or not."""
    classes_N = samples.class_indices[rows]
    fp32_N, int8_N = (file.test.classes_NK[:, 0] for file in (found.fp32, found.int8))
    table = reliability_bins(found.fp32.test.confidence_NK[:, 0], fp32_N == classes_N, bins)
    return {
        "test_top1": mean(fp32_N == classes_N),
        "test_shape_top1": mean(shape_hits(fp32_N, classes_N, samples.shape_class)),
        "macro_f1": macro_f1(fp32_N, classes_N),
        "ece": calibration_error(table),
        "int8_top1": mean(int8_N == classes_N),
        "int8_mb": found.int8.megabytes,
    }


def measurements(name: str, model: nn.Module, found: Exported, rows: Rows) -> dict[str, Any]:
    """The content of measured.json; megabytes of 10^6 bytes."""
    return {
        "recognizer": name,
        "reads": model.reads,
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "temperature": found.fp32.temperature,
        "int8_temperature": found.int8.temperature,
        "val_top1": round(found.fp32.val_top1, 6),
        "val_int8_top1": round(found.int8.val_top1, 6),
        "agreement": round(found.agreement, 6),
        "int8_agreement": round(found.int8_agreement, 6),
        "int8_offered": found.int8.file.is_file(),
        "int8_kernels": found.kernels,
        "fp32_mb": round(found.fp32.megabytes, 4),
        "int8_mb": round(found.int8.megabytes, 4),
        "val_rows": len(rows.val),
        "test_rows": len(rows.test),
    }


def save_predictions(path: Path, rows: NDArray[np.int64], found: Exported) -> None:
    """Test rows, and what both files say of them; the same answers give the same bytes."""
    arrays: dict[str, Any] = {
        "rows": rows,
        "fp32": found.fp32.test.classes_NK[:, 0].astype(np.int32),
        "int8": found.int8.test.classes_NK[:, 0].astype(np.int32),
        "confidence": found.fp32.test.confidence_NK[:, 0].astype(np.float32),
        "top5": found.fp32.test.classes_NK.astype(np.int32),
    }
    with writing(path) as partial_file, partial_file.open("wb") as handle:
        np.savez_compressed(handle, **arrays)


def skip(paths: argparse.Namespace, reason: str) -> None:
    """Files that say why there is no model: a recogniser of strokes where the samples have none."""
    save_json(paths.out / TRAINING, {"skipped": reason})
    save_json(paths.out / "measured.json", {"recognizer": paths.out.name, "reads": STROKES, "skipped": reason})
    save_text(paths.out / "README.md", skipped_card(paths.out.name, reason))
    save_metrics(paths.metrics, {"test_rows": 0})
    tqdm.write(f"{paths.out.name}: skipped: {reason}")


def source_of(samples: SampleSet) -> str:
    """``etl`` or ``rendered``: what the samples are, as the index says."""
    return ", ".join(sorted(samples.index["source"].astype(str).unique()))


def copy(source: Path, target: Path) -> None:
    """A small file, or all files of a folder, each whole or not at all; raises InputError where there is none."""
    files = [source] if source.is_file() else sorted(file for file in source.rglob("*") if file.is_file())
    if not files:
        raise InputError(f"{source}: not there; train the recogniser again")
    for file in files:
        with writing(target / file.relative_to(source)) as partial_file:
            partial_file.write_bytes(file.read_bytes())


if __name__ == "__main__":
    run_stage(main)
