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
LONGEST = 8192  # of an axis of any length, where a format wants a limit
Task = Mapping[str, Any]
Arrays = Mapping[str, NDArray[Any]]
Run = Callable[[Arrays], dict[str, NDArray[Any]]]


class Opened(NamedTuple):
    """A model opened by some runtime: the shape and type of each input (0 = any length), and what runs it once."""

    inputs: dict[str, tuple[tuple[int, ...], str]]
    run: Run


def answered(model: Opened, row: Arrays) -> tuple[dict[str, NDArray[Any]], list[float]]:
    """The outputs for one sample, of a model with states for every step on the second axis; seconds of each run."""
    states = [name for name in model.inputs if name not in row]
    if not states:
        began = time.process_time()
        found = model.run(row)
        return found, [time.process_time() - began]
    state: dict[str, NDArray[Any]] = {name: zeros(*model.inputs[name]) for name in states}
    steps, seconds = [], []
    for number in range(next(iter(row.values())).shape[1]):
        feed = {**{name: np.ascontiguousarray(values[:, number]) for name, values in row.items()}, **state}
        began = time.process_time()
        found = model.run(feed)
        seconds.append(time.process_time() - began)
        state = {name: found.pop(f"{NEXT}{name}") for name in states}
        steps.append(found)
    return {name: np.stack([step[name] for step in steps], axis=1) for name in steps[0]}, seconds


def answered_all(model: Opened, rows: Sequence[Arrays]) -> tuple[list[dict[str, NDArray[Any]]], float]:
    """The outputs for every sample, and the median milliseconds of processor time of one
    sample or step, warmed up: beside other work a clock on the wall would time that as well."""
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
    with file.open("rb") as handle, np.load(handle, allow_pickle=False) as archive:
        for key in archive.files:
            number, _, name = key.partition("/")
            rows.setdefault(int(number), {})[name] = archive[key]
    return [rows[number] for number in sorted(rows)]


def zeros(shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    """One sample's state before the first step."""
    return np.zeros((1, *shape[1:]), dtype)


def _openvino() -> Any:
    """OpenVINO's package, without the one by which it may report its use over the network."""
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    return import_module("openvino")


def _to_openvino(task: Task, out: Path) -> None:
    """By convert_model, which folds what is constant: of a graph read as it is, int8 GRUs answer wrongly."""
    openvino = _openvino()
    openvino.save_model(openvino.convert_model(task["source"]), out, compress_to_fp16=False)


def _open_openvino(_: Task, file: Path) -> Opened:
    openvino = _openvino()
    # By itself it would compute in bfloat16 where the processor can.
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


def _to_litert(task: Task, out: Path) -> None:
    program, example = _program(task)
    import_module("litert_torch").convert(program.module(), example).export(str(out))


def _open_litert(task: Task, file: Path) -> Opened:
    interpreter = import_module("ai_edge_litert.interpreter").Interpreter(model_path=str(file), num_threads=1)
    interpreter.allocate_tensors()
    # Names are lost; the order is that of the signature: args_0 …, output_0 …
    (signature,) = interpreter.get_signature_list()
    runner = interpreter.get_signature_runner(signature)
    ends_in, ends_out = runner.get_input_details(), runner.get_output_details()
    takes = dict(zip(task["inputs"], sorted(ends_in, key=_ordinal), strict=True))
    gives = dict(zip(task["outputs"], sorted(ends_out, key=_ordinal), strict=True))

    def run(feed: Arrays) -> dict[str, NDArray[Any]]:
        found = runner(**{end: np.asarray(feed[name], ends_in[end]["dtype"]) for name, end in takes.items()})
        return {name: found[end] for name, end in gives.items()}

    shapes = {
        name: (tuple(map(int, ends_in[end]["shape"])), np.dtype(ends_in[end]["dtype"]).name)
        for name, end in takes.items()
    }
    return Opened(shapes, run)


def _to_coreml(task: Task, out: Path) -> None:
    """In float32, axes of any length kept; raises ValueError where the file has other inputs or outputs."""
    torch, coremltools = import_module("torch"), import_module("coremltools")
    free = coremltools.RangeDim(1, LONGEST)
    ends = [
        coremltools.TensorType(name=name, shape=[side or free for side in shape])
        for name, shape in zip(task["inputs"], task["shapes"], strict=True)
    ]
    made = coremltools.convert(
        torch.jit.load(task["source"]),
        inputs=ends,
        outputs=[coremltools.TensorType(name=name) for name in task["outputs"]],
        convert_to="mlprogram",
        minimum_deployment_target=coremltools.target.iOS16,
        compute_precision=coremltools.precision.FLOAT32,
        skip_model_load=True,
    )
    described = made.get_spec().description
    for asked, found in ((task["inputs"], described.input), (task["outputs"], described.output)):
        if list(asked) != [end.name for end in found]:
            raise ValueError(f"{out.name}: {', '.join(end.name for end in found)} where {', '.join(asked)} was asked")
    made.save(str(out))


def _open_coreml(task: Task, _: Path) -> Opened:
    """What the file was made from: the file itself runs on Apple's systems only."""
    torch = import_module("torch")
    torch.set_num_threads(1)
    traced = torch.jit.load(task["source"])

    def run(feed: Arrays) -> dict[str, NDArray[Any]]:
        with torch.no_grad():
            found = traced(*(torch.from_numpy(np.asarray(feed[name], np.float32)) for name in task["inputs"]))
        values = found if isinstance(found, tuple) else (found,)
        return {name: value.numpy() for name, value in zip(task["outputs"], values, strict=True)}

    shapes = {name: (tuple(shape), "float32") for name, shape in zip(task["inputs"], task["shapes"], strict=True)}
    return Opened(shapes, run)


def _program(task: Task) -> tuple[Any, tuple[Any, ...]]:
    """A saved program of torch and what it was traced with."""
    torch = import_module("torch")
    program = torch.export.load(task["source"])
    return program, program.example_inputs[0]


def _ordinal(name: str) -> int:
    return int(name.rpartition("_")[2])


TO: Mapping[str, Callable[[Task, Path], None]] = {
    "openvino": _to_openvino,
    "litert": _to_litert,
    "coreml": _to_coreml,
}
OPEN: Mapping[str, Callable[[Task, Path], Opened]] = {
    "openvino": _open_openvino,
    "litert": _open_litert,
    "coreml": _open_coreml,
}
RUNTIMES = {"openvino": "openvino", "litert": "ai-edge-litert", "coreml": "coremltools"}


def work(task: Task, folder: Path) -> None:
    """Convert, run, and write answers and report below ``folder``."""
    target, out = task["target"], Path(task["out"])
    TO[target](task, out)
    answers, ms = answered_all(OPEN[target](task, out), load_rows(Path(task["samples"])))
    save_rows(folder / ANSWERS, answers)
    report = {"runtime": f"{RUNTIMES[target]} {version(RUNTIMES[target])}", "ms": ms}
    (folder / REPORT).write_text(json.dumps(report), encoding="utf-8")


if __name__ == "__main__":
    place = Path(sys.argv[1])
    work(json.loads(place.read_text(encoding="utf-8")), place.parent)
