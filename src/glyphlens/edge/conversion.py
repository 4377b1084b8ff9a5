"""One recogniser → one file of another runtime, converted and run in that runtime's environment, then gated here."""

import json
import shutil
import subprocess
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.core.storage import BROKEN_ZIP
from glyphlens.edge import worker
from glyphlens.edge.environment import TARGETS
from glyphlens.edge.model import EdgeModel, open_onnx
from glyphlens.edge.parity import EdgeParams, Parity, parity_of, refusal
from glyphlens.edge.table import EdgeEntry, Status
from glyphlens.edge.worker import Arrays
from glyphlens.inference.folder import Precision

DIGITS = 4
MOST_REASON = 300  # characters of another program's error that are kept


class Reference(NamedTuple):
    """What the released file answers to the samples, its milliseconds a run, and the names of its inputs and outputs,
    states last."""

    answers: Sequence[Arrays]
    ms: float
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Job:
    """What is converted, from which weights, for whom, and the path of the result without its suffix."""

    model: EdgeModel
    precision: Precision
    target: str
    out: Path

    @property
    def files(self) -> list[Path]:
        """What the converter writes, the main file first."""
        return [self.out.with_name(self.out.name + suffix) for suffix in TARGETS[self.target].suffixes]


def reference_of(model: EdgeModel) -> Reference:
    """Run the released file, as onnxruntime does, on one core."""
    opened = open_onnx(model.released)
    answers, ms = worker.answered_all(opened, model.rows)
    states = [name for name in opened.inputs if name not in model.rows[0]]
    outputs = (*answers[0], *(f"{worker.NEXT}{name}" for name in states))
    return Reference(answers, ms, (*model.rows[0], *states), outputs)


def precisions_of(model: EdgeModel, target: str) -> list[Precision]:
    """Those that a target's converter can be given; networks in torch have their weights unrounded."""
    if TARGETS[target].reads == "onnx":
        return list(model.graphs)
    return ["fp32"] if model.network is not None else []


def convert(job: Job, reference: Reference, python: Path, params: EdgeParams) -> EdgeEntry:
    """Convert, run and judge; files stay only where they passed."""
    for file in job.files:
        _remove(file)
    job.out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".converting-", dir=job.out.parent) as place:
        folder = Path(place).absolute()
        made = [folder / file.name for file in job.files]
        try:
            report = _run_worker(job, reference, python, folder, params.most_seconds)
            if missing := [file.name for file in made if not file.exists()]:
                raise InputError(f"nothing was written as {', '.join(missing)}")
            parity = _parity(job.model, reference, folder)
        except (InputError, ValueError, *BROKEN_ZIP) as error:
            return _entry(job, reference, "failed", _shortened(str(error)))
        reason = refusal(parity, params)
        kept: Status = "passed" if TARGETS[job.target].runs_here else "unrun"
        entry = _entry(job, reference, "refused" if reason else kept, reason, parity, report, made)
        if not reason:
            for source, file in reversed([*zip(made, job.files, strict=True)]):  # what runtimes open comes last
                source.replace(file)
        return entry


def _run_worker(job: Job, reference: Reference, python: Path, folder: Path, most_seconds: int) -> dict[str, Any]:
    """What the worker reports; raises InputError with the last of what it says where it fails."""
    samples, source = folder / "samples.npz", folder / f"source.{TARGETS[job.target].reads}"
    worker.save_rows(samples, job.model.rows)
    if TARGETS[job.target].reads == "onnx":
        source.write_bytes(job.model.graphs[job.precision].SerializeToString())
    else:
        _save_program(job.model, reference, source)
    task = {
        "target": job.target,
        "source": str(source),
        "samples": str(samples),
        "inputs": reference.inputs,
        "shapes": _shapes(job.model, reference),
        "outputs": reference.outputs,
        "out": str(folder / job.files[0].name),
    }
    (folder / "task.json").write_text(json.dumps(task), encoding="utf-8")
    command = [str(python.absolute()), "-I", str(Path(worker.__file__).absolute()), str(folder / "task.json")]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=most_seconds, check=False, cwd=folder
        )
    except subprocess.TimeoutExpired as error:
        raise InputError(f"took more than {most_seconds} s") from error
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"ended with {done.returncode}"]
        raise InputError(_last_error(said) if done.returncode > 0 else f"crashed (signal {-done.returncode})")
    report: dict[str, Any] = json.loads((folder / worker.REPORT).read_text(encoding="utf-8"))
    return report


def _save_program(model: EdgeModel, reference: Reference, file: Path) -> None:
    """The network as torch exports or traces it, of one sample or one step of it; bytes become floats."""
    assert model.network is not None
    example = tuple(torch.from_numpy(np.asarray(values, np.float32)) for values in _example(model, reference))
    network = model.network.eval().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if file.suffix == ".pt":
                torch.jit.trace(network, example, check_trace=False).save(str(file))  # type: ignore[no-untyped-call]
            else:
                torch.export.save(torch.export.export(network, example, strict=False), file)
    except Exception as error:  # whatever torch has to say of a network that it cannot trace
        raise InputError(f"torch: {error}") from error


def _example(model: EdgeModel, reference: Reference) -> list[NDArray[Any]]:
    """One value of each input, of a model with states those of the first step."""
    opened, row = open_onnx(model.released).inputs, model.rows[0]
    arrays = [row.get(name, worker.zeros(*opened[name])) for name in reference.inputs]
    if not set(opened) - set(row):
        return arrays
    return [values[:, 0] if name in row else values for name, values in zip(reference.inputs, arrays, strict=True)]


def _shapes(model: EdgeModel, reference: Reference) -> list[list[int]]:
    """The sides of each input for one sample, 0 where any length will do."""
    opened, example = open_onnx(model.released).inputs, _example(model, reference)
    return [
        [1, *(side if opened[name][0][axis] else 0 for axis, side in enumerate(values.shape[1:], 1))]
        for name, values in zip(reference.inputs, example, strict=True)
    ]


def _parity(model: EdgeModel, reference: Reference, folder: Path) -> Parity:
    return parity_of(model, reference.answers, worker.load_rows(folder / worker.ANSWERS))


def _entry(
    job: Job,
    reference: Reference,
    status: Status,
    reason: str,
    parity: Parity | None = None,
    report: dict[str, Any] | None = None,
    made: Sequence[Path] = (),
) -> EdgeEntry:
    said = report or {}
    return EdgeEntry(
        recognizer=job.model.name,
        target=job.target,
        precision=job.precision,
        status=status,
        reason=reason,
        runtime=said.get("runtime", ""),
        samples=len(job.model.rows),
        agreement=_rounded(parity.agreement) if parity else None,
        right=_rounded(parity.right) if parity else None,
        released_right=_rounded(parity.released_right) if parity else None,
        mb=_rounded(sum(map(_bytes_of, made)) / 1e6) if made else None,
        released_mb=_rounded(_bytes_of(job.model.released) / 1e6),
        ms=_rounded(said["ms"]) if "ms" in said and TARGETS[job.target].runs_here else None,
        released_ms=_rounded(reference.ms),
    )


def _rounded(value: float) -> float:
    return round(value, DIGITS)


def _bytes_of(path: Path) -> int:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    with suppress(FileNotFoundError):
        path.unlink()


def _last_error(lines: Sequence[str]) -> str:
    """The line of a traceback that names the error, with what follows it."""
    starts = [number for number, line in enumerate(lines) if line[:1].isalpha() and ":" in line]
    return " ".join(line.strip() for line in lines[starts[-1] :] if line.strip()) if starts else lines[-1]


def _shortened(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= MOST_REASON else f"{flat[:MOST_REASON]}…"
