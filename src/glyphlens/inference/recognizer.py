"""An exported ONNX file → calibrated class probabilities of pictures or strokes; needs no torch.

N samples · C classes. What a model reads is in its file: ``raster`` uint8 (N, H, W), 0 paper to 255 ink, ``geometry``
float32 (N, 7) of a glyph in its em, ``strokes`` float32 (N, 24, 17).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json
from glyphlens.data.sample_set import CharacterClass

BATCH = 256
LABELS_FILE = "labels.json"
RASTER, GEOMETRY, STROKES = "raster", "geometry", "strokes"
# Every input that a model may have: its type, and how many numbers say what one sample looks like.
KNOWN_INPUTS = {RASTER: ("tensor(uint8)", 2), GEOMETRY: ("tensor(float)", 1), STROKES: ("tensor(float)", 2)}
DTYPES: dict[str, np.dtype[Any]] = {"tensor(uint8)": np.dtype(np.uint8), "tensor(float)": np.dtype(np.float32)}
Feeds = Mapping[str, NDArray[Any]]
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


class Input(NamedTuple):
    """One input of a model: its type and the shape of one sample, such as (64, 64)."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.dtype} (N, {', '.join(map(str, self.shape))})"


@dataclass(frozen=True)
class Recognizer:
    """An exported model opened for use. ``rule`` says how pictures must be prepared for it (labels.json)."""

    path: Path
    session: onnxruntime.InferenceSession
    inputs: Mapping[str, Input]
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
        inputs, count = _ends(model, session)
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
        return cls(model, session, inputs, classes, rule, description)

    def logits(self, feeds: Feeds, batch: int = BATCH) -> NDArray[np.float32]:
        """(N, C) temperature-scaled logits of ``inputs`` by name, N rows each.

        Geometry of zeros is unknown. Raises InputError for other names, shapes, types or values.
        """
        parts = [self._run(part) for part in self._batches(feeds, batch)]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.classes)), np.float32)

    def probabilities(self, feeds: Feeds, batch: int = BATCH) -> NDArray[np.float32]:
        """(N, C) calibrated probabilities; arguments and errors as for ``logits``."""
        parts = [softmax(self._run(part)) for part in self._batches(feeds, batch)]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.classes)), np.float32)

    def _batches(self, feeds: Feeds, batch: int) -> Iterator[dict[str, NDArray[Any]]]:
        """Checked inputs, ``batch`` rows at a time."""
        if batch < 1:
            raise InputError(f"batch: {batch}, expected at least 1")
        count = _check_feeds(self.inputs, feeds)
        for start in range(0, count, batch):
            yield {name: feed[start : start + batch] for name, feed in feeds.items()}

    def _run(self, feed: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
        logits_NC: NDArray[np.float32] = self.session.run(["logits"], feed)[0]
        return logits_NC


def softmax(logits_NC: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, C) float32 logits → (N, C) float32 probabilities."""
    powers_NC: NDArray[np.float32] = np.exp(logits_NC - logits_NC.max(axis=1, keepdims=True))
    powers_NC /= powers_NC.sum(axis=1, keepdims=True)
    return powers_NC


def _check_feeds(inputs: Mapping[str, Input], feeds: Feeds) -> int:
    """The common number of rows; raises InputError for what the model cannot read."""
    if set(feeds) != set(inputs):
        raise InputError(f"inputs: found {', '.join(sorted(feeds)) or 'none'}, the model takes {', '.join(inputs)}")
    for name, expected in inputs.items():
        found = feeds[name]
        if found.dtype != expected.dtype or found.ndim < 1 or found.shape[1:] != expected.shape:
            raise InputError(f"{name}: {found.dtype} {found.shape}, expected {expected}")
        if found.dtype == np.float32:
            _check_finite(name, found)
    counts = {len(feed) for feed in feeds.values()}
    if len(counts) > 1:
        raise InputError(f"inputs: {', '.join(f'{len(feed)} rows of {name}' for name, feed in feeds.items())}")
    return counts.pop()


def _check_finite(name: str, values: NDArray[np.float32]) -> None:
    finite_N = np.isfinite(values).all(axis=tuple(range(1, values.ndim)))
    if not finite_N.all():
        row = int(np.argmin(finite_N))
        broken = values[row][~np.isfinite(values[row])]
        raise InputError(f"{name}: row {row} holds {broken[0]}; numbers must be finite, all 0 = unknown")


def _model_file(path: Path) -> Path:
    if not path.is_dir():
        return path
    files = sorted(path.glob("*.onnx"))
    if len(files) != 1:
        found = ", ".join(file.name for file in files) or "none"
        raise InputError(f"{path}: expected one .onnx file in the folder, found {found}; give the file's own path")
    return files[0]


def _ends(model: Path, session: onnxruntime.InferenceSession) -> tuple[dict[str, Input], int]:
    """What a model reads, and how many classes it scores."""
    found = {end.name: (end.type, end.shape) for end in session.get_inputs()}
    outputs = {end.name: end.shape for end in session.get_outputs()}
    count = outputs.get("logits", [None])[-1]
    if not _is_known(found) or not isinstance(count, int):
        raise InputError(
            f"{model}: takes {found} and gives {outputs}; a glyphlens model takes {RASTER} or {STROKES} and gives "
            "logits of a fixed number of classes"
        )
    return {name: Input(DTYPES[kind], tuple(shape[1:])) for name, (kind, shape) in found.items()}, count


def _is_known(found: Mapping[str, tuple[str, list[Any]]]) -> bool:
    """Whether all inputs are of the kinds that glyphlens exports, a picture or strokes among them."""
    return bool({RASTER, STROKES} & set(found)) and all(
        name in KNOWN_INPUTS
        and (kind, len(shape) - 1) == KNOWN_INPUTS[name]
        and all(isinstance(side, int) for side in shape[1:])
        for name, (kind, shape) in found.items()
    )


def _class(entry: dict[str, Any]) -> CharacterClass:
    code_points, members, lookalikes = (tuple(entry[name]) for name in ("code_points", "members", "lookalikes"))
    return CharacterClass(str(entry["label"]), code_points, str(entry["form"]), members, lookalikes)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
