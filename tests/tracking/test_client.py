import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from glyphlens.core.errors import InputError
from glyphlens.tracking.client import open_client, registry_uri, shown_uri, tracking_uri, without_password
from tests.preloaded import python

OPEN = ["-c", "from glyphlens.tracking.client import open_client; open_client()"]
# Waits for the other's file, so that both open the database together; sys.argv: this one, the other
MEET = """
import sys, time
from pathlib import Path
import mlflow.store.tracking.sqlalchemy_store
from glyphlens.tracking.client import open_client

Path(f"../{sys.argv[1]}.here").touch()
deadline_s = time.monotonic() + 120
while not Path(f"../{sys.argv[2]}.here").exists():
    assert time.monotonic() < deadline_s
    time.sleep(0.001)
open_client().create_experiment(sys.argv[1])
"""


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
    ("relative", "absolute"),
    [
        ("sqlite:///runs.db", "sqlite:///{home}/runs.db"),
        ("sqlite:///./runs.db", "sqlite:///{home}/runs.db"),
        ("sqlite:///../runs.db", "sqlite:///{home}/../runs.db"),
        ("sqlite:///a b/runs.db?timeout=5", "sqlite:///{home}/a b/runs.db?timeout=5"),
        ("sqlite:///50%25/runs.db", "sqlite+pysqlite:///{home}/50%25/runs.db"),
        ("sqlite+pysqlite:///runs.db", "sqlite:///{home}/runs.db"),
        ("mlruns", "file://{home}/mlruns"),
        ("./mlruns", "file://{home}/mlruns"),
        ("../mlruns", "file://{home}/../mlruns"),
        ("a b/mlruns", "file://{home}/a%20b/mlruns"),
        ("file:mlruns", "file://{home}/mlruns"),
        ("file:./mlruns", "file://{home}/mlruns"),
        ("file:./a%20b", "file://{home}/a%20b"),
    ],
)
def test_a_relative_address_is_one_in_the_repository_that_a_temporary_experiment_belongs_to(
    home: Path, monkeypatch: pytest.MonkeyPatch, relative: str, absolute: str
) -> None:
    workspace = home / ".dvc/tmp/exps/tmpab12"
    (workspace / ".dvc").mkdir(parents=True)
    monkeypatch.chdir(workspace)
    for name, resolved in (("MLFLOW_TRACKING_URI", tracking_uri), ("MLFLOW_REGISTRY_URI", registry_uri)):
        monkeypatch.setenv(name, relative)
        assert resolved() == absolute.format(home=home)


@pytest.mark.parametrize(
    "uri",
    ["sqlite:////srv/runs.db", "file:///srv/runs", "/srv/runs", "http://host:5000", "databricks", "databricks://profile",
     "postgresql://me@host/runs", "arn:aws:sagemaker:us-east-1:1:mlflow-tracking-server/x", "file://host/runs"],
)  # fmt: skip
def test_any_other_address_is_left_alone(home: Path, monkeypatch: pytest.MonkeyPatch, uri: str) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert tracking_uri() == uri == registry_uri()


@pytest.mark.parametrize(
    "uri",
    ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite+pysqlite:///:memory:",
     "sqlite:///file::memory:?uri=true", "sqlite:///file:runs.db?uri=true"],
)  # fmt: skip
def test_a_database_that_ends_with_the_process_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch, uri: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with pytest.raises(InputError, match=r"sqlite.*names no file; write sqlite:///mlflow\.db"):
        open_client()
    assert [path.name for path in home.iterdir()] == [".dvc", "mlflow.db"] or not (home / "file:").exists()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://me:p@ss@host/runs", "postgresql://me:***@host/runs"),
        ("refused by http://me:secret@host:1/api, again", "refused by http://me:***@host:1/api, again"),
        ("http://me@host:5000", "http://me@host:5000"),
        ("sqlite:////home:a@b/mlflow.db", "sqlite:////home:a@b/mlflow.db"),
    ],
)
def test_a_password_is_not_shown(text: str, shown: str) -> None:
    assert without_password(text) == shown


def test_an_address_is_shown_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:secret@host:5000")
    assert shown_uri() == "http://me:***@host:5000"


def test_the_users_settings_are_left_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow.environment_variables import MLFLOW_HTTP_REQUEST_MAX_RETRIES, MLFLOW_HTTP_REQUEST_TIMEOUT

    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "77")
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", raising=False)
    open_client()
    assert (MLFLOW_HTTP_REQUEST_TIMEOUT.get(), MLFLOW_HTTP_REQUEST_MAX_RETRIES.get()) == (77, 0)


def test_a_new_database_is_made_whole_or_not_at_all(no_database: Path) -> None:
    """MLflow is killed while it makes the tables; the next one starts afresh, and tells nothing of it."""
    told = f"import os; print(os.getpid(), flush=True); {OPEN[1]}"
    maker = subprocess.Popen([python(), "-c", told], stdout=subprocess.PIPE)
    assert maker.stdout is not None
    process = int(maker.stdout.readline())  # itself, which is gone when the one that started it says so
    while not any(path.stat().st_size for path in no_database.glob(".mlflow.db.*.partial")):
        assert maker.poll() is None
        time.sleep(0.002)
    os.kill(process, signal.SIGKILL)
    maker.communicate()
    assert not (no_database / "mlflow.db").exists()
    answer = subprocess.run([python(), *OPEN], capture_output=True, text=True, check=True)
    assert (answer.stdout, answer.stderr) == ("", "")
    assert [experiment.name for experiment in open_client().search_experiments()] == ["Default"]


def test_of_two_repositories_that_begin_one_database_neither_loses_what_it_wrote(
    tmp_path: Path, at: Callable[[str], Any]
) -> None:
    settings = {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/shared/m.db"}
    both = []
    for me, other in (("a", "b"), ("b", "a")):
        (tmp_path / me / ".dvc").mkdir(parents=True)
        both.append(subprocess.Popen([python(), "-c", MEET, me, other], cwd=tmp_path / me, env=settings))
    assert [process.wait(timeout=300) for process in both] == [0, 0]
    names = [experiment.name for experiment in at(settings["MLFLOW_TRACKING_URI"]).search_experiments()]
    assert sorted(names) == ["Default", "a", "b"]


def test_a_database_that_came_to_be_meanwhile_is_kept(no_database: Path, empty_database: Path) -> None:
    """`mlflow ui` takes no part in our lock."""
    maker = subprocess.Popen([python(), *OPEN])
    while not any(path.stat().st_size for path in no_database.glob(".mlflow.db.*.partial")):
        assert maker.poll() is None
        time.sleep(0.002)
    shutil.copyfile(empty_database, no_database / "mlflow.db")
    inode = (no_database / "mlflow.db").stat().st_ino
    assert (maker.wait(), (no_database / "mlflow.db").stat().st_ino) == (0, inode)


@pytest.mark.parametrize("uri", ["mlflow.db", "./mlruns"])
def test_a_folder_of_runs_is_refused_with_what_to_write(home: Path, monkeypatch: pytest.MonkeyPatch, uri: str) -> None:
    monkeypatch.delenv("MLFLOW_ALLOW_FILE_STORE", raising=False)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with pytest.raises(InputError, match=rf"file://{home}/.*keeps no runs in folders.*sqlite:///mlflow\.db"):
        open_client()
    assert sorted(path.name for path in home.iterdir()) == [".dvc", "mlflow.db"]


def test_what_only_reads_makes_no_database(no_database: Path) -> None:
    with pytest.raises(InputError, match=rf"{no_database}/mlflow\.db: no such database"):
        open_client(reading=True)
    assert [path.name for path in no_database.iterdir()] == [".dvc"]
