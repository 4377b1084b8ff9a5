"""A trained recogniser of whole characters → fp32 and int8 files, and what was measured on them.

N samples · C classes · K = 5 best classes
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import nn

from glyphlens.core.errors import InputError
from glyphlens.core.params import Section
from glyphlens.data.sample_set import SPLITS, SampleSet
from glyphlens.export.bundle import ExportedFile, Samples, drawn_rows, export_models
from glyphlens.export.integer_kernels import method_of, require_integer_kernels
from glyphlens.export.parity import agreement
from glyphlens.export.quantize import Integers, batched, quantize_piece
from glyphlens.inference.folder import ExportFolder, Manifest
from glyphlens.inference.reading import Best, read_best, readable_rows
from glyphlens.inference.recognizer import open_session
from glyphlens.tracks.kanji.export.graph import assemble_character, network_feed, trace_character

INTEGER_PIECE = "integer.onnx"  # beside the weights of a network that was trained with rounded numbers
ROUNDED = "trained with rounded weights (int8 per channel) and activations (uint8), and exported with those ranges"
TOP = 5
TORCH_BATCH = 256


class KanjiExportParams(Section):
    """The ``kanji_export`` section of params.yaml."""

    calibration_samples: int = Field(ge=1)
    validation_samples: int = Field(ge=1)
    reduce_range: bool
    max_int8_loss: float = Field(ge=0, le=1)
    latency_repeats: int = Field(ge=1)
    calibration_bins: int = Field(ge=1)


@dataclass(frozen=True)
class Rows:
    """Row numbers: ``calibration`` of the training split, ``val`` of the validation split, all of the test split."""

    calibration: NDArray[np.int64]
    val: NDArray[np.int64]
    test: NDArray[np.int64]

    @classmethod
    def of(cls, samples: SampleSet, reads: str, params: KanjiExportParams, seed: int) -> "Rows | None":
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
class ExportedCharacters:
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


def export_character(
    trained: Path,
    folder: ExportFolder,
    model: nn.Module,
    samples: SampleSet,
    rows: Rows,
    manifest: Manifest,
    params: KanjiExportParams,
) -> ExportedCharacters:
    """Write and measure both files; ``trained`` is where the model came from.

    An int8 file that loses more than ``max_int8_loss`` is measured too, but not left there. Raises InputError where
    onnxruntime would run its layers in floats.
    """
    reads = str(model.reads)
    val = Samples.of(samples, rows.val, (reads,), "val")
    piece = trace_character(model, val.feeds[reads].shape[1:])
    integer = assemble_character(_integer_piece(trained, piece, samples, rows.calibration, reads, params))
    kernels = require_integer_kernels(integer)
    files = export_models(folder, manifest, {"fp32": assemble_character(piece), "int8": integer}, val)
    fp32, int8 = files["fp32"], files["int8"]
    found = ExportedCharacters(
        fp32=fp32,
        int8=int8,
        fp32_test=read_best(fp32.recognizer, samples, rows.test, TOP),
        int8_test=read_best(int8.recognizer, samples, rows.test, TOP),
        agreement=agreement(fp32.val_NC, _torch_logits(model, val.feeds[reads])),
        int8_agreement=agreement(int8.val_NC, fp32.val_NC),
        kernels=dict(kernels),
        method=ROUNDED if (trained / INTEGER_PIECE).is_file() else _method(integer, rows, params),
        is_offered=fp32.val_top1 - int8.val_top1 <= params.max_int8_loss,
    )
    if not found.is_offered:
        folder.withdraw("int8")
    return found


def _integer_piece(
    folder: Path,
    piece: onnx.ModelProto,
    samples: SampleSet,
    rows: NDArray[np.int64],
    reads: str,
    params: KanjiExportParams,
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


def _method(integer: onnx.ModelProto, rows: Rows, params: KanjiExportParams) -> str:
    bits = "7 bits, exact on processors without VNNI too" if params.reduce_range else "8 bits"
    return (
        f"after the training, weights int8 per channel ({bits}), activations uint8, calibrated on "
        f"{len(rows.calibration):,} training samples: {method_of(integer)}"
    )


@torch.inference_mode()
def _torch_logits(model: nn.Module, values_N: NDArray[Any]) -> NDArray[np.float32]:
    """(N, C) logits of the trained network itself, of ``raster`` or ``strokes`` rows."""
    is_raster = values_N.dtype == np.uint8
    parts = []
    for start in range(0, len(values_N), TORCH_BATCH):
        inputs = torch.from_numpy(values_N[start : start + TORCH_BATCH])
        parts.append(model(inputs.unsqueeze(1).float() / 255 if is_raster else inputs).float().numpy())
    return np.concatenate(parts)
