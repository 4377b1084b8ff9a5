"""``glyphlens experiments`` as a person meets it."""

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.forged_experiments import commit, experiment


@pytest.fixture
def shown(tmp_path: Path) -> Path:
    """A file with a sweep of two parameters."""
    runs = [
        experiment(f"exp-{place}", {"lr": lr, "backbone": backbone}, 0.5 + 0.03 * place)
        for place, (lr, backbone) in enumerate((lr, name) for lr in (0.01, 0.001) for name in ("cnn", "transformer"))
    ]
    runs.append(experiment("waiting", {"lr": 1.0, "backbone": "cnn"}, None, "queued"))
    path = tmp_path / "show.json"
    path.write_text(json.dumps(commit({"lr": 0.003, "backbone": "cnn"}, 0.55, runs)), encoding="utf-8")
    return path


def test_a_table_best_first_of_the_parameters_that_differ(glyphlens, shown):
    status, out, err = glyphlens("experiments", "phase2:val_top1", "--source", shown)
    assert (status, err) == (0, "")
    rows = [line.split() for line in out.splitlines() if line.startswith((" exp", " main"))]
    assert rows[0] == ["experiment", "val_top1", "phase2.lr", "phase2.backbone"]
    assert rows[1] == ["exp-3", "0.59", "0.001", "transformer"]
    assert ["main", "(commit)", "0.55", "0.003", "cnn"] in rows
    scores = [float(row[2] if row[0] == "main" else row[1]) for row in rows[1:]]
    assert scores == sorted(scores, reverse=True) and len(scores) == 5
    assert "got none: waiting" in out


def test_the_sweep_as_a_picture(glyphlens, shown, tmp_path):
    target = tmp_path / "new/sweep.png"
    status, out, err = glyphlens("experiments", "phase2:val_top1", "--source", shown, "-o", target)
    assert (status, err) == (0, "") and "sweep.png: 5 experiments" in out
    with Image.open(target) as picture:
        assert picture.format == "PNG"
        orange = np.asarray(picture.convert("RGB")) == (217, 130, 0)
        assert orange.all(axis=2).any()  # the star of the best


def test_experiments_by_their_names_beside_their_commit(glyphlens, shown):
    status, out, _ = glyphlens("experiments", "phase2:val_top1", "--source", shown, "--only", "exp-[01]")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines() if line.startswith((" exp-", " main"))] == [
        "main",
        "exp-1",
        "exp-0",
    ]


def test_no_experiment_of_the_name_is_no_and_not_nothing(glyphlens, shown, tmp_path):
    target = tmp_path / "sweep.png"
    status, out, err = glyphlens("experiments", "phase2:val_top1", "--source", shown, "--only", "sweep-*", "-o", target)
    assert (status, out) == (1, "") and not target.exists()
    assert err == (
        "glyphlens: --only sweep-*: no experiment of that name; there are exp-0, exp-1, exp-2, exp-3, waiting\n"
    )


@pytest.mark.parametrize("value", ["NaN", "Infinity", "null"])
def test_an_experiment_without_a_number_is_named_and_not_drawn(glyphlens, shown, tmp_path, value):
    shown.write_text(shown.read_text(encoding="utf-8").replace("0.56", value), encoding="utf-8")
    target = tmp_path / "sweep.png"
    status, out, err = glyphlens("experiments", "phase2:val_top1", "--source", shown, "-o", target)
    assert (status, err) == (0, "") and "sweep.png: 4 experiments" in out
    assert "without a number for it, because they wait, run, failed or got none: exp-2, waiting" in out


def test_standard_input(glyphlens, shown, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(shown.read_text(encoding="utf-8")))
    status, out, _ = glyphlens("experiments", "phase2:val_top1", "--source", "-")
    assert status == 0 and "exp-3" in out


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        ("no json", (), "show.json: not JSON"),
        ("[1]", (), "not what `dvc exp show --json`"),
        (None, ("-o", "sweep.pdf"), "name it .png"),
        (None, ("--source", "absent.json"), "absent.json: cannot be read"),
    ],
)
def test_what_cannot_be_compared_is_one_line(glyphlens, shown, content, arguments, message):
    if content:
        shown.write_text(content, encoding="utf-8")
    status, out, err = glyphlens("experiments", "phase2:val_top1", "--source", shown, *arguments)
    assert (status, out) == (2, "") and message in err and "Traceback" not in err


def test_one_experiment_is_no_sweep(glyphlens, shown, tmp_path):
    shown.write_text(json.dumps(commit({"lr": 1}, 0.5, [])), encoding="utf-8")
    status, _, err = glyphlens("experiments", "phase2:val_top1", "--source", shown, "-o", tmp_path / "a.png")
    assert status == 2 and "nothing to draw" in err and not (tmp_path / "a.png").exists()


def test_outside_a_repository_dvc_says_so(glyphlens, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, err = glyphlens("experiments", "val_top1")
    assert (status, out) == (2, "") and "dvc exp show --json: ERROR: you are not inside of a DVC repository" in err
