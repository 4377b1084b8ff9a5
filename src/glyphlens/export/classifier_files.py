"""A trained network that names one picture or stroke sequence → fp32 and int8 files, and what was measured on them.

N samples · C classes · K = 5 best classes
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from pydantic import Field
from torch import nn

from glyphlens.core.errors import InputError
from glyphlens.core.params import Section
from glyphlens.data.sample_set import SPLITS, SampleSet
from glyphlens.evaluation.calibration import calibration_error, reliability_bins
from glyphlens.evaluation.scores import macro_f1, mean, shape_hits
from glyphlens.export.bundle import ExportedFile, Samples, drawn_rows, export_models
from glyphlens.export.classifier import assemble_classifier, classifier_logits, network_feed, trace_classifier
from glyphlens.export.integer_kernels import method_of, require_integer_kernels
from glyphlens.export.parity import agreement
from glyphlens.export.quantize import Integers, batched, quantize_piece
from glyphlens.inference.folder import ExportFolder, Manifest
from glyphlens.inference.reading import Best, read_best, readable_rows
from glyphlens.inference.recognizer import open_session
from glyphlens.nets.inputs import reads_of
from glyphlens.nets.weights import weight_count

INTEGER_PIECE = "integer.onnx"  # beside the weights of a network that was trained with rounded numbers
ROUNDED = "trained with rounded weights (int8 per channel) and activations (uint8), and exported with those ranges"
TOP = 5


class ClassifierExportParams(Section):
    """How a classifier is quantised and measured; int8 is offered where it loses at most ``max_int8_loss``."""

    calibration_samples: int = Field(ge=1)
    validation_samples: int = Field(ge=1)
    reduce_range: bool
    max_int8_loss: float = Field(ge=0, le=1)
    latency_repeats: int = Field(ge=1)
    calibration_bins: int = Field(ge=1)


@dataclass(frozen=True)
class ExportRows:
    """Row numbers: ``calibration`` of the training split, ``val`` of the validation split, all of the test split."""

    calibration: NDArray[np.int64]
    val: NDArray[np.int64]
    test: NDArray[np.int64]

    @classmethod
    def of(cls, samples: SampleSet, reads: str, params: ClassifierExportParams, seed: int) -> "ExportRows | None":
        """Rows that have what the recogniser reads; None where a split has none."""
        found = {split: readable_rows(samples, (reads,), samples.rows(split)) for split in SPLITS}
        if not all(map(len, found.values())):
            return None
        return cls(
            drawn_rows(found["train"], params.calibration_samples, seed),
            drawn_rows(found["val"], params.validation_samples, seed),
            found["test"],
        )


@dataclass(frozen=True)
class ExportedClassifier:
    """Both files, and their five best classes of every test row; shares are of the validation rows.

    ``agreement``: of the fp32 file with torch; ``kernels``: what onnxruntime runs in integers; ``method``: how that
    came about, in words; ``is_offered``: whether the int8 file loses little enough to be left in the folder.
    """

    fp32: ExportedFile
    int8: ExportedFile
    fp32_test: Best
    int8_test: Best
    agreement: float
    int8_agreement: float
    kernels: dict[str, int]
    method: str
    is_offered: bool

    @property
    def int8_loss(self) -> float:
        """Validation top-1 that the int8 file loses."""
        return self.fp32.val_top1 - self.int8.val_top1


def export_classifier(
    trained: Path,
    folder: ExportFolder,
    model: nn.Module,
    samples: SampleSet,
    rows: ExportRows,
    manifest: Manifest,
    params: ClassifierExportParams,
) -> ExportedClassifier:
    """Write and measure both files; ``trained`` is where the model came from.

    An int8 file that loses more than ``max_int8_loss`` is measured too, but not left there. Raises InputError where
    onnxruntime would run its layers in floats.
    """
    reads = reads_of(model)
    val = Samples.of(samples, rows.val, (reads,), "val")
    piece = trace_classifier(model, val.feeds[reads].shape[1:])
    integer = assemble_classifier(_integer_piece(trained, piece, samples, rows.calibration, reads, params))
    kernels = require_integer_kernels(integer)
    files = export_models(folder, manifest, {"fp32": assemble_classifier(piece), "int8": integer}, val)
    fp32, int8 = files["fp32"], files["int8"]
    found = ExportedClassifier(
        fp32=fp32,
        int8=int8,
        fp32_test=read_best(fp32.recognizer, samples, rows.test, TOP),
        int8_test=read_best(int8.recognizer, samples, rows.test, TOP),
        agreement=agreement(fp32.val_NC, classifier_logits(model, val.feeds[reads])),
        int8_agreement=agreement(int8.val_NC, fp32.val_NC),
        kernels=dict(kernels),
        method=ROUNDED if (trained / INTEGER_PIECE).is_file() else _method(integer, rows, params),
        is_offered=fp32.val_top1 - int8.val_top1 <= params.max_int8_loss,
    )
    if not found.is_offered:
        folder.withdraw("int8")
    return found


def test_metrics(samples: SampleSet, rows: NDArray[np.int64], found: ExportedClassifier, bins: int) -> dict[str, float]:
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


def measurements(name: str, model: nn.Module, found: ExportedClassifier, rows: ExportRows) -> dict[str, Any]:
    """The content of measured.json; megabytes of 10^6 bytes."""
    return {
        "recognizer": name,
        "reads": reads_of(model),
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


def prediction_arrays(rows: NDArray[np.int64], found: ExportedClassifier) -> dict[str, NDArray[Any]]:
    """The content of predictions.npz: test rows, and what both files say of them."""
    return {
        "rows": rows,
        "fp32": found.fp32_test.classes_NK[:, 0].astype(np.int32),
        "int8": found.int8_test.classes_NK[:, 0].astype(np.int32),
        "confidence": found.fp32_test.confidence_NK[:, 0].astype(np.float32),
        "top5": found.fp32_test.classes_NK.astype(np.int32),
    }


def _integer_piece(
    folder: Path,
    piece: onnx.ModelProto,
    samples: SampleSet,
    rows: NDArray[np.int64],
    reads: str,
    params: ClassifierExportParams,
) -> onnx.ModelProto:
    """The network in integers: as it was trained, where it was trained so, else quantised after the training."""
    trained = folder / INTEGER_PIECE
    if trained.is_file():
        return load_piece(trained, piece)
    shown = Samples.of(samples, rows, (reads,), "train")
    feeds = {piece.graph.input[0].name: network_feed(piece, shown.feeds[reads])}
    return quantize_piece(piece, batched(feeds), Integers(params.reduce_range))


def load_piece(file: Path, like: onnx.ModelProto) -> onnx.ModelProto:
    """A piece with the ends of ``like``; raises InputError where the file is none or has others."""
    open_session(file, threads=1)
    piece = onnx.load(file)
    ends, expected = (
        [[end.name for end in part] for part in (model.graph.input, model.graph.output)] for model in (piece, like)
    )
    if ends != expected:
        raise InputError(f"{file}: takes and gives {ends}, expected {expected}; train it again")
    piece.graph.name = like.graph.name
    return piece


def _method(integer: onnx.ModelProto, rows: ExportRows, params: ClassifierExportParams) -> str:
    bits = "7 bits, exact on processors without VNNI too" if params.reduce_range else "8 bits"
    return (
        f"after the training, weights int8 per channel ({bits}), activations uint8, calibrated on "
        f"{len(rows.calibration):,} training samples: {method_of(integer)}"
    )
