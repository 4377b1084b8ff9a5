"""Registries whose repository moves, and whose files go: for real, with the default database."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from glyphlens.core.errors import InputError, OutputError
from glyphlens.tracking.client import open_client
from glyphlens.tracking.registry import CHAMPION, promote, rollback
from glyphlens.tracking.versions import fetch
from tests.forged_release import GUARD, NAME, forged_release

ADDRESS = f"models:/{NAME}@champion"


def champion() -> str:
    return str(open_client().get_model_version_by_alias(NAME, CHAMPION).version)


def stored_files(root: Path) -> list[Path]:
    return sorted((root / "mlartifacts").rglob("m.onnx"))


@pytest.fixture
def moved(home: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository that was moved after two promotions."""
    promote(forged_release(home, 0.8, 1, tags={"samples": "5a", "mlflow.source.git.commit": "c0ffee" * 7}))
    promote(forged_release(home, 0.9, 2))
    place = tmp_path_factory.mktemp("elsewhere") / "moved"
    home.rename(place)
    home.mkdir()
    monkeypatch.chdir(place)
    return place


def test_the_store_follows_the_repository(moved: Path, home: Path) -> None:
    assert fetch(ADDRESS, moved / "fetched").is_dir()
    rollback(NAME, GUARD)
    assert fetch(ADDRESS, moved / "again").is_dir() and champion() == "1"
    assert promote(forged_release(moved, 0.95, 3)).is_champion
    assert len(stored_files(moved)) == 3 and list(home.iterdir()) == []


def test_mlflow_itself_follows_after_any_of_our_commands(moved: Path, at: Callable[[str], Any]) -> None:
    import mlflow.pyfunc

    at("sqlite:///mlflow.db")
    assert mlflow.pyfunc.load_model(ADDRESS).metadata.signature is not None


def test_a_copy_of_the_repository_has_its_own_store(
    home: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(forged_release(home, 0.8, 1))
    copy = tmp_path_factory.mktemp("copies") / "copy"
    shutil.copytree(home, copy)
    monkeypatch.chdir(copy)
    promote(forged_release(copy, 0.9, 2))
    assert (len(stored_files(copy)), len(stored_files(home))) == (2, 1)
    monkeypatch.chdir(home)
    assert champion() == "1" and fetch(ADDRESS, copy / "fetched").is_dir()


def test_a_copy_of_the_database_alone_finds_the_files_where_they_are(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(forged_release(home, 0.8, 1))
    (home / "elsewhere").mkdir()
    copy = Path(shutil.copyfile(home / "mlflow.db", home / "elsewhere/mlflow.db"))
    before = copy.read_bytes()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{copy}")
    assert fetch(ADDRESS, home / "fetched").is_dir()
    assert copy.read_bytes() == before, "a command that only reads does not write"
    assert promote(forged_release(home, 0.9, 2)).is_champion and rollback(NAME, GUARD)[1].number == "1"
    assert len(stored_files(home)) == len(stored_files(home / "elsewhere")) == 1


def test_what_only_reads_changes_no_database_that_was_moved(moved: Path) -> None:
    before = (moved / "mlflow.db").read_bytes()
    assert fetch(ADDRESS, moved / "fetched").is_dir()
    assert (moved / "mlflow.db").read_bytes() == before


@pytest.mark.parametrize("asking", [lambda: fetch(ADDRESS, Path("fetched")), lambda: rollback(NAME, GUARD)])
def test_who_only_asks_leaves_nothing_in_a_folder_without_a_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asking: Callable[[], object]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(InputError, match=r"mlflow\.db: no such database; .*`glyphlens promote` makes"):
        asking()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"no database at all, but long enough to be looked at" * 9, None])
def test_a_file_that_is_no_database_of_mlflow_is_named_without_a_server(home: Path, content: bytes | None) -> None:
    if content is None:
        content = (home / "mlflow.db").read_bytes()[:5000]
    (home / "mlflow.db").write_bytes(content)
    with pytest.raises(OutputError) as caught:
        promote(forged_release(home, 0.8, 1))
    assert "server" not in str(caught.value) and "whole database of MLflow" in str(caught.value)
    assert (home / "mlflow.db").read_bytes() == content


def test_artifacts_of_someone_elses_experiments_stay_where_they_are(home: Path) -> None:
    client = open_client()
    elsewhere = "file:///srv/mlartifacts"
    client.create_experiment("mine", elsewhere)
    promote(forged_release(home, 0.8, 1))
    assert open_client().get_experiment_by_name("mine").artifact_location == elsewhere


def test_without_its_files_a_version_is_not_fetched_and_the_reason_is_told(home: Path) -> None:
    commit = "c0ffee" * 7
    promote(forged_release(home, 0.8, 1, tags={"samples": "5a", "mlflow.source.git.commit": commit}))
    shutil.rmtree(home / "mlartifacts")
    with pytest.raises(InputError) as caught:
        fetch(ADDRESS, home / "fetched")
    told = str(caught.value)
    assert re.search(f"{NAME}: version 1 is registered, but its files are not in the store", told)
    assert f"file://{home}/mlartifacts/" in told and f"`git checkout {commit[:9]} -- dvc.lock metrics models`" in told
    assert "MLFLOW_TRACKING_URI" not in told


def test_a_promotion_puts_files_back_that_are_gone(home: Path) -> None:
    release = forged_release(home, 0.8, 1)
    promote(release)
    shutil.rmtree(home / "mlartifacts")
    again = promote(release)
    assert (again.is_new, again.is_restored, again.is_champion, again.version.number) == (False, True, True, "1")
    assert fetch(ADDRESS, home / "fetched").is_dir()
    assert not promote(release).is_restored


def test_a_rollback_to_files_that_are_gone_is_refused(home: Path) -> None:
    promote(forged_release(home, 0.8, 1))
    shutil.rmtree(home / "mlartifacts")
    promotion = promote(forged_release(home, 0.9, 2))
    assert promotion.is_champion and re.search(
        "version 1 is registered, but its files are not in the store", promotion.fault
    )
    with pytest.raises(InputError, match="version 1 is registered, but its files are not in the store"):
        rollback(NAME, GUARD)
    assert champion() == "2" and fetch(ADDRESS, home / "fetched").is_dir()


def test_a_champion_whose_files_are_gone_is_named_to_what_does_not_better_it(home: Path) -> None:
    promote(forged_release(home, 0.9, 1))
    shutil.rmtree(home / "mlartifacts")
    promotion = promote(forged_release(home, 0.8, 2))
    assert not promotion.is_champion and re.search(
        "version 1 is registered, but its files are not in the store", promotion.fault
    )


def test_damaged_files_of_a_champion_are_replaced_by_its_release(home: Path) -> None:
    release = forged_release(home, 0.9, 1)
    promote(release)
    stored_files(home)[0].write_bytes(b"cut short")
    assert promote(release).is_restored and fetch(ADDRESS, home / "fetched").is_dir()
