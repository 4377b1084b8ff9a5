from pathlib import Path

import pytest

from glyphlens.tracking.home import project_home


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / ".dvc").mkdir()
    return tmp_path


def test_it_is_the_repository_from_any_folder_inside(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "src/deep").mkdir(parents=True)
    for folder in ("", "src", "src/deep"):
        monkeypatch.chdir(root / folder)
        assert project_home() == root


def test_a_temporary_experiment_belongs_to_the_outer_repository(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = root / ".dvc/tmp/exps/tmpab12"
    (workspace / ".dvc").mkdir(parents=True)
    monkeypatch.chdir(workspace)
    assert project_home() == root


def test_a_repository_in_a_repository_is_its_own(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "inner/.dvc").mkdir(parents=True)
    monkeypatch.chdir(root / "inner")
    assert project_home() == root / "inner"


def test_without_a_repository_it_is_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert project_home() == tmp_path
