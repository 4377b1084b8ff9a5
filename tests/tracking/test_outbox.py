import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from glyphlens.core.errors import InputError
from glyphlens.tracking import outbox
from glyphlens.tracking.client import open_client
from glyphlens.tracking.outbox import deliver, post, read_posted, waiting
from tests.tracking.forged_runs import forged_post, forged_record, kept_runs

PATIENCE_S = 600.0
DELIVERY = [sys.executable, "-m", "glyphlens.tracking.delivery"]


@pytest.fixture
def hanging() -> Iterator[str]:
    """The address of a server that takes a connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def keep(home: Path, count: int) -> None:
    """Runs that wait, as if MLflow had been down."""
    for number in range(count):
        posted = forged_post(f"{number:04x}", stage=f"kanji@net{number}")
        folder = home / ".glyphlens/outbox"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}-{posted.id}.json").write_text(posted.model_dump_json(), encoding="utf-8")


def test_a_run_is_sent_at_once(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    post(forged_record())
    assert waiting() == [] and capfd.readouterr() == ("", "")
    assert [run.info.status for run in kept_runs(open_client())] == ["FINISHED"]


def test_it_can_be_switched_off(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLYPHLENS_TRACKING", "off")
    post(forged_record())
    assert not (home / ".glyphlens").exists() and kept_runs(open_client()) == []


def test_a_server_that_is_down_is_warned_of_and_gets_it_later(
    home: Path, refused: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    before_ms = time.time() * 1000
    with monkeypatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", refused.replace("//", "//somebody:secret@"))
        patch.setenv("DVC_EXP_NAME", "oaken-oxen")
        post(forged_record(seconds=5))
        after_ms = time.time() * 1000
    (file,) = waiting()
    warning = capfd.readouterr().err
    for named in ("kanji@cnn: warning", refused.removeprefix("http://"), "refused", str(file), "`glyphlens track`"):
        assert named in warning
    assert "secret" not in warning
    assert read_posted(file).record == forged_record(seconds=5)

    assert deliver(PATIENCE_S) == "" and waiting() == []
    (run,) = kept_runs(open_client())
    assert run.info.run_name == "cnn-oaken-oxen", "the facts are of the training, not of the delivery"
    assert before_ms - 1 <= run.info.end_time <= after_ms and run.info.end_time - run.info.start_time == 5000


def test_a_server_that_hangs_does_not_hang_the_training(
    home: Path, hanging: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", hanging)
    monkeypatch.setattr(outbox, "PATIENCE_S", 1.0)
    post(forged_record())
    assert "no answer within 1 s" in capfd.readouterr().err and len(waiting()) == 1


def test_a_request_is_given_up_before_the_process(home: Path, hanging: str, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(home, 1)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", hanging)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    assert "timed out" in deliver(PATIENCE_S)


def test_a_locked_database_is_warned_of(home: Path) -> None:
    keep(home, 1)
    with closing(sqlite3.connect(home / "mlflow.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert "database is locked" in deliver(PATIENCE_S)
    assert len(waiting()) == 1


def test_an_address_of_nothing_is_warned_of(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(home, 1)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "nonsense://host")
    assert "nonsense://host" in deliver(PATIENCE_S) and len(waiting()) == 1


def test_an_outbox_that_cannot_be_written_is_warned_of(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (home / ".glyphlens").write_text("a file where a folder is needed", encoding="utf-8")
    post(forged_record())
    assert "kanji@cnn: warning: this training will not be in MLflow" in capfd.readouterr().err


def test_a_damaged_file_is_named_and_keeps_no_other_back(home: Path) -> None:
    keep(home, 2)
    damaged = waiting()[0]
    damaged.write_bytes(damaged.read_bytes()[:-20])
    with pytest.raises(InputError, match=damaged.name):
        read_posted(damaged)
    assert damaged.name in deliver(PATIENCE_S)
    assert waiting() == [damaged] and len(kept_runs(open_client())) == 1


def test_nothing_to_send_starts_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert deliver(PATIENCE_S) == ""


def test_trainings_that_end_together_are_all_kept(home: Path) -> None:
    """Two processes post at once, as queue workers do on one SQLite database."""
    code = (
        "import sys; from glyphlens.tracking.outbox import post; from tests.tracking.forged_runs import forged_record;"
        "post(forged_record(stage=sys.argv[1]))"
    )
    paths = os.pathsep.join([str(Path(__file__).resolve().parents[2]), os.environ.get("PYTHONPATH", "")])
    workers = [
        subprocess.Popen([sys.executable, "-c", code, f"phase{number}"], env={**os.environ, "PYTHONPATH": paths})
        for number in range(2)
    ]
    assert [worker.wait() for worker in workers] == [0, 0]
    assert waiting() == []
    assert sorted(run.data.tags["dvc.stage"] for run in kept_runs(open_client())) == ["phase0", "phase1"]


def test_a_delivery_that_is_killed_doubles_and_loses_nothing(home: Path) -> None:
    """Killed as soon as MLflow has a run that is not whole yet, twice."""
    keep(home, 2)
    client = open_client()
    for _ in range(2):
        known = len(whole(client))
        delivery = subprocess.Popen(DELIVERY)
        # a delivery that was done before it could be killed has nothing left for the next one
        wait_for(lambda known=known, done=delivery.poll: len(kept_runs(client)) > known or done() is not None)
        delivery.send_signal(signal.SIGKILL)
        delivery.wait()
    assert deliver(PATIENCE_S) == "" and waiting() == []
    runs = whole(client)
    assert len(runs) == len(kept_runs(client)) == 2
    assert len({run.data.tags["glyphlens.id"] for run in runs}) == 2
    assert all(run.data.metrics == runs[0].data.metrics for run in runs)


def whole(client: Any) -> list[Any]:
    return [run for run in kept_runs(client) if run.info.status == "FINISHED"]


def wait_for(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.005)
