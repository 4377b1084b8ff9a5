"""Repositories in folders whose names mean something else in an address: for real."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from glyphlens.tracking.client import open_client
from glyphlens.tracking.outbox import deliver, post, waiting
from glyphlens.tracking.registry import promote, rollback
from glyphlens.tracking.versions import fetch
from tests.forged_release import GUARD, NAME, forged_release
from tests.tracking.forged_runs import forged_record, kept_runs

ADDRESS = f"models:/{NAME}@champion"
NAMES = ["100% sure? #1", 'it\'s "50%25" @übung:文字 a+b&c;d\\e']


@pytest.fixture(params=NAMES)
def odd(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Such a repository, without a database yet, as the working directory; alone in its folder."""
    root = tmp_path / "alone" / request.param
    (root / ".dvc").mkdir(parents=True)
    monkeypatch.chdir(root)
    for name in ("MLFLOW_TRACKING_URI", "GLYPHLENS_TRACKING", "DVC_EXP_NAME"):
        monkeypatch.delenv(name, raising=False)
    return root


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_runs_and_versions_are_kept_there_and_nowhere_else(
    odd: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    post(forged_record())
    deliver(60)
    assert waiting() == [] and len(kept_runs(open_client())) == 1
    promote(forged_release(tmp_path / "releases", 0.8, 1))
    promote(forged_release(tmp_path / "releases", 0.9, 2))
    assert fetch(ADDRESS, tmp_path).is_dir()
    assert rollback(NAME, GUARD)[1].number == "1"
    assert names(odd) == [".dvc", ".glyphlens", ".mlflow.db.lock", "mlartifacts", "mlflow.db"]
    assert names(odd.parent) == [odd.name]


@pytest.mark.parametrize("address", ["sqlite:///mlflow.db", "./mlruns"])
def test_a_relative_address_there_works_and_mlflow_reads_it(
    odd: Path, tmp_path: Path, at: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    import mlflow.pyfunc

    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    at(address)
    promote(forged_release(tmp_path / "releases", 0.8, 1))
    assert mlflow.pyfunc.load_model(ADDRESS).metadata.signature is not None
    assert names(odd.parent) == [odd.name]
