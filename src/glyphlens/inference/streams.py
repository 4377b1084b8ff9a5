"""An exported recogniser of scans → class probabilities after every line, of whole scans or as lines arrive; no torch.

A whole pass reads ``lines`` float32 (N, L, S). Its step reads one ``line`` (N, S) and a cache of fixed size, and gives
the next: memory does not grow with the lines. A line with NaN or an infinite value is missing.

N scans · L lines · S samples of a line · T answers: L, or 1 where the recogniser waits for the last line · C classes
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import ArrayLike, NDArray

from glyphlens.core.arrays import load_arrays
from glyphlens.core.errors import InputError
from glyphlens.core.storage import writing
from glyphlens.data.sample_set import CharacterClass
from glyphlens.inference.folder import LABELS, ExportFolder, Manifest, ModelFile
from glyphlens.inference.recognizer import LOGITS, open_session, softmax, tensors_of

LINES, LINE, NEXT = "lines", "line", "next_"
COUNTED = "seen"  # tensor of a cache that counts lines itself: (1, …), the first number of its row
MODEL, SEEN = "model", "lines_seen"  # in a saved cache, beside its tensors
BATCH = 64
Cache = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class LineRecognizer:
    """An exported recogniser of scans of ``lines`` × ``samples``, opened for use.

    ``threads``: batches of whole scans that are read at once, each on one core; None = as many as there are cores. So
    many cores on one batch would mostly wait for each other.
    """

    path: Path
    session: onnxruntime.InferenceSession
    manifest: Manifest
    lines: int
    samples: int
    temperatures_T: NDArray[np.float32]
    step: ModelFile | None
    threads: int | None = None

    @classmethod
    def load(cls, path: Path, *, threads: int | None = None) -> "LineRecognizer":
        """Open a whole-pass .onnx file, or the only one of a folder; its step is found by the manifest.

        Raises InputError where a file is missing, is no recogniser of scans, or is not of the manifest beside it.
        """
        model = ExportFolder(path).only_model() if path.is_dir() else path
        if threads is not None and threads < 1:
            raise InputError(f"threads: {threads}, expected at least 1")
        session = open_session(model, threads=1)
        manifest = ExportFolder(model.parent).manifest
        if manifest.decoder != "lines":
            raise InputError(f"{model}: reads no scans line by line; its decoder is '{manifest.decoder}'")
        manifest.require_listed(model)
        precision = manifest.precision_of(model)
        if precision is None:
            names = ", ".join(entry.name for entry in manifest.files.values())
            raise InputError(f"{model}: not a file for whole scans; {LABELS} beside it lists {names or 'none'}")
        lines, samples, answers = _shape(model, session, manifest)
        temperatures_T = np.array(manifest.temperatures.get(precision, ()), np.float32)
        if temperatures_T.shape != (answers,):
            place = model.with_name(LABELS)
            raise InputError(f"{place}: {len(temperatures_T)} temperatures for the {answers} answers of {model.name}")
        return cls(model, session, manifest, lines, samples, temperatures_T, manifest.steps.get(precision), threads)

    @property
    def classes(self) -> tuple[CharacterClass, ...]:
        """What the probabilities are of."""
        return self.manifest.classes

    @property
    def answers(self) -> int:
        """How many answers a scan gets: one per line, or 1."""
        return len(self.temperatures_T)

    @cached_property
    def step_session(self) -> onnxruntime.InferenceSession:
        """The step, opened once; raises InputError where there is none or it is not the manifest's."""
        if self.step is None:
            raise InputError(f"{self.path}: answers after the last line only; it cannot read a stream")
        file = self.path.with_name(self.step.name)
        session = open_session(file, threads=1)
        self.manifest.require_listed(file)
        return session

    def logits(self, scans: ArrayLike, batch: int = BATCH) -> NDArray[np.float32]:
        """(N, L, S) lines in any unit, NaN where missing → (N, T, C), divided by the temperature of each answer.

        Raises InputError for another shape.
        """
        lines_NLS = _numbers(scans, "lines")
        if lines_NLS.shape[1:] != (self.lines, self.samples):
            raise InputError(f"lines: {lines_NLS.shape}, expected (N, {self.lines}, {self.samples})")
        parts = self._run([lines_NLS[start : start + batch] for start in range(0, len(lines_NLS), batch)])
        empty = np.zeros((0, self.answers, len(self.classes)), np.float32)
        scaled = np.concatenate([empty, *parts]) / self.temperatures_T[:, None]
        return scaled.astype(np.float32, copy=False)

    def _run(self, batches: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """Logits of each batch, in order; onnxruntime lets other threads run meanwhile."""
        with ThreadPoolExecutor(self.threads or os.cpu_count() or 1) as pool:
            return list(pool.map(lambda lines_nLS: self.session.run([LOGITS], {LINES: lines_nLS})[0], batches))

    def probabilities(self, scans: ArrayLike, batch: int = BATCH) -> NDArray[np.float32]:
        """(N, T, C) calibrated probabilities; arguments and errors as for ``logits``."""
        return softmax(self.logits(scans, batch))

    def stream(self) -> "Stream":
        """One scan from its first line on; raises InputError where the recogniser waits for the last line."""
        return Stream(self, _empty_cache(self.step_session), 0)


class Stream:
    """One scan as it arrives: what was seen of it is a cache of fixed size."""

    def __init__(self, recognizer: LineRecognizer, cache: Cache, lines_seen: int) -> None:
        self.recognizer, self._cache, self._lines_seen = recognizer, cache, lines_seen

    @classmethod
    def load(cls, path: Path, recognizer: LineRecognizer) -> "Stream":
        """Continue a saved stream; raises InputError for a broken file, and for the cache of another model."""
        arrays = _read_arrays(path)
        model, expected = str(arrays.pop(MODEL)), cls._model_of(recognizer)
        if model != expected:
            raise InputError(f"{path}: the cache of another model ({model[:8]}…, this one is {expected[:8]}…)")
        seen, empty = arrays.pop(SEEN), _empty_cache(recognizer.step_session)
        if {name: (part.shape, part.dtype) for name, part in arrays.items()} != {
            name: (part.shape, part.dtype) for name, part in empty.items()
        }:
            raise InputError(f"{path}: not a whole cache; it holds {', '.join(arrays) or 'nothing'}")
        lines_seen = int(seen) if seen.shape == () and seen.dtype.kind == "i" else -1
        if not 0 <= lines_seen <= recognizer.lines or arrays.get(COUNTED, seen).flat[0] != lines_seen:
            raise InputError(f"{path}: {seen} lines seen, expected 0 … {recognizer.lines}")
        if spoilt := [name for name, part in arrays.items() if not np.isfinite(part).all()]:
            raise InputError(f"{path}: numbers that are not finite in {', '.join(spoilt)}")
        return cls(recognizer, arrays, lines_seen)

    @property
    def lines_seen(self) -> int:
        """How many lines came so far."""
        return self._lines_seen

    def push(self, line: ArrayLike) -> NDArray[np.float32]:
        """The next line, (S,) numbers in any unit, NaN where it is missing → (C,) calibrated probabilities after it.

        Raises InputError for a line of another length and after the last line; the stream stays as it was.
        """
        own, number = self.recognizer, self._lines_seen + 1
        line_S = _numbers(line, f"line {number}")
        if number > own.lines:
            raise InputError(f"line {number}: a scan has {own.lines} lines; start a new stream")
        if line_S.shape != (own.samples,):
            raise InputError(f"line {number}: {line_S.shape} numbers, expected ({own.samples},)")
        names = [LOGITS, *(f"{NEXT}{name}" for name in self._cache)]
        logits_1C, *grown = own.step_session.run(names, {LINE: line_S[None], **self._cache})
        self._cache = dict(zip(self._cache, grown, strict=True))
        self._lines_seen = number
        return softmax(logits_1C[0] / own.temperatures_T[number - 1])

    def save(self, path: Path) -> None:
        """Write what was seen so far as an .npz file, with the hash of the model that it belongs to."""
        state = {MODEL: np.array(self._model_of(self.recognizer)), SEEN: np.array(self._lines_seen)}
        with writing(path) as partial, partial.open("wb") as handle:
            np.savez(handle, allow_pickle=False, **state, **self._cache)

    @staticmethod
    def _model_of(recognizer: LineRecognizer) -> str:
        return recognizer.step.sha256 if recognizer.step else ""


def _numbers(values: ArrayLike, name: str) -> NDArray[np.float32]:
    try:
        return np.asarray(values, np.float32)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name}: not numbers ({error})") from error


def _shape(model: Path, session: onnxruntime.InferenceSession, manifest: Manifest) -> tuple[int, int, int]:
    """Lines, samples of a line, answers; raises InputError for a graph that reads or gives anything else."""
    inputs, outputs = tensors_of(session)
    read, given = inputs[0].shape[1:], next((end.shape[1:] for end in outputs if end.name == LOGITS), ())
    fits = [(end.name, end.dtype) for end in inputs] == [(LINES, "float32")] and len(read) == len(given) == 2
    sides = [side for side in (*read, *given) if isinstance(side, int)]
    if not fits or len(sides) != len(read) + len(given):
        found = "; ".join(f"{end.name} {end.dtype} {end.shape}" for end in (*inputs, *outputs))
        raise InputError(f"{model}: takes and gives {found}; expected {LINES} (N, L, S) and {LOGITS} (N, T, C)")
    lines, samples, answers, classes = sides
    if classes != len(manifest.classes) or answers not in (1, lines):
        place = model.with_name(LABELS)
        raise InputError(f"{place}: {len(manifest.classes)} classes, but {model} gives {answers} × {classes} scores")
    return lines, samples, answers


def _empty_cache(session: onnxruntime.InferenceSession) -> Cache:
    """The cache before the first line of one scan: zeros."""
    inputs, _ = tensors_of(session)
    return {end.name: np.zeros((1, *map(int, end.shape[1:])), end.dtype) for end in inputs if end.name != LINE}


def _read_arrays(path: Path) -> Cache:
    try:
        arrays = load_arrays(path)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not the cache of a stream ({error})") from error
    if not {MODEL, SEEN} <= set(arrays):
        raise InputError(f"{path}: not the cache of a stream; {MODEL} or {SEEN} is missing")
    return arrays
