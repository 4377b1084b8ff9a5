"""khmer_export: a trained recogniser of lines → ONNX in fp32 and int8, tokens, n-gram, measurements and model card."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from tqdm import tqdm

from glyphlens.core.curves import TRAINING
from glyphlens.core.params import load_params, load_seed
from glyphlens.core.storage import load_json, save_metrics, sha256_tree
from glyphlens.data.sample_set import SampleSet
from glyphlens.data.tokens import TokenTable
from glyphlens.export.bundle import drawn_rows
from glyphlens.export.parity import megabytes
from glyphlens.gates.token import require_token
from glyphlens.inference.folder import ExportFolder, Precision
from glyphlens.inference.recognizer import RASTER, open_session
from glyphlens.nets.weights import load_model
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracking.timings import note_timing
from glyphlens.tracks.khmer.export.line_card import LineFacts, line_card
from glyphlens.tracks.khmer.export.line_files import (
    LineExportParams,
    calibrate_lines,
    latencies_of,
    measured_beam,
    measured_files,
    shown_lines,
    write_line_models,
)

COMPARED_LINES = 8


def main(argv: Sequence[str] | None = None) -> None:
    """Write the files and what was measured on validation lines; an int8 file that loses too much is not offered."""
    paths = stage_paths(argv, "samples", "token", "model", "out", "metrics", "timings")
    require_token(paths.token, paths.samples)
    params, seed, name = load_params(LineExportParams, "khmer_export"), load_seed(), paths.out.name
    samples, folder = SampleSet.open(paths.samples), ExportFolder(paths.out)
    model, tokens = load_model(paths.model, nn.Module), TokenTable.load(paths.model)
    write_line_models(folder, model, tokens, samples, params, seed)

    rows = drawn_rows(samples.rows("val"), params.validation_lines, seed)
    temperatures = calibrate_lines(folder, samples, rows)
    measured = measured_files(folder, samples, rows)
    loss = measured["int8"].cer - measured["fp32"].cer
    if loss > params.max_int8_loss:
        folder.withdraw("int8")
    files: dict[Precision, Path] = {kind: paths.out / file.name for kind, file in folder.manifest.files.items()}
    smallest = files[folder.manifest.used_precision]
    few = drawn_rows(rows, params.beam_lines, seed)
    facts = LineFacts(
        name=name,
        model=model,
        samples=samples,
        manifest=folder.manifest,
        measured=measured,
        megabytes={kind: megabytes(file) for kind, file in files.items()},
        beam=measured_beam(smallest, samples, few) if folder.manifest.decoder == "ctc" else {},
        smallest=smallest,
        rows=len(rows),
        gap=largest_gap(files["fp32"], model, shown_lines(samples, COMPARED_LINES, seed)[0]),
        training=load_json(paths.model / TRAINING),
        params=params,
        hashes=_hashes({"samples": paths.samples, "model": paths.model}, files),
    )
    metrics = line_export_metrics(facts, loss)
    scores = {str(kind): each._asdict() for kind, each in measured.items()}
    beside = {"beam": facts.beam, "largest_gap": facts.gap, "temperatures": temperatures}
    folder.save_measured({**metrics, **scores, **beside})
    folder.copy_training(paths.model)
    folder.save_card(line_card(facts))
    save_metrics(paths.metrics, metrics)
    tqdm.write(f"{name}: " + ", ".join(f"{key} {value:.4f}" for key, value in metrics.items()))
    latencies = latencies_of(files, samples, rows, params.latency_repeats)
    note_timing(paths.timings, f"khmer_export@{name}", latency_ms=latencies)


def line_export_metrics(facts: LineFacts, int8_loss: float) -> dict[str, float]:
    """What metrics/khmer/<recognizer>/export.json says."""
    fp32, beam = facts.measured["fp32"], facts.beam
    return {
        "val_cer": fp32.cer,
        "val_exact": fp32.exact_lines,
        "int8_loss": int8_loss,
        "beam_gain": beam["greedy_cer"] - beam["beam_cer"] if beam else 0.0,
        "int8_mb": facts.megabytes.get("int8", facts.megabytes["fp32"]),
    }


def _hashes(inputs: Mapping[str, Path], files: Mapping[Precision, Path]) -> dict[str, str]:
    made = {file.name: file for file in files.values()}
    return {name: sha256_tree(path) for name, path in {**inputs, **made}.items()}


@torch.inference_mode()
def largest_gap(file: Path, model: nn.Module, lines_NHW: NDArray[np.uint8]) -> float:
    """Of what the file gives from what the trained network gives for some lines; of a file with integers too."""
    given = open_session(file).run(None, {RASTER: lines_NHW})[0]
    expected = model(torch.from_numpy(lines_NHW).unsqueeze(1).float() / 255).float().numpy()
    return float(np.abs(given - expected).max())


if __name__ == "__main__":
    run_stage(main)
