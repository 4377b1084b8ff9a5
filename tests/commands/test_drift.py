"""`glyphlens drift` says what does not fit and what to run."""

from pathlib import Path

import pytest

from tests.scratch_repository import Repository, project

GRAPH = {
    "stages": {
        "glyphs": {"cmd": "run", "deps": ["data/packages"], "outs": ["data/glyphs"]},
        "phase2": {"cmd": "run", "deps": ["data/glyphs"], "params": ["phase2"], "outs": ["models/p"]},
    }
}


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    made = project(tmp_path / "repository")
    made.write("dvc.yaml", GRAPH)
    made.change("params.yaml", phase2={"lr": 0.003})
    monkeypatch.chdir(made.folder)
    return made


def test_a_stage_that_does_not_fit(repository: Repository, glyphlens) -> None:
    repository.write("data/packages", "other than recorded")
    repository.change("params.yaml", phase2={"lr": 0.1})
    status, out, _ = glyphlens("drift")
    assert status == 1
    assert out.splitlines() == [
        "glyphs: dvc.lock does not fit, run `dvc repro glyphs` and commit what it writes",
        "  data/packages: recorded d0, now db2c5f7c69c159440ce706d3aee5d9bc",
        "phase2: dvc.lock does not fit, run `dvc repro phase2` and commit what it writes",
        "  phase2.lr: recorded 0.003, now 0.1",
        "",
        "2 stages to run again; `dvc repro` runs all that are needed",
    ]


def test_everything_fits(repository: Repository, glyphlens) -> None:
    repository.change("dvc.yaml", stages=GRAPH["stages"] | {"glyphs": {"cmd": "run", "outs": ["data/glyphs"]}})
    status, out, _ = glyphlens("drift")
    assert (status, out) == (0, "dvc.lock fits the code, the parameters and the metrics\n")
