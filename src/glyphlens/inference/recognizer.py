"""An exported ONNX file → scores, calibrated class probabilities or text of pictures or strokes; needs no torch.

N samples · C classes · T frames of a line · E numbers of an embedding. What a model reads is in its file: ``raster``
uint8 (N, H, W), 0 paper to 255 ink, ``geometry`` float32 (N, 7) of a glyph in its em, ``strokes`` float32 (N, 24, 17).
It gives ``logits`` float32 (N, C). One that reads lines (decoder "ctc") gives (N, T, C), and the number of frames of
each row as ``lengths`` int64 (N,) where not all count; one with prototypes beside it gives ``embedding`` (N, E).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import CharacterClass
from glyphlens.inference.decoding import best_labels, greedy_ctc
from glyphlens.inference.folder import AGAIN, LABELS, ExportFolder, Manifest, Tensor
from glyphlens.inference.prototypes import Prototypes

BATCH = 256
LOGITS, LENGTHS, EMBEDDING = "logits", "lengths", "embedding"
RASTER, GEOMETRY, STROKES = "raster", "geometry", "strokes"
# Every input that a model may have: its type, and how many numbers say what one sample looks like.
KNOWN_INPUTS = {RASTER: ("uint8", 2), GEOMETRY: ("float32", 1), STROKES: ("float32", 2)}
DTYPES = {"tensor(float)": "float32"}  # onnxruntime's names where they are not numpy's
ANY = -1  # a side of an input that may have any length
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
        "RuntimeException",
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
    """One input of a model: its type and the shape of one sample, such as (64, 64); ANY is any length."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    def takes(self, values: NDArray[Any]) -> bool:
        """Whether these are N samples of the type and shape."""
        sides = values.shape[1:]
        fits = len(sides) == len(self.shape) and all(map(lambda own, found: own in (ANY, found), self.shape, sides))
        return values.dtype == self.dtype and values.ndim > 0 and fits

    def __str__(self) -> str:
        return f"{self.dtype} (N, {', '.join('any' if side == ANY else str(side) for side in self.shape)})"


@dataclass(frozen=True)
class Recognizer:
    """An exported model opened for use; its manifest says what its scores mean and how inputs are prepared for it."""

    path: Path
    session: onnxruntime.InferenceSession
    inputs: Mapping[str, Input]
    manifest: Manifest
    prototypes: Prototypes | None = None

    @classmethod
    def load(cls, path: Path, *, threads: int | None = None, device: Device = "cpu") -> "Recognizer":
        """Open an .onnx file, or the only one of a folder, and the manifest beside it.

        Raises InputError where either is missing or they do not belong together.
        """
        model = ExportFolder(path).only_model() if path.is_dir() else path
        session = open_session(model, threads=threads, device=device)
        inputs, outputs = tensors_of(session)
        manifest = ExportFolder(model.parent).manifest
        _require_fitting(model, inputs, outputs, manifest)
        manifest.require_listed(model)
        prototypes = None
        if manifest.decoder == "prototypes":
            if not manifest.classes:
                raise InputError(f"{model.with_name(LABELS)}: lists no class to choose among; {AGAIN}")
            table = Prototypes.load(model)
            try:
                prototypes = table.of([entry.label for entry in manifest.classes])
            except InputError as error:
                raise InputError(f"{model.with_name(LABELS)}: {error}") from error
        return cls(model, session, {entry.name: _input(entry) for entry in inputs}, manifest, prototypes)

    @property
    def classes(self) -> tuple[CharacterClass, ...]:
        """What the scores are of; none where the model reads lines."""
        return self.manifest.classes

    def read(self, feeds: Feeds, batch: int = BATCH) -> list[str]:
        """The label or the text of every row, by the manifest's decoder; arguments and errors as for ``logits``."""
        texts: list[str] = []
        for part in self._batches(feeds, batch):
            if self.manifest.decoder == "ctc":
                names = [output.name for output in self.session.get_outputs()]
                found = dict(zip(names, self.session.run(names, part), strict=True))
                logits = found[LOGITS]
                lengths_N = found.get(LENGTHS, np.full(len(logits), logits.shape[1]))
                texts += greedy_ctc(logits, lengths_N, self.manifest.charset)
            else:
                texts += best_labels(self._run(part), [entry.label for entry in self.classes])
        return texts

    def logits(self, feeds: Feeds, batch: int = BATCH) -> NDArray[np.float32]:
        """(N, C) or (N, T, C) temperature-scaled logits of ``inputs`` by name, N rows each.

        Geometry of zeros is unknown. Raises InputError for other names, shapes, types or values.
        """
        parts = [self._run(part) for part in self._batches(feeds, batch)]
        return np.concatenate(parts) if parts else self._nothing()

    def probabilities(self, feeds: Feeds, batch: int = BATCH) -> NDArray[np.float32]:
        """(N, C) or (N, T, C) calibrated probabilities; arguments and errors as for ``logits``."""
        parts = [softmax(self._run(part)) for part in self._batches(feeds, batch)]
        return np.concatenate(parts) if parts else self._nothing()

    def embeddings(self, feeds: Feeds, batch: int = BATCH) -> NDArray[np.float32]:
        """(N, E) where every row of ``inputs`` lies; errors as for ``logits``, and for a model without prototypes."""
        if self.prototypes is None:
            raise InputError(f"{self.path}: gives no embeddings; its decoder is '{self.manifest.decoder}'")
        parts = [self._embed(part) for part in self._batches(feeds, batch)]
        return np.concatenate(parts) if parts else np.zeros((0, self.prototypes.vectors_CE.shape[1]), np.float32)

    def _batches(self, feeds: Feeds, batch: int) -> Iterator[dict[str, NDArray[Any]]]:
        """Checked inputs, ``batch`` rows at a time."""
        if batch < 1:
            raise InputError(f"batch: {batch}, expected at least 1")
        count = _check_feeds(self.inputs, feeds)
        for start in range(0, count, batch):
            yield {name: feed[start : start + batch] for name, feed in feeds.items()}

    def _run(self, feed: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
        if self.prototypes is not None:
            return self.prototypes.logits(self._embed(feed))
        return self._given(LOGITS, feed)

    def _embed(self, feed: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
        return self._given(EMBEDDING, feed)

    def _given(self, name: str, feed: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
        """One output; raises InputError for a graph that fails when it runs."""
        try:
            found: NDArray[np.float32] = self.session.run([name], feed)[0]
        except ORT_ERRORS as error:
            raise InputError(f"{self.path}: the graph cannot be run ({_first_line(error)})") from error
        return found

    def _nothing(self) -> NDArray[np.float32]:
        """The scores of no row."""
        return np.zeros((0, *[0] * (self.manifest.decoder == "ctc"), self.manifest.scores), np.float32)


def tensors_of(session: onnxruntime.InferenceSession) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """What an opened model reads and gives."""
    inputs, outputs = (
        tuple(
            Tensor(name=end.name, dtype=DTYPES.get(end.type, end.type[len("tensor(") : -1]), shape=_sides(end.shape))
            for end in ends
        )
        for ends in (session.get_inputs(), session.get_outputs())
    )
    return inputs, outputs


def _sides(shape: Sequence[int | str | None]) -> tuple[int | str, ...]:
    """The sides of a tensor; one without length and name is called ?."""
    return tuple("?" if side is None else side for side in shape)


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """(…, C) float32 logits → float32 probabilities of the same shape."""
    powers: NDArray[np.float32] = np.exp(logits - logits.max(axis=-1, keepdims=True))
    powers /= powers.sum(axis=-1, keepdims=True)
    return powers


def _check_feeds(inputs: Mapping[str, Input], feeds: Feeds) -> int:
    """The common number of rows; raises InputError for what the model cannot read."""
    if set(feeds) != set(inputs):
        raise InputError(f"inputs: found {', '.join(sorted(feeds)) or 'none'}, the model takes {', '.join(inputs)}")
    for name, expected in inputs.items():
        found = feeds[name]
        if not expected.takes(found):
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


def _require_fitting(model: Path, inputs: Sequence[Tensor], outputs: Sequence[Tensor], manifest: Manifest) -> None:
    """Raise InputError where the model is of another kind than glyphlens exports, or the manifest of another model."""
    is_line, wanted = manifest.decoder == "ctc", EMBEDDING if manifest.decoder == "prototypes" else LOGITS
    shape = next((entry.shape for entry in outputs if entry.name == wanted), ())
    if len(shape) != (3 if is_line else 2) or isinstance(shape[-1], str) or not _are_known(inputs, is_line):
        found = "; ".join(f"{entry.name} {entry.dtype} {entry.shape}" for entry in (*inputs, *outputs))
        raise InputError(
            f"{model}: takes and gives {found}; a glyphlens model takes {RASTER} or {STROKES} and gives {wanted} of a "
            f"fixed number of scores, for the decoder '{manifest.decoder}'"
        )
    if wanted == LOGITS and shape[-1] != manifest.scores:
        known = f"{len(manifest.charset)} characters" if is_line else f"{len(manifest.classes)} classes"
        place = model.with_name(LABELS)
        raise InputError(f"{place}: {known}, but {model} scores {shape[-1]}; they are of two exports")


def _are_known(inputs: Sequence[Tensor], is_line: bool) -> bool:
    """Whether all inputs are of the kinds that glyphlens exports, a picture or strokes among them."""
    return bool({RASTER, STROKES} & {entry.name for entry in inputs}) and all(
        (entry.dtype, len(entry.shape) - 1) == KNOWN_INPUTS.get(entry.name)
        and (is_line or all(isinstance(side, int) for side in entry.shape[1:]))
        for entry in inputs
    )


def _input(entry: Tensor) -> Input:
    return Input(np.dtype(entry.dtype), tuple(side if isinstance(side, int) else ANY for side in entry.shape[1:]))


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
