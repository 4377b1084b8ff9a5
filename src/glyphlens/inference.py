"""An exported ONNX file → calibrated class probabilities of glyph rasters; needs no torch.

N rasters · H×W = 128×128 pixels · F = 7 geometry numbers · C classes
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from glyphlens.errors import InputError
from glyphlens.samples import CharacterClass
from glyphlens.storage import load_json

IMAGE_PX = 128
GEOMETRY_NUMBERS = 7
BATCH = 256
LABELS_FILE = "labels.json"
INPUTS = {"raster": "tensor(uint8)", "geometry": "tensor(float)"}
Device = Literal["cpu", "cuda"]
QUIET = 4  # onnxruntime's log level for what is fatal; lesser errors arrive as exceptions
ORT_ERRORS = tuple(
    getattr(ort_errors, name)
    for name in (
        "Fail",
        "InvalidArgument",
        "InvalidGraph",
        "InvalidProtobuf",
        "NoModel",
        "NoSuchFile",
        "NotImplemented",
    )
)


def open_session(
    path: Path, *, threads: int | None = None, device: Device = "cpu", optimized: Path | None = None
) -> onnxruntime.InferenceSession:
    """An onnxruntime session on ``threads`` cores (None = all); the graph it really runs is saved as ``optimized``.

    Raises InputError where the file is missing or no model, or CUDA was asked for and cannot be had: onnxruntime alone
    would fall back to the processor without a word.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such model file; run `dvc repro export`, or give the path of an exported .onnx")
    if threads is not None and threads < 1:
        raise InputError(f"threads: {threads}, expected at least 1")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = QUIET
    options.intra_op_num_threads = threads or 0
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if optimized is not None:
        options.optimized_model_filepath = str(optimized)
    providers = ["CUDAExecutionProvider", "CPUExecutionProvider"] if device == "cuda" else ["CPUExecutionProvider"]
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=providers)
    except ORT_ERRORS as error:
        raise InputError(f"{path}: not an ONNX model that onnxruntime can read ({_first_line(error)})") from error
    if device == "cuda" and "CUDAExecutionProvider" not in session.get_providers():
        raise InputError(f"{path}: CUDA was asked for but onnxruntime has only {session.get_providers()}; use the cpu")
    return session


@dataclass(frozen=True)
class Recognizer:
    """An exported model opened for use. ``rule`` says how glyphs must be drawn for it (labels.json)."""

    path: Path
    session: onnxruntime.InferenceSession
    classes: tuple[CharacterClass, ...]
    rule: dict[str, Any]
    description: dict[str, Any]

    @classmethod
    def load(cls, path: Path, *, threads: int | None = None, device: Device = "cpu") -> "Recognizer":
        """Open an .onnx file, or the only one of a folder, and the labels.json beside it.

        Raises InputError where either is missing or they do not belong together.
        """
        model = _model_file(path)
        session = open_session(model, threads=threads, device=device)
        count = _class_count(model, session)
        labels = model.with_name(LABELS_FILE)
        if not labels.is_file():
            raise InputError(f"{labels}: missing; a model needs the label map that was exported with it")
        description = load_json(labels)
        try:
            classes = tuple(_class(entry) for entry in description["classes"])
            rule = dict(description["rule"])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{labels}: not a label map ({error!r}); run `dvc repro export` again") from error
        if len(classes) != count:
            raise InputError(f"{labels}: {len(classes)} classes, but {model} scores {count}; they are of two exports")
        return cls(model, session, classes, rule, description)

    def logits(
        self, rasters_NHW: NDArray[np.uint8], geometry_NF: NDArray[np.float32], batch: int = BATCH
    ) -> NDArray[np.float32]:
        """(N, C) temperature-scaled logits of uint8 (N, 128, 128) rasters of 0..255 ink and float32 (N, 7) geometry.

        Rows of zeros are unknown geometry. Raises InputError for other shapes, types or values.
        """
        parts = [self._run(part) for part in _batches(rasters_NHW, geometry_NF, batch)]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.classes)), np.float32)

    def probabilities(
        self, rasters_NHW: NDArray[np.uint8], geometry_NF: NDArray[np.float32], batch: int = BATCH
    ) -> NDArray[np.float32]:
        """(N, C) calibrated probabilities; arguments and errors as for ``logits``."""
        parts = [softmax(self._run(part)) for part in _batches(rasters_NHW, geometry_NF, batch)]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.classes)), np.float32)

    def _run(self, feed: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
        logits_NC: NDArray[np.float32] = self.session.run(["logits"], feed)[0]
        return logits_NC


def softmax(logits_NC: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, C) float32 logits → (N, C) float32 probabilities."""
    powers_NC: NDArray[np.float32] = np.exp(logits_NC - logits_NC.max(axis=1, keepdims=True))
    powers_NC /= powers_NC.sum(axis=1, keepdims=True)
    return powers_NC


def _batches(
    rasters_NHW: NDArray[np.uint8], geometry_NF: NDArray[np.float32], batch: int
) -> Iterator[dict[str, NDArray[Any]]]:
    """Checked inputs, ``batch`` rows at a time."""
    if batch < 1:
        raise InputError(f"batch: {batch}, expected at least 1")
    if rasters_NHW.dtype != np.uint8 or rasters_NHW.shape[1:] != (IMAGE_PX, IMAGE_PX):
        raise InputError(
            f"rasters: {rasters_NHW.dtype} {rasters_NHW.shape}, expected uint8 (N, {IMAGE_PX}, {IMAGE_PX})"
        )
    expected = (len(rasters_NHW), GEOMETRY_NUMBERS)
    if geometry_NF.dtype != np.float32 or geometry_NF.shape != expected:
        raise InputError(f"geometry: {geometry_NF.dtype} {geometry_NF.shape}, expected float32 {expected}")
    finite_N = np.isfinite(geometry_NF).all(axis=1)
    if not finite_N.all():
        row = int(np.argmin(finite_N))
        raise InputError(f"geometry: row {row} is {geometry_NF[row].tolist()}; numbers must be finite, all 0 = unknown")
    for start in range(0, len(rasters_NHW), batch):
        part = slice(start, start + batch)
        yield {"raster": rasters_NHW[part], "geometry": geometry_NF[part]}


def _model_file(path: Path) -> Path:
    if not path.is_dir():
        return path
    files = sorted(path.glob("*.onnx"))
    if len(files) != 1:
        found = ", ".join(file.name for file in files) or "none"
        raise InputError(f"{path}: expected one .onnx file in the folder, found {found}; give the file's own path")
    return files[0]


def _class_count(model: Path, session: onnxruntime.InferenceSession) -> int:
    inputs = {end.name: end.type for end in session.get_inputs()}
    outputs = {end.name: end.shape for end in session.get_outputs()}
    count = outputs.get("logits", [None])[-1]
    if inputs != INPUTS or not isinstance(count, int):
        raise InputError(
            f"{model}: takes {inputs} and gives {outputs}; a glyphlens model takes {INPUTS} and gives logits"
        )
    return count


def _class(entry: dict[str, Any]) -> CharacterClass:
    code_points, members, lookalikes = (tuple(entry[name]) for name in ("code_points", "members", "lookalikes"))
    return CharacterClass(str(entry["label"]), code_points, str(entry["form"]), members, lookalikes)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
