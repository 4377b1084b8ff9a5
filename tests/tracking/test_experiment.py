"""Curves and runs of trainings that DVC starts, for real, in a scratch repository."""

import os
import sys
from pathlib import Path

import pytest

from glyphlens.curves import read_curves
from glyphlens.tracking.client import open_client
from tests.tracking.forged_runs import kept_runs
from tests.tracking.repository import commit_all, dvc, git

CHECKOUT = Path(__file__).resolve().parents[2]
TRAIN = """
from pathlib import Path
from glyphlens.tracking.curve_files import CurveFiles
from glyphlens.tracking.outbox import post
from tests.tracking.forged_runs import forged_record

files = CurveFiles(Path("model/curves"))
files.open([(1, "train_loss", 2.0)])
files.log(2, "train_loss", 1.0)
files.close()
post(forged_record("train"))
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
        ".gitignore": "/mlflow.db\n/.glyphlens/\n",
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
    dvc(repository, "exp", "run", "--temp", "--name", "oaken-oxen", "--set-param", "lr=0.2")
    (run,) = kept_runs(open_client())
    assert run.data.tags["dvc.experiment"] == "oaken-oxen" and run.data.tags["git.dirty"] == "true"
    assert run.data.tags["mlflow.source.git.commit"] == git(repository, "rev-parse", "HEAD")
    assert git(repository, "status", "--porcelain") == ""
    assert dvc(repository, "exp", "list", "--name-only").split() == ["oaken-oxen"]
    dvc(repository, "exp", "apply", "oaken-oxen")
    assert read_curves(repository / "model/curves")["value"].to_list() == [2.0, 1.0]


def test_a_run_of_the_pipeline_is_no_experiment(repository: Path) -> None:
    before = (repository / "dvc.yaml").read_bytes()
    dvc(repository, "repro")
    (run,) = kept_runs(open_client())
    assert run.data.tags["dvc.stage"] == "train" and "dvc.experiment" not in run.data.tags
    assert (repository / "dvc.yaml").read_bytes() == before
    assert dvc(repository, "exp", "list", "--name-only").strip() == ""
