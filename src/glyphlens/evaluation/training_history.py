"""Training histories from other hands and from ours: a folder of curves, and the flat and nested JSON forms.

flat    ``{"epochs": [1, 2, …], "train_loss": […], "val_acc": […], …}``, epochs optional
nested  ``[{"epoch": 1, "train": {"total_loss": …}, "val": {"loss": …, "accuracy": …}}, …]``, or the other way round:
        ``{"train": {"loss": […]}, "val": {"loss": […], "accuracy": […]}}``
ours    a folder ``curves`` as ``glyphlens.core.curves`` describes it
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from glyphlens.core.curves import read_curves
from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json

SPLITS = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
OF_A_SPLIT = re.compile(rf"({'|'.join(SPLITS)})_(\w*(?:loss|acc|top1|top5)\w*)")
PLAIN = ("loss", "acc", "accuracy")  # without a split: of the training
EXPECTED = "train_loss, val_loss, train_acc or val_acc"
Kind = Literal["loss", "accuracy"]
Point = tuple[float, str, str, float]  # place, split, metric, value


@dataclass(frozen=True)
class History:
    """Curves of one training: columns x, split (train, val, test), metric, kind (loss, accuracy), value.

    Accuracies are shares in 0 … 1, whatever the file had. ``unit`` is what x counts: step or epoch.
    """

    name: str
    unit: Literal["step", "epoch"]
    curves: pd.DataFrame


def read_history(path: Path, name: str | None = None) -> History:
    """The history of a folder or file; raises InputError naming it and the key where it is none.

    A missing value (null, NaN, infinite) is a gap. Accuracies above 1 are taken for percentages of the whole file.
    """
    if path.is_dir():
        unit: Literal["step", "epoch"] = "step"
        points = list(_from_folder(path))
    elif path.suffix == ".json":
        unit = "epoch"
        content = load_json(path)
        if not isinstance(content, list | dict) or not content:
            raise InputError(f"{path}: {type(content).__name__} of nothing known; expected lists such as {EXPECTED}")
        points = list(_from_epochs(path, content) if isinstance(content, list) else _from_lists(path, content))
    else:
        raise InputError(f"{path}: no training history; expected a folder of learning curves, or a .json file")
    curves = pd.DataFrame(points, columns=["x", "split", "metric", "value"]).dropna(subset=["x", "value"])
    if curves.empty:
        raise InputError(f"{path}: no curve in it; expected keys such as {EXPECTED}")
    curves["kind"] = ["loss" if "loss" in metric else "accuracy" for metric in curves["metric"]]
    return History(name or path.stem, unit, _as_shares(curves))


def _from_folder(path: Path) -> Iterator[Point]:
    for step, name, value in read_curves(path).itertuples(index=False):
        if parsed := _parsed(name):
            yield step, *parsed, _number(path, name, value)


def _from_lists(path: Path, content: Mapping[str, Any]) -> Iterator[Point]:
    """Lists a key, or lists a key and split."""
    epochs = next((content[key] for key in ("epochs", "epoch") if isinstance(content.get(key), list)), None)
    for keys, values in _leaves(content):
        place, parsed = ".".join(keys), _parsed("_".join(keys))
        if parsed is None or isinstance(values, Real):  # a plain number is a result, not a curve
            continue
        if not isinstance(values, list):
            raise InputError(f"{path}: {place}: expected a list with a number an epoch, found {values!r:.40}")
        counted = epochs if epochs is not None else list(range(1, len(values) + 1))
        if len(counted) != len(values):
            raise InputError(f"{path}: {place}: {len(values)} values for {len(counted)} epochs")
        for number, (epoch, value) in enumerate(zip(counted, values, strict=True)):
            x = _number(path, f"epochs[{number}]", epoch)
            yield x, *parsed, _number(path, f"{place}[{number}]", value)


def _from_epochs(path: Path, content: list[Any]) -> Iterator[Point]:
    """One mapping an epoch, with a mapping a split."""
    for number, entry in enumerate(content):
        if not isinstance(entry, dict):
            raise InputError(f"{path}: [{number}]: expected a mapping of an epoch, found {entry!r:.40}")
        x = _number(path, f"[{number}].epoch", entry.get("epoch", number + 1))
        for keys, value in _leaves(entry):
            if parsed := _parsed("_".join(keys)):
                yield x, *parsed, _number(path, f"[{number}].{'.'.join(keys)}", value)


def _leaves(content: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """(keys, value) of a mapping, and of those of its values that are mappings of a split."""
    for name, value in content.items():
        if name in SPLITS and isinstance(value, dict):
            yield from (((name, inner), leaf) for inner, leaf in value.items())
        else:
            yield (name,), value


def _parsed(name: str) -> tuple[str, str] | None:
    """(split, metric) of a key such as ``val_acc``; None where it names no curve (lr, seconds …)."""
    if name in PLAIN:
        return "train", name
    match = OF_A_SPLIT.fullmatch(name)
    return (SPLITS[match[1]], match[2]) if match else None


def _number(path: Path, place: str, value: Any) -> float:
    """A number, NaN for null and what is not finite; raises InputError for anything else."""
    if value is None:
        return math.nan
    if value is True or value is False or not isinstance(value, Real):
        raise InputError(f"{path}: {place}: {value!r:.40} is not a number")
    return float(value) if math.isfinite(value) else math.nan


def _as_shares(curves: pd.DataFrame) -> pd.DataFrame:
    accuracy = curves["kind"] == "accuracy"
    if (curves.loc[accuracy, "value"] > 1).any():
        curves.loc[accuracy, "value"] /= 100
    return curves.sort_values(["metric", "split", "x"], kind="stable").reset_index(drop=True)
