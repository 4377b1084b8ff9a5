"""scan_export: a trained recogniser of scans → whole pass and step, fp32 and int8; temperatures, measurements, card."""

from collections.abc import Sequence

from torch import nn
from tqdm import tqdm

from glyphlens.core.curves import TRAINING
from glyphlens.core.params import load_params, load_seed
from glyphlens.core.storage import load_json, save_metrics, sha256_tree
from glyphlens.export.bundle import drawn_rows
from glyphlens.export.parity import measure_latencies
from glyphlens.gates.token import require_token
from glyphlens.inference.folder import STEP, ExportFolder, model_name
from glyphlens.inference.streams import LINE, LINES
from glyphlens.nets.weights import load_model, weight_count
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracking.timings import note_timing
from glyphlens.tracks.scan_lines.export.card import STAGE, ScanFacts, scan_card
from glyphlens.tracks.scan_lines.export.files import (
    Held,
    ScanExportParams,
    measure_scan_file,
    save_scan_models,
    scan_measurements,
)
from glyphlens.tracks.scan_lines.recognizers.registry import StreamingNetwork
from glyphlens.tracks.scan_lines.samples.scan_set import ScanSet


def main(argv: Sequence[str] | None = None) -> None:
    """``--samples DIR --token FILE --model DIR --out DIR --metrics FILE --timings FILE``."""
    paths = stage_paths(argv, "samples", "token", "model", "out", "metrics", "timings")
    require_token(paths.token, paths.samples)
    params, scans = load_params(ScanExportParams, "scan_export"), ScanSet.open(paths.samples)
    name, network, folder = paths.out.name, load_model(paths.model, nn.Module), ExportFolder(paths.out)
    rows_N = drawn_rows(scans.samples.rows("val"), params.validation_samples, load_seed())
    held = Held(scans.lines(rows_N), scans.samples.class_indices[rows_N])

    save_scan_models(folder, network, scans, held)
    files = {kind: measure_scan_file(folder, kind, held, params.streamed_samples) for kind in folder.manifest.files}
    found = scan_measurements(network, files, held)
    measured = {"recognizer": name, "reads": LINES, "parameters": weight_count(network), **found}
    folder.save_measured(measured)
    folder.copy_training(paths.model)
    hashes = {"samples": sha256_tree(paths.samples), "model": sha256_tree(paths.model)}
    training = load_json(paths.model / TRAINING)
    folder.save_card(scan_card(ScanFacts(name, network, scans, folder.manifest, measured, training, hashes)))
    metrics = {
        "val_top1": found["fp32"]["val_top1"],
        "val_top1_all": found["fp32"]["val_top1_all"],
        "int8_loss": found["fp32"]["val_top1"] - found["int8"]["val_top1"],
        "int8_mb": found["int8"]["mb"],
    }
    save_metrics(paths.metrics, metrics)
    tqdm.write(f"{name}: " + ", ".join(f"{metric} {value:.4f}" for metric, value in metrics.items()))

    latencies = measure_latencies(
        {str(kind): paths.out / model_name(kind) for kind in files}, {LINES: held.lines_NLS}, params.latency_repeats
    )
    if isinstance(network, StreamingNetwork):
        empty = dict(zip(network.cache_names, (part.numpy() for part in network.start(len(rows_N))), strict=True))
        steps = {f"{STEP} {kind}": paths.out / model_name(kind, STEP) for kind in files}
        latencies |= measure_latencies(steps, {LINE: held.lines_NLS[:, 0], **empty}, params.latency_repeats)
    note_timing(paths.timings, f"{STAGE}@{name}", latency_ms=latencies)


if __name__ == "__main__":
    run_stage(main)
