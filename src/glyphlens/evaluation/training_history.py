"""Training histories from other hands and from ours, and their chart: loss and accuracy, the best points marked.

flat    ``{"epochs": [1, 2, …], "train_loss": […], "val_acc": […], …}``, epochs optional
nested  ``[{"epoch": 1, "train": {"total_loss": …}, "val": {"loss": …, "accuracy": …}}, …]``, or the other way round:
        ``{"train": {"loss": […]}, "val": {"loss": […], "accuracy": […]}}``
ours    a folder ``curves`` as ``glyphlens.core.curves`` describes it
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from numbers import Real
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from glyphlens.core.curves import read_curves
from glyphlens.core.errors import InputError
from glyphlens.core.storage import is_there, load_json
from glyphlens.evaluation.charts import DPI, PERCENT, SERIES, SOFT, new_figure

SPLITS = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
OF_A_SPLIT = re.compile(rf"({'|'.join(SPLITS)})_(\w*(?:loss|acc|top1|top5)\w*)")
PLAIN = ("loss", "acc", "accuracy")  # without a split: of the training
EXPECTED = "train_loss, val_loss, train_acc or val_acc"
Point = tuple[float, str, str, float]  # place, split, metric, value

TITLES = {"loss": "Loss", "accuracy": "Accuracy"}
MAIN = {"loss": ("loss", "total_loss"), "accuracy": ("top1", "accuracy", "acc")}  # the metric that counts, first found
DASHES = {"train": (0, (2, 1.5)), "val": "solid", "test": "dashdot"}
PANEL_IN, LINE_IN = 3.9, 0.19  # height of a panel and of a line of its legend
FEW_POINTS = 40  # up to so many are drawn one by one


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
    if is_there(path) and path.is_dir():
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


class Curve(NamedTuple):
    """One line of the chart, without a label where the legend does not name it; ``is_marked``: its best point is."""

    label: str
    colour: str
    split: str
    table: pd.DataFrame
    is_marked: bool


def plot_histories(path: Path, histories: Sequence[History], dpi: int = DPI) -> None:
    """Loss and accuracy of every history over its steps or epochs; what no history has gets no panel.

    One history shows all its curves; of several, the loss and the first accuracy of each split. The best validation
    point has a star and stands in the legend. Raises InputError where some count steps and others epochs.
    """
    units = {history.unit: history.name for history in histories}
    if len(units) != 1:
        told = ", ".join(f"{name} counts {unit}s" for unit, name in units.items()) or "no history"
        raise InputError(f"{told}: they cannot share an axis; draw them in charts of their own")
    kinds = [kind for kind in TITLES if any((history.curves["kind"] == kind).any() for history in histories)]
    curves = {kind: list(_curves(histories, kind)) for kind in kinds}
    lines = max(sum(bool(curve.label) for curve in drawn) for drawn in curves.values())
    with new_figure(path, 5.2 * len(kinds) + 0.4, PANEL_IN + LINE_IN * lines, dpi) as figure:
        for axes, kind in zip(figure.subplots(1, len(kinds), squeeze=False)[0], kinds, strict=True):
            for curve in curves[kind]:
                _draw(axes, curve, kind, next(iter(units)))
            _dress(axes, kind, curves[kind])
            axes.set_xlabel(next(iter(units)))


def _curves(histories: Sequence[History], kind: str) -> Iterator[Curve]:
    """What is drawn of one kind: everything of a single history, of several what counts, a colour each."""
    colours = cycle(SERIES)
    for history in histories:
        table = history.curves[history.curves["kind"] == kind]
        judged = "val" if "val" in set(table["split"]) else table["split"].max()  # whose best point is marked
        colour = next(colours)
        for (split, metric), part in table.groupby(["split", "metric"]):
            counts = metric == _main_metric(table[table["split"] == split], kind)
            words = f"{split} {metric}".replace("_", " ")
            if len(histories) == 1:
                is_marked = counts and split == judged
                yield Curve(words, colour if is_marked else next(colours), str(split), part, is_marked)
            elif counts:
                label = history.name if split == judged else ""  # the others are told by their dashes
                yield Curve(label, colour, str(split), part, split == judged)


def _main_metric(table: pd.DataFrame, kind: str) -> str:
    """The metric that counts among those of a split."""
    metrics = list(table["metric"].unique())
    return next((name for name in MAIN[kind] if name in metrics), metrics[0])


def _draw(axes: Axes, curve: Curve, kind: str, unit: str) -> None:
    x, value = curve.table["x"].to_numpy(), curve.table["value"].to_numpy()
    label = curve.label
    if curve.is_marked:
        best = int(value.argmin() if kind == "loss" else value.argmax())
        told = f"{value[best]:.3g}" if kind == "loss" else f"{100 * value[best]:.1f} %"
        label += f": best {told} at {unit} {x[best]:,.0f}"
        axes.plot(x[best], value[best], "*", ms=11, color=curve.colour, mec="white", mew=0.9, zorder=6, clip_on=False)
    mark = "." if len(x) <= FEW_POINTS else ""
    width = 1.7 if curve.split != "train" else 1.1
    axes.plot(x, value, marker=mark, ms=4, color=curve.colour, ls=DASHES[curve.split], lw=width, label=label)


def _dress(axes: Axes, kind: str, curves: Sequence[Curve]) -> None:
    dashed = {curve.split for curve in curves if not curve.label}
    title = f"{TITLES[kind]} (dashed: {', '.join(sorted(dashed))})" if dashed else TITLES[kind]
    axes.set_title(title)
    axes.grid()
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    if kind == "accuracy":
        axes.yaxis.set_major_formatter(PERCENT)
    elif all((curve.table["value"] > 0).all() for curve in curves):
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_title(f"{title}; linear, a value is not above 0")
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.13), labelcolor=SOFT, fontsize=8.5)
