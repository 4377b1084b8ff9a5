"""Runs, releases and turns on a real MLflow server and on PostgreSQL, both on this machine alone, one of each."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from glyphlens.core.errors import InputError, OutputError
from glyphlens.tracking.client import open_client
from glyphlens.tracking.outbox import post, waiting
from glyphlens.tracking.registry import promote, rollback
from glyphlens.tracking.versions import fetch
from tests.forged_release import GUARD, NAME, forged_release
from tests.ports import reserved_port
from tests.tracking.forged_runs import CURVES, curve, forged_record, kept_runs
from tests.tracking.servers import mlflow_server, postgres, postgres_is_missing
from tests.tracking.test_moves import champion
from tests.tracking.test_turns import check, neighbour, race
from tests.tracking.test_versions import ADDRESS, contents


class Server(NamedTuple):
    """Its address, and the folder with its database and its artifacts."""

    uri: str
    folder: Path


@pytest.fixture(scope="module")
def running_server(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder, port = tmp_path_factory.mktemp("server"), reserved_port()
    shutil.copyfile(empty_database, folder / "mlflow.db")
    with mlflow_server(folder, port):
        yield Server(f"http://127.0.0.1:{port}", folder)


@pytest.fixture
def server(running_server: Server, empty_database: Path) -> Server:
    """As on its first day: with an empty database and no artifacts."""
    database = sqlite3.connect(running_server.folder / "mlflow.db")
    with closing(sqlite3.connect(empty_database)) as empty, closing(database):
        empty.backup(database)
    shutil.rmtree(running_server.folder / "artifacts", ignore_errors=True)
    return running_server


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    """The address of a database that all tests share."""
    if reason := postgres_is_missing():
        pytest.skip(reason)
    with postgres() as uri:
        yield uri


def test_a_server_that_was_down_gets_every_run_once(
    home: Path,
    server: Server,
    refused: str,
    at: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", refused)
    post(forged_record())
    assert len(waiting()) == 1 and "refused" in capfd.readouterr().err
    client = at(server.uri)
    post(forged_record("phase2"))
    assert waiting() == [] and capfd.readouterr().err == ""
    first, second = kept_runs(client)
    assert [run.data.tags["dvc.stage"] for run in (first, second)] == ["kanji@cnn", "phase2"]
    assert first.data.metrics == second.data.metrics and first.data.params == second.data.params
    expected = [(step, value) for step, name, value in CURVES if name == "val_top1"]
    assert curve(client, first, "curves/val_top1") == expected


def test_a_server_keeps_and_gives_the_files(
    home: Path, server: Server, refused: str, tmp_path: Path, at: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    at(server.uri)
    release = forged_release(home, 0.9)
    assert promote(release).is_champion and not promote(release).is_new
    assert contents(fetch(ADDRESS, tmp_path / "fetched")) == contents(release.folder)
    assert len(list((server.folder / "artifacts").rglob("m.onnx"))) == 1
    assert not (home / "mlartifacts").exists() and not (home / "mlruns").exists()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", refused)
    with pytest.raises(OutputError, match=f"{refused}: cannot fetch {ADDRESS}"):
        fetch(ADDRESS, tmp_path / "again")


def test_a_server_that_lost_its_files_is_told_apart_from_one_that_is_down(
    home: Path, server: Server, tmp_path: Path, at: Callable[[str], Any]
) -> None:
    at(server.uri)
    first, second = forged_release(home, 0.8, 1), forged_release(home, 0.9, 2)
    promote(first)
    shutil.rmtree(server.folder / "artifacts")
    with pytest.raises(InputError, match=r"version 1 is registered, but its files are not in the store \(mlflow-a"):
        fetch(ADDRESS, tmp_path / "fetched")
    promote(second)
    with pytest.raises(InputError, match="version 1 is registered, but its files are not in the store"):
        rollback(NAME, GUARD)
    assert champion() == "2" and promote(first).is_restored
    assert rollback(NAME, GUARD)[1].number == "1"


def test_two_machines_on_one_server_take_turns(
    home: Path, server: Server, tmp_path: Path, at: Callable[[str], Any]
) -> None:
    at(server.uri)
    race((home, neighbour(tmp_path / "second")), tmp_path / "meeting", 3)
    check(3)
    assert [model.name for model in open_client().search_registered_models()] == [NAME]


def test_postgresql_keeps_a_run(
    home: Path,
    postgresql: str,
    refused: str,
    at: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    client = at(postgresql)
    before = {run.info.run_id for run in kept_runs(client)}  # makes the tables, where they are not there yet
    post(forged_record())
    assert waiting() == []
    (run,) = [run for run in kept_runs(client) if run.info.run_id not in before]
    assert run.data.metrics["val_top1"] == 0.75 and len(curve(client, run, "curves/val_loss")) == 60
    capfd.readouterr()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", refused.replace("http://", "postgresql://glyphlens@") + "/postgres")
    post(forged_record())
    assert len(waiting()) == 1 and "refused" in capfd.readouterr().err


def test_a_server_on_postgresql_goes_forward_and_back(
    home: Path, postgresql: str, tmp_path: Path, at: Callable[[str], Any]
) -> None:
    folder, port = tmp_path / "server", reserved_port()
    folder.mkdir()
    at(f"http://127.0.0.1:{port}")
    first, worse, better = (forged_release(home, score, seed) for seed, score in enumerate((0.8, 0.7, 0.9)))
    with mlflow_server(folder, port, postgresql):
        assert promote(first).is_champion and not promote(worse).is_champion and promote(better).is_champion
        left, now = rollback(NAME, GUARD)
        assert (left.number, now.number) == ("3", "1")
        assert contents(fetch(ADDRESS, tmp_path / "fetched")) == contents(first.folder)
        again = promote(better)
        assert again.is_champion and not again.is_new
