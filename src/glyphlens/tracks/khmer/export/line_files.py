"""The files of an exported recogniser of lines, and what was measured on them.

N lines
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray
from pydantic import Field
from scipy.optimize import minimize_scalar
from torch import nn
from torchmetrics.functional.text import char_error_rate

from glyphlens.core.params import Section
from glyphlens.core.storage import writing
from glyphlens.data.sample_set import SampleSet
from glyphlens.data.tokens import TokenTable
from glyphlens.export.bundle import drawn_rows
from glyphlens.export.integer_kernels import require_integer_kernels
from glyphlens.imaging.line_images import filled_px
from glyphlens.inference.folder import ExportFolder, Manifest, ModelContent, Precision, Tensor
from glyphlens.inference.line_reader import DECODER_FILE, LINE_TEMPERATURES, LineReader, LineText
from glyphlens.inference.ngram import MOST_ORDER, CharacterNgram
from glyphlens.inference.recognizer import RASTER
from glyphlens.tracks.khmer.export.line_graph import assemble_decoder, assemble_lines, integer_lines, trace_lines
from glyphlens.tracks.khmer.recognizers import attention
from glyphlens.tracks.khmer.recognizers.line_encoder import HEIGHT_PX, STRIDE_PX
from glyphlens.tracks.khmer.training.line_batches import WIDTH_MULTIPLE_PX

SCRIPT = "khmer"
CALIBRATION_LINES = 8  # of like width, together
LEAST, DIGITS = 1e-9, 4
LINES_TOGETHER = 64


class NgramParams(Section):
    """Of characters, learnt from the training texts; rarer runs of three and more are left out."""

    order: int = Field(ge=2, le=MOST_ORDER)
    min_count: int = Field(ge=1)


class BeamParams(Section):
    """See BeamSettings."""

    beam: int = Field(ge=1)
    alpha: float = Field(ge=0)
    beta: float


class LineExportParams(Section):
    """Section ``khmer_export``; int8 is offered where its CER is at most ``max_int8_loss`` above that of fp32."""

    calibration_lines: int = Field(ge=8)
    validation_lines: int = Field(ge=1)
    beam_lines: int = Field(ge=1)
    reduce_range: bool
    max_int8_loss: float = Field(ge=0)
    latency_repeats: int = Field(ge=1)
    ngram: NgramParams
    beam: BeamParams


class LineScores(NamedTuple):
    """Of lines that were read: edits per character, share without an error, mean calibrated confidence."""

    cer: float
    exact_lines: float
    confidence: float


def write_line_models(
    folder: ExportFolder, model: nn.Module, tokens: TokenTable, samples: SampleSet, params: LineExportParams, seed: int
) -> None:
    """Both precisions, the manifest, ngram.json, and the decoder of an attention; temperatures are 1 as yet."""
    piece, is_attention = trace_lines(model), isinstance(model, attention.Network)
    shown = shown_lines(samples, params.calibration_lines, seed)
    integer = integer_lines(piece, shown, reduce_range=params.reduce_range)
    numbers = model.encoder.features if isinstance(model, attention.Network) else len(tokens) + 1
    graphs: dict[Precision, onnx.ModelProto] = {
        "fp32": assemble_lines(piece, numbers),
        "int8": assemble_lines(integer, numbers),
    }
    require_integer_kernels(graphs["int8"])
    rule = {"height_px": HEIGHT_PX, "stride_px": STRIDE_PX, "multiple_px": WIDTH_MULTIPLE_PX}
    manifest = Manifest(
        script=SCRIPT,
        source=", ".join(samples.sources),
        decoder="attention" if is_attention else "ctc",
        inputs=(Tensor(name=RASTER, dtype="uint8", shape=("batch", HEIGHT_PX, "width")),),
        outputs=(Tensor(name=piece.graph.output[0].name, dtype="float32", shape=("batch", "steps", numbers)),),
        preparation={**rule, "beam": params.beam.model_dump()},
        charset=tokens.tokens,
    )
    folder.save_models(manifest, {kind: ModelContent(_bytes(graph), 1.0) for kind, graph in graphs.items()})
    if isinstance(model, attention.Network):
        with writing(folder.path / DECODER_FILE) as partial:
            partial.write_bytes(_bytes(assemble_decoder(model)))
        return
    texts = {samples.texts[row] for row in samples.rows("train")}
    CharacterNgram.of_texts(texts, params.ngram.order, params.ngram.min_count).save(folder.path)


def shown_lines(samples: SampleSet, count: int, seed: int) -> list[NDArray[np.uint8]]:
    """Batches of training lines of like width, drawn from the seed, filled as in training."""
    rows = drawn_rows(samples.rows("train"), count, seed)
    rows = rows[np.argsort(samples.widths_N[rows], kind="stable")]
    parts = [rows[begin : begin + CALIBRATION_LINES] for begin in range(0, len(rows), CALIBRATION_LINES)]
    widths = [filled_px(int(samples.widths_N[part].max()), WIDTH_MULTIPLE_PX) for part in parts]
    return [samples.images(part, width) for part, width in zip(parts, widths, strict=True)]


def read_lines_of(reader: LineReader, samples: SampleSet, rows_N: NDArray[np.int64]) -> list[LineText]:
    """Rows of a sample set as the reader reads them, each at its own width."""
    return reader.read([samples.images(np.array([row]))[0] for row in rows_N])


def scored(samples: SampleSet, rows_N: NDArray[np.int64], read: Sequence[LineText]) -> LineScores:
    """Beside the texts of the rows."""
    texts, found = [samples.texts[row] for row in rows_N], [line.text for line in read]
    exact = np.mean([text == guess for text, guess in zip(texts, found, strict=True)])
    return LineScores(
        float(char_error_rate(found, texts)), float(exact), float(np.mean([line.confidence for line in read]))
    )


def line_temperature(confidences_N: NDArray[np.float64], exact_N: NDArray[np.bool_]) -> float:
    """The T in .05 … 20 for which ``confidence ** (1 / T)`` is nearest to how often lines are exact, in nats."""
    logs_N = np.log(confidences_N.clip(LEAST, 1))

    def nats(log_t: float) -> float:
        sure_N = np.exp(logs_N / np.exp(log_t)).clip(LEAST, 1 - LEAST)
        return float(-np.mean(np.where(exact_N, np.log(sure_N), np.log1p(-sure_N))))

    best = minimize_scalar(nats, bounds=(np.log(0.05), np.log(20)), method="bounded")
    return round(float(np.exp(best.x)), DIGITS)


def calibrate_lines(folder: ExportFolder, samples: SampleSet, rows_N: NDArray[np.int64]) -> dict[str, float]:
    """Note in the manifest the temperature of every file's line confidences; what was found."""
    manifest, found = folder.manifest, {}
    for precision, file in manifest.files.items():
        read = read_lines_of(LineReader.load(folder.path / file.name, threads=1), samples, rows_N)
        exact_N = np.array([line.text == samples.texts[row] for line, row in zip(read, rows_N, strict=True)])
        found[str(precision)] = line_temperature(np.array([line.confidence for line in read]), exact_N)
    folder.save_preparation({**manifest.preparation, LINE_TEMPERATURES: found})
    return found


def measured_files(folder: ExportFolder, samples: SampleSet, rows_N: NDArray[np.int64]) -> dict[Precision, LineScores]:
    """Scores of every file, read greedily."""
    return {
        precision: scored(
            samples, rows_N, read_lines_of(LineReader.load(folder.path / file.name, threads=1), samples, rows_N)
        )
        for precision, file in folder.manifest.files.items()
    }


def measured_beam(file: Path, samples: SampleSet, rows_N: NDArray[np.int64]) -> Mapping[str, Any]:
    """Greedy and beam on the same lines."""
    greedy, beam = (LineReader.load(file, threads=1, decoding=kind) for kind in ("greedy", "beam"))
    return {
        "lines": len(rows_N),
        "greedy_cer": scored(samples, rows_N, read_lines_of(greedy, samples, rows_N)).cer,
        "beam_cer": scored(samples, rows_N, read_lines_of(beam, samples, rows_N)).cer,
    }


def latencies_of(
    files: Mapping[Precision, Path], samples: SampleSet, rows_N: NDArray[np.int64], repeats: int
) -> dict[str, dict[str, float]]:
    """Milliseconds a line on one core by file: one line at a time and many together, medians of successive lines."""
    lines = [samples.images(np.array([row]))[0] for row in rows_N[:LINES_TOGETHER]]
    found: dict[str, dict[str, float]] = {}
    for precision, file in files.items():
        reader = LineReader.load(file, threads=1)
        alone = [_milliseconds(reader, [lines[turn % len(lines)]]) for turn in range(repeats)]
        together = [_milliseconds(reader, lines) / len(lines) for _ in range(max(1, repeats // len(lines)))]
        found[str(precision)] = {
            "1": round(float(np.median(alone)), DIGITS),
            str(len(lines)): round(float(np.median(together)), DIGITS),
        }
    return found


def _milliseconds(reader: LineReader, lines: Sequence[NDArray[np.uint8]]) -> float:
    began = time.perf_counter()
    reader.read(lines)
    return 1000 * (time.perf_counter() - began)


def _bytes(graph: onnx.ModelProto) -> bytes:
    content: bytes = graph.SerializeToString(deterministic=True)
    return content
