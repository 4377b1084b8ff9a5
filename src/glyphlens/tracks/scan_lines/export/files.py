"""The files of an exported recogniser of scans: temperatures of every answer, and what was measured on validation.

N scans · L lines · S samples of a line · T answers · C classes
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import nn

from glyphlens.core.params import Section
from glyphlens.export.bundle import TEMPERATURE_DIGITS
from glyphlens.export.parity import megabytes
from glyphlens.inference.folder import STEP, ExportFolder, Manifest, ModelContent, Precision, model_name
from glyphlens.inference.streams import LineRecognizer
from glyphlens.tracks.scan_lines.export.graph import Graphs, step_graphs, whole_graphs
from glyphlens.tracks.scan_lines.export.line_temperature import fit_first_temperature
from glyphlens.tracks.scan_lines.samples.scan_set import ScanSet
from glyphlens.tracks.scan_lines.training.task import quarter_answers

BATCH = 64
DIGITS = 6  # of what is written


class ScanExportParams(Section):
    """The section ``scan_export``: at most so many validation scans for the temperatures and the scores, so many of
    them read line by line too."""

    validation_samples: int = Field(ge=1)
    streamed_samples: int = Field(ge=1)
    latency_repeats: int = Field(ge=1)


class Held(NamedTuple):
    """Validation scans as their lines (N, L, S) float32, NaN where missing, and their classes (N,) int64."""

    lines_NLS: NDArray[np.float32]
    classes_N: NDArray[np.int64]


class ScanFile(NamedTuple):
    """One precision: the file, its (N, T, C) logits of the validation scans, the largest difference of a logit between
    its step and itself (NaN without a step), and the sizes of both in MB of 10^6 bytes."""

    recognizer: LineRecognizer
    logits_NTC: NDArray[np.float32]
    step_gap: float
    megabytes: float
    step_megabytes: float


def save_scan_models(folder: ExportFolder, network: nn.Module, scans: ScanSet, held: Held) -> None:
    """Write whole passes, steps and the manifest, with the temperatures that fit the validation scans."""
    _, lines, numbers = held.lines_NLS.shape
    whole, steps = whole_graphs(network, (lines, numbers)), step_graphs(network, numbers)
    manifest = Manifest(
        script="scans",
        source=", ".join(scans.samples.sources),
        decoder="lines",
        preparation=scans.preparation,
        classes=scans.samples.classes,
        temperatures={kind: (1.0,) * _answers(graph) for kind, graph in whole.items()},
    )
    folder.save_models(manifest, _contents(whole), steps=_contents(steps))
    fitted = {kind: _temperatures(folder.path / model_name(kind), held) for kind in whole}
    manifest = manifest.model_copy(update={"temperatures": fitted})
    folder.save_models(manifest, _contents(whole), steps=_contents(steps))


def measure_scan_file(folder: ExportFolder, precision: Precision, held: Held, streamed: int) -> ScanFile:
    """Open the file as its users do, score it, and read some scans line by line too."""
    recognizer = LineRecognizer.load(folder.path / model_name(precision))
    logits_NTC = recognizer.logits(held.lines_NLS)
    step = folder.path / model_name(precision, STEP)
    gap, step_mb = float("nan"), float("nan")
    if step.is_file():
        stepped_nLC = streamed_probabilities(recognizer, held.lines_NLS[:streamed])
        whole_nLC = recognizer.probabilities(held.lines_NLS[:streamed])
        gap, step_mb = float(np.abs(stepped_nLC - whole_nLC).max()), megabytes(step)
    return ScanFile(recognizer, logits_NTC, gap, megabytes(recognizer.path), step_mb)


def streamed_probabilities(recognizer: LineRecognizer, lines_NLS: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, L, C) of scans that were read line by line."""
    rows = []
    for lines_LS in lines_NLS:
        stream = recognizer.stream()
        rows.append(np.stack([stream.push(line_S) for line_S in lines_LS]))
    return np.stack(rows)


@torch.inference_mode()
def network_logits(network: nn.Module, lines_NLS: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, T, C) logits of the trained network itself, without temperatures."""
    parts = [torch.from_numpy(lines_NLS[start : start + BATCH]) for start in range(0, len(lines_NLS), BATCH)]
    return np.concatenate([network(part).float().numpy() for part in parts])


def scan_measurements(network: nn.Module, files: dict[Precision, ScanFile], held: Held) -> dict[str, Any]:
    """The scores of both files, how far they agree with the network, and the sizes; shares are of validation answers.

    ``top1_by_answer`` has a share for every answer; ``step_gap`` is of probabilities.
    """
    by_torch_NT = network_logits(network, held.lines_NLS).argmax(axis=2)
    found: dict[str, Any] = {"val_rows": len(held.classes_N)}
    for precision, file in files.items():
        best_NT = file.logits_NTC.argmax(axis=2)
        top1_T = (best_NT == held.classes_N[:, None]).mean(axis=0)
        scores = {
            "val_top1": float(top1_T[quarter_answers(len(top1_T))].mean()),
            "val_top1_all": float(top1_T[-1]),
            "agreement": float((best_NT == by_torch_NT).mean()),
            "step_gap": file.step_gap,
            "mb": file.megabytes,
            "step_mb": file.step_megabytes,
        }
        shown = {name: round(value, DIGITS) for name, value in scores.items() if np.isfinite(value)}
        found[precision] = {**shown, "top1_by_answer": [round(float(share), DIGITS) for share in top1_T]}
    return found


def _temperatures(file: Path, held: Held) -> tuple[float, ...]:
    """The temperature that fits each answer, of a file whose temperatures are still 1."""
    logits_NTC = LineRecognizer.load(file).logits(held.lines_NLS)
    return tuple(
        round(fit_first_temperature(logits_NTC[:, answer], held.classes_N), TEMPERATURE_DIGITS)
        for answer in range(logits_NTC.shape[1])
    )


def _contents(graphs: Graphs) -> dict[Precision, ModelContent]:
    """The graphs divide by nothing: each answer has a temperature of its own, in the manifest."""
    return {kind: ModelContent(graph.SerializeToString(deterministic=True), 1.0) for kind, graph in graphs.items()}


def _answers(graph: onnx.ModelProto) -> int:
    return int(graph.graph.output[0].type.tensor_type.shape.dim[1].dim_value)
