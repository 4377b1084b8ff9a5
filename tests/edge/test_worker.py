"""The worker imports nothing of this project, and reads models with a state one step at a time."""

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np

from glyphlens.edge import worker
from glyphlens.edge.worker import Opened, answered, load_rows, save_rows

FILE = Path(worker.__file__)


def test_the_worker_needs_numpy_alone() -> None:
    """Whatever else it wants is another environment's, imported by name when a target asks for it."""
    names = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.walk(ast.parse(FILE.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert {name.split(".")[0] for name in names} - set(sys.stdlib_module_names) == {"numpy"}
    done = subprocess.run([sys.executable, "-I", str(FILE)], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "IndexError" in done.stderr


def test_a_state_goes_from_step_to_step() -> None:
    def run(feed: worker.Arrays) -> dict[str, np.ndarray]:
        total = feed["sum"] + feed["line"]
        return {"logits": total, "next_sum": total}

    model = Opened({"line": ((0, 1), "float32"), "sum": ((0, 1), "float32")}, run)
    found, seconds = answered(model, {"line": np.arange(1, 5, dtype=np.float32).reshape(1, 4, 1)})
    assert found["logits"].ravel().tolist() == [1, 3, 6, 10]
    assert len(seconds) == 4 and set(found) == {"logits"}


def test_rows_come_back_in_their_order(tmp_path: Path) -> None:
    rows = [{"x": np.full((1, number + 1), number, np.float32)} for number in range(12)]
    save_rows(tmp_path / "rows.npz", rows)
    for own, other in zip(load_rows(tmp_path / "rows.npz"), rows, strict=True):
        np.testing.assert_array_equal(own["x"], other["x"])
