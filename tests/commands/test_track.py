"""``glyphlens track`` on runs that wait; how they are sent is tested in tests/tracking."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.preloaded import python
from tests.tracking.forged_runs import forged_post

ADDRESS = "http://somebody:secret@127.0.0.1:1"


@pytest.fixture
def home(tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".dvc").mkdir()
    monkeypatch.chdir(tmp_path)
    shutil.copyfile(empty_database, tmp_path / "mlflow.db")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setattr(sys, "executable", str(python()))
    return tmp_path


def keep(home: Path) -> None:
    folder = home / ".glyphlens/outbox"
    folder.mkdir(parents=True)
    (folder / "1-ab12.json").write_text(forged_post().model_dump_json(), encoding="utf-8")


def test_nothing_waits(home: Path, glyphlens) -> None:
    status, out, _ = glyphlens("track")
    assert status == 0 and out == f"sqlite:///{home}/mlflow.db: 0 sent, 0 waiting\n"


def test_what_waits_is_sent(home: Path, glyphlens) -> None:
    keep(home)
    status, out, _ = glyphlens("track")
    assert status == 0 and "1 sent, 0 waiting" in out and (home / "mlflow.db").stat().st_size > 0


def test_a_server_that_is_down_is_named(home: Path, glyphlens, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(home)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", ADDRESS)
    status, out, err = glyphlens("track")
    assert status == 2 and out == "http://somebody:***@127.0.0.1:1: 0 sent, 1 waiting\n"
    assert "refused" in err and str(home / ".glyphlens/outbox") in err and "MLFLOW_TRACKING_URI" in err
    assert "secret" not in err


def test_nothing_waits_and_nothing_is_made_where_there_is_no_repository(
    tmp_path: Path, glyphlens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert glyphlens("track")[0] == 0 and list(tmp_path.iterdir()) == []
