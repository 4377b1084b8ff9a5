"""Converts one recogniser and runs the converted file on samples; the only module that other environments execute.

It imports nothing of glyphlens and, until a target asks for it, nothing but numpy: ``python worker.py task.json``. The
task names files; what comes back lies in the task's folder: ``answers.npz`` and ``report.json``.

A sample's arrays are called ``row/input``, an answer's ``row/output``. An input that samples lack is a state: zeros at
first, then the output ``next_<input>``; such a model reads the samples' second axis one step at a time.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

NEXT = "next_"
ANSWERS, REPORT = "answers.npz", "report.json"
WARM_UPS = 3
Arrays = Mapping[str, NDArray[Any]]
Run = Callable[[Arrays], dict[str, NDArray[Any]]]


class Opened(NamedTuple):
    """A model opened by some runtime: the shape and type of each input (0 = any length), and what runs it once."""

    inputs: dict[str, tuple[tuple[int, ...], str]]
    run: Run


def answered(model: Opened, row: Arrays) -> tuple[dict[str, NDArray[Any]], list[float]]:
    """The outputs for one sample, of a model with states for every step on the second axis; and seconds of each run."""
    states = [name for name in model.inputs if name not in row]
    if not states:
        began = time.perf_counter()
        found = model.run(row)
        return found, [time.perf_counter() - began]
    state: dict[str, NDArray[Any]] = {name: _zeros(*model.inputs[name]) for name in states}
    steps, seconds = [], []
    for number in range(next(iter(row.values())).shape[1]):
        feed = {**{name: np.ascontiguousarray(values[:, number]) for name, values in row.items()}, **state}
        began = time.perf_counter()
        found = model.run(feed)
        seconds.append(time.perf_counter() - began)
        state = {name: found.pop(f"{NEXT}{name}") for name in states}
        steps.append(found)
    return {name: np.stack([step[name] for step in steps], axis=1) for name in steps[0]}, seconds


def answered_all(model: Opened, rows: Sequence[Arrays]) -> tuple[list[dict[str, NDArray[Any]]], float]:
    """The outputs for every sample, and the median milliseconds of a run of one sample or step, warmed up."""
    answers, seconds = [], list[float]()
    for row in rows:
        found, taken = answered(model, row)
        answers.append(found)
        seconds += taken
    return answers, 1000 * float(np.median(seconds[WARM_UPS:] or seconds))


def save_rows(file: Path, rows: Sequence[Arrays]) -> None:
    """Write samples or answers."""
    with file.open("wb") as handle:
        np.savez(
            handle,
            allow_pickle=False,
            **{f"{number}/{name}": values for number, row in enumerate(rows) for name, values in row.items()},
        )


def load_rows(file: Path) -> list[dict[str, NDArray[Any]]]:
    """Read samples or answers; raises ValueError or OSError for a broken file."""
    rows: dict[int, dict[str, NDArray[Any]]] = {}
    with np.load(file, allow_pickle=False) as archive:
        for key in archive.files:
            number, _, name = key.partition("/")
            rows.setdefault(int(number), {})[name] = archive[key]
    return [rows[number] for number in sorted(rows)]


def _zeros(shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    """One sample's state before the first step."""
    return np.zeros((1, *shape[1:]), dtype)


def _to_openvino(task: Mapping[str, Any], out: Path) -> None:
    openvino = import_module("openvino")
    openvino.save_model(openvino.convert_model(task["onnx"]), out, compress_to_fp16=False)


def _open_openvino(task: Mapping[str, Any], file: Path) -> Opened:
    openvino = import_module("openvino")
    hints = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1, "PERFORMANCE_HINT": "LATENCY"}
    compiled = openvino.Core().compile_model(file, "CPU", hints)
    request = compiled.create_infer_request()
    inputs = {
        end.any_name: (
            tuple(0 if side.is_dynamic else side.get_length() for side in end.get_partial_shape()),
            np.dtype(end.get_element_type().to_dtype()).name,
        )
        for end in compiled.inputs
    }

    def run(feed: Arrays) -> dict[str, NDArray[Any]]:
        found = request.infer(dict(feed))
        return {end.any_name: np.array(found[end]) for end in compiled.outputs}

    return Opened(inputs, run)


TO: Mapping[str, Callable[[Mapping[str, Any], Path], None]] = {"openvino": _to_openvino}
OPEN: Mapping[str, Callable[[Mapping[str, Any], Path], Opened]] = {"openvino": _open_openvino}
RUNTIMES = {"openvino": "openvino", "litert": "ai-edge-litert", "coreml": "coremltools"}


def work(task: Mapping[str, Any], folder: Path) -> None:
    """Convert, run, and write answers and report below ``folder``."""
    target, out = task["target"], Path(task["out"])
    TO[target](task, out)
    report: dict[str, Any] = {"runtime": f"{RUNTIMES[target]} {version(RUNTIMES[target])}"}
    if target in OPEN:
        answers, report["ms"] = answered_all(OPEN[target](task, out), load_rows(Path(task["samples"])))
        save_rows(folder / ANSWERS, answers)
    (folder / REPORT).write_text(json.dumps(report), encoding="utf-8")


if __name__ == "__main__":
    place = Path(sys.argv[1])
    work(json.loads(place.read_text(encoding="utf-8")), place.parent)
