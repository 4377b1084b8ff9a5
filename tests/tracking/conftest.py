"""A repository with an empty MLflow database, as the working directory."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from glyphlens.tracking.client import open_client


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """To copy: MLflow takes seconds to make one."""
    folder = tmp_path_factory.mktemp("mlflow")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        open_client().search_experiments()
    return folder / "mlflow.db"


@pytest.fixture
def home(tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The repository's root; nothing is switched off, no server is named."""
    (tmp_path / ".dvc").mkdir()
    shutil.copyfile(empty_database, tmp_path / "mlflow.db")
    monkeypatch.chdir(tmp_path)
    for name in ("MLFLOW_TRACKING_URI", "GLYPHLENS_TRACKING", "DVC_EXP_NAME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """A client of the server or database, which is where everything goes from now on."""

    def choose(uri: str) -> Any:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        return open_client()

    return choose
