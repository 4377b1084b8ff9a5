"""Curves and runs of trainings that DVC starts, for real, in a scratch repository."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from glyphlens.core.curves import read_curves
from glyphlens.tracking.client import open_client
from glyphlens.tracking.outbox import waiting
from tests.tracking.forged_runs import kept_runs
from tests.tracking.repository import commit_all, dvc, git

CHECKOUT = Path(__file__).resolve().parents[2]
TRAIN = """
from pathlib import Path
from glyphlens.tracking.curve_files import CurveFiles
from glyphlens.tracking import outbox
from tests.tracking.forged_runs import forged_record

outbox.PATIENCE_S = 600.0  # on a busy machine too, the run is in MLflow when the stage ends
files = CurveFiles(Path("model/curves"))
files.open([(1, "train_loss", 2.0)])
files.log(2, "train_loss", 1.0)
files.close()
outbox.post(forged_record("train"))
"""
GRAPH = """
stages:
  train:
    cmd: python train.py
    deps: [train.py]
    params: [lr]
    outs: [model]
"""


@pytest.fixture
def repository(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (home / ".dvc").rmdir()
    files = {
        "train.py": TRAIN,
        "dvc.yaml": GRAPH,
        "params.yaml": "lr: 0.1\n",
        ".gitignore": "/mlflow.db\n/.glyphlens/\n/mlruns/\n",
    }
    for name, content in files.items():
        (home / name).write_text(content, encoding="utf-8")
    git(home, "init", "--quiet")
    dvc(home, "init", "--quiet")
    commit_all(home)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(CHECKOUT), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    return home


def test_a_temporary_experiment_outlives_its_workspace(repository: Path) -> None:
    """Of a change that leaves a file as long as it was, within a second of its checkout, git sometimes says nothing."""
    dvc(repository, "exp", "run", "--temp", "--name", "oaken-oxen", "--set-param", "lr=0.25")
    (run,) = kept_runs(open_client())
    assert run.data.tags["dvc.experiment"] == "oaken-oxen" and run.data.tags["git.dirty"] == "true"
    assert run.data.tags["mlflow.source.git.commit"] == git(repository, "rev-parse", "HEAD")
    assert git(repository, "status", "--porcelain") == ""
    assert dvc(repository, "exp", "list", "--name-only").split() == ["oaken-oxen"]
    dvc(repository, "exp", "apply", "oaken-oxen")
    assert read_curves(repository / "model/curves")["value"].to_list() == [2.0, 1.0]


@pytest.mark.parametrize("address", ["sqlite:///mlflow.db", "./mlruns"])
def test_a_relative_address_outlives_the_workspace_too(
    repository: Path, monkeypatch: pytest.MonkeyPatch, at: Callable[[str], Any], address: str
) -> None:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    client = at(address)
    dvc(repository, "exp", "run", "--temp", "--name", "oaken-oxen", "--set-param", "lr=0.2")
    assert waiting() == []
    assert [run.data.tags["dvc.experiment"] for run in kept_runs(client)] == ["oaken-oxen"]


def test_what_mlflow_refuses_outlives_the_workspace_in_the_outbox(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///:memory:")
    told = dvc(repository, "exp", "run", "--temp", "--set-param", "lr=0.2")
    assert "sqlite:///:memory: names no file" in told and len(waiting()) == 1


def test_a_run_of_the_pipeline_is_no_experiment(repository: Path) -> None:
    before = (repository / "dvc.yaml").read_bytes()
    dvc(repository, "repro")
    (run,) = kept_runs(open_client())
    assert run.data.tags["dvc.stage"] == "train" and "dvc.experiment" not in run.data.tags
    assert (repository / "dvc.yaml").read_bytes() == before
    assert dvc(repository, "exp", "list", "--name-only").strip() == ""
