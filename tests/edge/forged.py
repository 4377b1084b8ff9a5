"""A released recogniser of two classes and a worker's python that is none, so that nothing has to be installed."""

import json
import stat
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper

from glyphlens.edge.model import EdgeModel, best_label
from glyphlens.edge.parity import EdgeParams
from glyphlens.export.onnx_parts import FLOAT, make_piece

PARAMS = EdgeParams(samples=8, min_agreement=0.9, most_seconds=20)
LABELS = ("one", "two")


def model(folder: Path, samples: int = 8) -> EdgeModel:
    """Logits are ``x`` (N, 2) itself; every second sample is of the second class."""
    node = helper.make_node("Identity", ["x"], ["logits"])
    graph = make_piece("forged", [node], {"x": (FLOAT, ["batch", 2])}, {"logits": (FLOAT, ["batch", 2])}, {})
    file = folder / "int8.onnx"
    onnx.save(graph, file)
    rows = [{"x": np.eye(2, dtype=np.float32)[[number % 2]]} for number in range(samples)]
    truths = [(LABELS[number % 2],) for number in range(samples)]
    return EdgeModel("forged", file, {"int8": graph}, None, rows, truths, best_label(LABELS))


def python(folder: Path, script: str) -> Path:
    """An interpreter that runs ``script`` (with ``task`` and ``folder`` known) in the worker's place."""
    body = folder / "body.py"
    body.write_text(
        f"import json, pathlib, sys\nimport numpy as np\nplace = pathlib.Path(sys.argv[-1])\n"
        f"task, folder = json.loads(place.read_text()), place.parent\nout = pathlib.Path(task['out'])\n{script}\n",
        encoding="utf-8",
    )
    program = folder / "python"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {body} "$@"\n', encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def answering(flipped: int, report: dict[str, Any] | None = None) -> str:
    """A script that converts nothing and answers rightly but for the first ``flipped`` samples."""
    said = json.dumps(report if report is not None else {"runtime": "forged 1", "ms": 1.5})
    return (
        "for suffix in ('.xml', '.bin'): out.with_suffix(suffix).write_bytes(b'made')\n"
        "rows = np.load(task['samples'])\n"
        f"turned = [rows[f'{{n}}/x'][:, ::-1] if n < {flipped} else rows[f'{{n}}/x'] for n in range(len(rows.files))]\n"
        "np.savez(folder / 'answers.npz', **{f'{n}/logits': each for n, each in enumerate(turned)})\n"
        f"(folder / 'report.json').write_text('''{said}''')"
    )
