import subprocess
import sys
import time
from pathlib import Path

import pytest

from glyphlens.tracking.client import open_client, shown_uri, tracking_uri, without_password

OPEN = [sys.executable, "-c", "from glyphlens.tracking.client import open_client; open_client()"]


@pytest.fixture
def no_database(home: Path) -> Path:
    (home / "mlflow.db").unlink()
    return home


def test_the_database_of_the_repository_is_the_default(home: Path) -> None:
    assert tracking_uri() == f"sqlite:///{home}/mlflow.db"


def test_a_server_is_named_by_the_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000")
    assert tracking_uri() == "http://127.0.0.1:5000"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://me:p@ss@host/runs", "postgresql://me:***@host/runs"),
        ("refused by http://me:secret@host:1/api, again", "refused by http://me:***@host:1/api, again"),
        ("http://me@host:5000", "http://me@host:5000"),
        ("sqlite:////home:a@b/mlflow.db", "sqlite:////home:a@b/mlflow.db"),
    ],
)
def test_a_password_is_not_shown(text: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert without_password(text) == shown
    monkeypatch.setenv("MLFLOW_TRACKING_URI", text)
    assert shown_uri() == shown


def test_the_users_settings_are_left_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow.environment_variables import MLFLOW_HTTP_REQUEST_MAX_RETRIES, MLFLOW_HTTP_REQUEST_TIMEOUT

    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "77")
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", raising=False)
    open_client()
    assert (MLFLOW_HTTP_REQUEST_TIMEOUT.get(), MLFLOW_HTTP_REQUEST_MAX_RETRIES.get()) == (77, 0)


def test_a_new_database_is_made_whole_or_not_at_all(no_database: Path) -> None:
    """MLflow is killed while it makes the tables; the next one starts afresh, and tells nothing of it."""
    maker = subprocess.Popen(OPEN)
    while not any(path.stat().st_size for path in no_database.glob(".mlflow.db.*.partial")):
        assert maker.poll() is None
        time.sleep(0.002)
    maker.kill()
    maker.wait()
    assert not (no_database / "mlflow.db").exists()
    answer = subprocess.run(OPEN, capture_output=True, text=True, check=True)
    assert (answer.stdout, answer.stderr) == ("", "")
    assert [experiment.name for experiment in open_client().search_experiments()] == ["Default"]
