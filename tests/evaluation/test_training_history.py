"""Histories in all their forms come out alike; what is none is named with its key."""

import json
import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image

from glyphlens.core.errors import InputError
from glyphlens.evaluation.training_history import History, plot_histories, read_history
from tests.forged_curves import write_curves

LOSS, ACCURACY = [1.0, 0.5, 0.25], [60.0, 80.0, 90.0]
FLAT = {"epochs": [1, 2, 3], "train_loss": LOSS, "val_loss": LOSS, "val_acc": ACCURACY, "best_val_acc": 90.0, "lr": [1]}
NESTED = [
    {"epoch": epoch, "train": {"total_loss": loss}, "val": {"loss": loss, "accuracy": accuracy}, "seconds": "12 s"}
    for epoch, loss, accuracy in zip((1, 2, 3), LOSS, ACCURACY, strict=True)
]
BY_SPLIT = {"train": {"loss": LOSS}, "validation": {"loss": LOSS, "accuracy": ACCURACY}}


def saved(folder: Path, content: Any, name: str = "history.json") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def values(history: History, split: str, kind: str) -> list[tuple[float, float]]:
    table = history.curves
    part = table[(table["split"] == split) & (table["kind"] == kind)]
    return [(float(row.x), float(row.value)) for row in part.itertuples()]  # type: ignore[arg-type]


@pytest.mark.parametrize("content", [FLAT, NESTED, BY_SPLIT], ids=["flat", "nested", "by split"])
def test_the_json_forms_say_the_same(tmp_path: Path, content: Any) -> None:
    history = read_history(saved(tmp_path, content))
    assert (history.name, history.unit) == ("history", "epoch")
    assert values(history, "train", "loss") == values(history, "val", "loss") == [(1, 1.0), (2, 0.5), (3, 0.25)]
    assert values(history, "val", "accuracy") == [(1, 0.6), (2, 0.8), (3, 0.9)]
    assert len(history.curves) == 9


def test_our_own_curves_are_read(tmp_path: Path) -> None:
    logged = {"train_loss": [(50, 2.5)], "val_top1": [(100, 0.5)], "val_top5": [(100, 0.75)], "val_learning": [(9, 7)]}
    history = read_history(write_curves(tmp_path / "curves", logged), "cnn")
    assert (history.name, history.unit) == ("cnn", "step")
    assert values(history, "train", "loss") == [(50, 2.5)]
    assert sorted(history.curves["metric"]) == ["loss", "top1", "top5"]
    assert values(history, "val", "accuracy") == [(100, 0.5), (100, 0.75)]  # shares stay shares


def test_keras_names_and_missing_epochs(tmp_path: Path) -> None:
    history = read_history(saved(tmp_path, {"loss": LOSS, "accuracy": [0.1, 0.2, 0.3], "val_loss": LOSS}))
    assert values(history, "train", "accuracy") == [(1, 0.1), (2, 0.2), (3, 0.3)]


def test_a_gap_stays_a_gap(tmp_path: Path) -> None:
    history = read_history(saved(tmp_path, {"train_loss": [1.0, None, math.nan, math.inf, 0.5]}))
    assert values(history, "train", "loss") == [(1, 1.0), (5, 0.5)]
    ours = write_curves(tmp_path / "curves", {"train_loss": [(1, 1.0), (2, math.nan), (3, math.inf), (5, 0.5)]})
    assert values(read_history(ours), "train", "loss") == [(1, 1.0), (5, 0.5)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"train_loss": [1, "low"]}, r"history.json: train_loss\[1\]: 'low' is not a number"),
        ({"train_loss": [1, True]}, r"train_loss\[1\]: True is not a number"),
        ({"val_loss": "1, 2, 3"}, "history.json: val_loss: expected a list"),
        ({"epochs": [1, 2], "val_loss": [1, 2, 3]}, "val_loss: 3 values for 2 epochs"),
        ({"epochs": ["one"], "val_loss": [1]}, r"epochs\[0\]: 'one' is not a number"),
        ([{"epoch": 1, "val": {"accuracy": "90 %"}}], r"\[0\].val.accuracy: '90 %' is not a number"),
        ([{"epoch": 1}, 3], r"\[1\]: expected a mapping of an epoch, found 3"),
        ({"weights": [1, 2]}, "no curve in it; expected keys such as train_loss"),
        ({"train_loss": [None]}, "no curve in it"),
        ([], "expected lists such as"),
        ("{", "not a readable JSON"),
    ],
)
def test_what_is_no_history_is_named(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_history(saved(tmp_path, content))


def test_a_folder_without_a_known_curve_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="curves: no curve in it; expected keys such as train_loss"):
        read_history(write_curves(tmp_path / "curves", {"learning_rate": [(1, 0.1)]}))


def test_another_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"curves.csv: no training history; expected a folder .* or a .json"):
        read_history(saved(tmp_path, "step,name,value\n1,val_loss,2\n", "curves.csv"))


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    for name in ("gone.json", "gone"):
        with pytest.raises(InputError, match=f"{name}: "):
            read_history(tmp_path / name)


def history_of(name: str, curves: list[tuple[float, str, str, float]], unit: Any = "epoch") -> History:
    table = pd.DataFrame(curves, columns=["x", "split", "metric", "value"])
    table["kind"] = ["loss" if "loss" in metric else "accuracy" for metric in table["metric"]]
    return History(name, unit, table)


def test_the_chart_has_its_resolution_and_the_same_bytes(tmp_path: Path) -> None:
    curves = [(float(x), "val", metric, 0.1 * x) for metric in ("loss", "accuracy") for x in (1, 2, 3)]
    histories = [history_of("a", [*curves, (1.0, "train", "loss", 2.0)]), history_of("b", curves)]
    for name in ("one.png", "two.png"):
        plot_histories(tmp_path / name, histories, dpi=300)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    with Image.open(tmp_path / "one.png") as picture:
        assert [round(value) for value in picture.info["dpi"]] == [300, 300]
        width = picture.width
    plot_histories(tmp_path / "loss.png", [history_of("a", curves[:3])], dpi=300)
    with Image.open(tmp_path / "loss.png") as picture:
        assert picture.width < 0.6 * width  # one panel where there is no accuracy


def test_a_loss_that_is_not_positive_is_drawn_on_a_linear_axis(tmp_path: Path) -> None:
    plot_histories(tmp_path / "a.png", [history_of("a", [(1.0, "val", "loss", -0.5), (2.0, "val", "loss", 0.0)])])
    assert (tmp_path / "a.png").is_file()


def test_steps_and_epochs_do_not_share_an_axis(tmp_path: Path) -> None:
    point = [(1.0, "val", "loss", 0.5)]
    with pytest.raises(InputError, match="a counts epochs, b counts steps"):
        plot_histories(tmp_path / "a.png", [history_of("a", point), history_of("b", point, "step")])
    assert not list(tmp_path.iterdir())
