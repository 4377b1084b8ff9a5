"""What `dvc exp show --json` writes, forged: a commit and experiments that started from it."""

from typing import Any


def experiment(name: str, phase2: dict[str, Any], top1: float | None, state: str | None = None) -> dict[str, Any]:
    """An experiment; ``state`` is that of its executor: none where it was run in the workspace."""
    executor = {"state": state, "name": "dvc-task", "local": None} if state else None
    return {"name": name, "executor": executor, "revs": [_entry(name, phase2, top1)]}


def commit(phase2: dict[str, Any], top1: float, experiments: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The workspace and the commit ``main`` with its experiments."""
    own = _entry("main", phase2, top1)
    return [own | {"rev": "workspace", "name": None}, own | {"experiments": experiments}]


def _entry(name: str, phase2: dict[str, Any], top1: float | None) -> dict[str, Any]:
    metrics = {"metrics/arabic/phase2.json": {"val_top1": top1}, "metrics/kanji/cnn.json": {"val_top1": 0.5}}
    data = {
        "params": {"params.yaml": {"data": {"seed": 42, "phase2": phase2}}},
        "metrics": None if top1 is None else {file: {"data": content} for file, content in metrics.items()},
    }
    return {"rev": name * 8, "name": name, "data": data, "error": None, "experiments": None}
