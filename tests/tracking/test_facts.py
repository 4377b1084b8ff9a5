import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import torch

from glyphlens.tracking.facts import git_commit, run_tags
from tests.tracking.forged_runs import forged_record
from tests.tracking.repository import commit_all, git

CODE = "src/model.py"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    git(tmp_path, "init", "--quiet")
    for name in (CODE, "README.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_EXP_NAME", raising=False)
    return tmp_path


def test_the_commit_and_the_stage_are_named(checkout: Path) -> None:
    commit = commit_all(checkout)
    tags = run_tags(forged_record())
    assert tags["mlflow.source.git.commit"] == commit and tags["git.dirty"] == "false"
    assert tags["dvc.stage"] == "kanji@cnn" and "dvc.experiment" not in tags
    assert "`dvc.lock`" in tags["mlflow.note.content"] and commit in tags["mlflow.note.content"]


@pytest.mark.parametrize(("name", "dirty"), [(CODE, "true"), ("src/new.py", "true"), ("README.md", "false")])
def test_a_commit_is_dirty_by_what_decides_a_training(checkout: Path, name: str, dirty: str) -> None:
    commit = commit_all(checkout)
    (checkout / name).write_text("y", encoding="utf-8")
    assert run_tags(forged_record())["git.dirty"] == dirty
    assert git_commit() == (f"{commit}+changes" if dirty == "true" else commit)


def test_the_experiment_says_how_to_get_the_outputs(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_EXP_NAME", "oaken-oxen")
    tags = run_tags(forged_record())
    assert tags["dvc.experiment"] == "oaken-oxen"
    assert "`dvc exp apply oaken-oxen`" in tags["mlflow.note.content"]


def test_without_a_commit_or_git_there_is_none(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {"mlflow.source.git.commit", "git.dirty"} & set(run_tags(forged_record())) == set()
    assert git_commit() is None
    monkeypatch.setenv("PATH", str(checkout))
    assert git_commit() is None
    assert {"mlflow.source.git.commit", "git.dirty"} & set(run_tags(forged_record())) == set()


def test_every_input_has_its_hash(checkout: Path) -> None:
    tags = run_tags(forged_record(data={"data/a": "aa", "data/b": "bb"}, code="cc"))
    assert {name: tags[f"sha256/{name}"] for name in ("data/a", "data/b", "code")} == {
        "data/a": "aa",
        "data/b": "bb",
        "code": "cc",
    }


def test_the_hash_of_the_configuration_is_of_its_values(checkout: Path) -> None:
    def config_hash(params: dict[str, object]) -> str:
        return run_tags(forged_record(params=params))["sha256/config"]

    assert config_hash({"lr": 0.1, "steps": 5}) == config_hash({"steps": 5, "lr": 0.1})
    assert config_hash({"lr": 0.1}) != config_hash({"lr": 0.2})


def test_the_machine_is_described(checkout: Path) -> None:
    tags = run_tags(forged_record())
    assert tags["machine.python"] == ".".join(map(str, sys.version_info[:3]))
    assert tags["machine.torch"] == version("torch")
    assert tags["machine.threads"] == str(torch.get_num_threads())
    assert int(tags["machine.cores"]) >= 1 and tags["machine.cpu"].strip() and tags["machine.platform"]
