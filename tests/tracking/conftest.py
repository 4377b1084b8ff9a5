"""A repository with an empty MLflow database, as the working directory."""

import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from glyphlens.tracking import outbox
from glyphlens.tracking.client import open_client
from tests.preloaded import python


@pytest.fixture
def home(tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The repository's root; nothing is switched off, no server is named, and a run has time to be delivered.

    Deliveries do not wait for MLflow's imports. A process that a test ends is one that it started fresh.
    """
    (tmp_path / ".dvc").mkdir()
    shutil.copyfile(empty_database, tmp_path / "mlflow.db")
    monkeypatch.chdir(tmp_path)
    for name in ("MLFLOW_TRACKING_URI", "GLYPHLENS_TRACKING", "DVC_EXP_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(outbox, "PATIENCE_S", 600.0)
    monkeypatch.setattr(sys, "executable", str(python()))
    return tmp_path


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """A client of the server or database, which is where everything goes from now on."""

    def choose(uri: str) -> Any:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        return open_client()

    return choose


@pytest.fixture
def refused() -> Iterator[str]:
    """The address of a server that is down: a port that is taken, with nobody listening."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"
