"""The same runs on a real MLflow server and on PostgreSQL, both on this machine alone."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from glyphlens.tracking.outbox import post, waiting
from tests.tracking.forged_runs import CURVES, curve, forged_record, kept_runs
from tests.tracking.servers import free_port, mlflow_server, postgres, postgres_is_missing


def test_a_server_that_was_down_gets_every_run_once(
    home: Path, empty_database: Path, at: Callable[[str], Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "server").mkdir()
    shutil.copyfile(empty_database, tmp_path / "server/mlflow.db")
    port = free_port()
    client = at(f"http://127.0.0.1:{port}")
    post(forged_record())
    assert len(waiting()) == 1 and "refused" in capfd.readouterr().err
    with mlflow_server(tmp_path / "server", port):
        post(forged_record("phase2"))
        assert waiting() == [] and capfd.readouterr().err == ""
        first, second = kept_runs(client)
        assert [run.data.tags["dvc.stage"] for run in (first, second)] == ["kanji@cnn", "phase2"]
        assert first.data.metrics == second.data.metrics and first.data.params == second.data.params
        expected = [(step, value) for step, name, value in CURVES if name == "val_top1"]
        assert curve(client, first, "curves/val_top1") == expected


@pytest.mark.skipif(bool(postgres_is_missing()), reason=postgres_is_missing())
def test_postgresql_keeps_a_run(home: Path, at: Callable[[str], Any], capfd: pytest.CaptureFixture[str]) -> None:
    with postgres() as uri:
        client = at(uri)
        client.search_experiments()  # makes the tables, which takes longer than a training waits
        post(forged_record())
        assert waiting() == []
        (run,) = kept_runs(client)
        assert run.data.metrics["val_top1"] == 0.75 and len(curve(client, run, "curves/val_loss")) == 60
    capfd.readouterr()
    post(forged_record())
    assert len(waiting()) == 1 and "refused" in capfd.readouterr().err
