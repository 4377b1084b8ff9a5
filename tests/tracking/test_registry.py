import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from glyphlens.core.errors import InputError, OutputError
from glyphlens.tracking.client import open_client
from glyphlens.tracking.registry import CHAMPION, Promotion, promote, rollback
from glyphlens.tracking.versions import Version
from tests.forged_release import GUARD, NAME, forged_release


def kept_versions() -> list[Any]:
    return sorted(open_client().search_model_versions(f"name='{NAME}'"), key=lambda version: int(version.version))


def champion() -> str:
    return str(open_client().get_model_version_by_alias(NAME, CHAMPION).version)


def promoted(folder: Path, score: float, seed: int) -> Promotion:
    return promote(forged_release(folder, score, seed))


def test_the_first_release_is_champion(home: Path) -> None:
    first = promoted(home, 0.9, 1)
    assert (first.is_new, first.is_champion, first.before) == (True, True, None)
    assert champion() == first.version.number == "1"


def test_a_better_release_is_champion_and_says_by_how_much(home: Path) -> None:
    promoted(home, 0.9, 1)
    better = promoted(home, 0.95, 2)
    assert better.is_champion and better.before is not None and better.before.number == "1"
    assert better.gain == pytest.approx(0.05) and champion() == "2"


@pytest.mark.parametrize("score", [0.9, 0.8999])
def test_a_release_that_is_no_better_is_registered_without_the_alias(home: Path, score: float) -> None:
    promoted(home, 0.9, 1)
    second = promoted(home, score, 2)
    assert second.is_new and not second.is_champion and second.gain == pytest.approx(score - 0.9)
    assert champion() == "1" and [version.version for version in kept_versions()] == [1, 2]


def test_the_same_files_are_registered_once(home: Path) -> None:
    promoted(home, 0.9, 1)
    again = promoted(home, 0.9, 1)
    assert not again.is_new and again.is_champion and again.version.number == "1"
    assert len(kept_versions()) == 1


def test_the_champion_cannot_better_itself(home: Path) -> None:
    """What was recorded with its files counts, and it does not become its own predecessor."""
    promoted(home, 0.9, 1)
    assert promoted(home, 0.99, 1).version.score == 0.9
    with pytest.raises(InputError, match="version 1 is the first champion, there is none before it"):
        rollback(NAME, GUARD)


def test_a_rollback_goes_back_champion_by_champion(home: Path) -> None:
    for seed, score in enumerate((0.8, 0.85, 0.7, 0.9)):
        promoted(home, score, seed)
    left, now = rollback(NAME, GUARD)
    assert (left.number, left.score, now.number, now.score, champion()) == ("4", 0.9, "2", 0.85, "2")
    rollback(NAME, GUARD)
    assert champion() == "1"
    with pytest.raises(InputError, match="version 1 is the first champion"):
        rollback(NAME, GUARD)
    assert champion() == "1"


def test_what_was_rolled_back_can_be_promoted_again(home: Path) -> None:
    promoted(home, 0.8, 1)
    promoted(home, 0.9, 2)
    rollback(NAME, GUARD)
    again = promoted(home, 0.9, 2)
    assert again.is_champion and not again.is_new and champion() == "2"
    assert rollback(NAME, GUARD)[1].number == "1"


def test_a_rollback_needs_a_champion(home: Path) -> None:
    with pytest.raises(InputError, match=rf"{NAME}: sqlite:.*mlflow\.db has no champion of it; `glyphlens promote`"):
        rollback(NAME, GUARD)


def test_a_rollback_to_a_version_that_was_deleted_is_refused(home: Path) -> None:
    promoted(home, 0.8, 1)
    promoted(home, 0.9, 2)
    open_client().delete_model_version(NAME, "1")
    with pytest.raises(InputError, match=r"has no version 1 of it, only 2"):
        rollback(NAME, GUARD)
    assert champion() == "2"


def test_a_version_of_someone_else_is_not_compared(home: Path) -> None:
    client = open_client()
    client.create_registered_model(NAME)
    client.create_model_version(NAME, str(home / "elsewhere"))
    client.set_registered_model_alias(NAME, CHAMPION, "1")
    with pytest.raises(InputError, match="version 1 does not come from `glyphlens promote`; delete it"):
        promoted(home, 0.9, 1)


def test_a_champion_without_the_guarded_metric_is_not_compared(home: Path) -> None:
    promoted(home, 0.9, 1)
    with pytest.raises(InputError, match="version 1 has no 'another_metric' to compare with"):
        promote(forged_release(home, 0.95, 2, guard="another_metric"))
    assert len(kept_versions()) == 1


def test_files_that_are_no_model_are_not_registered(home: Path) -> None:
    release = forged_release(home, 0.9)
    (release.folder / "m.onnx").write_bytes(b"cut short")
    with pytest.raises(InputError, match=r"m\.onnx: not an ONNX model"):
        promote(release)
    assert open_client().search_registered_models() == []


def test_a_store_that_fails_half_way_has_no_version(home: Path) -> None:
    """Run and metrics are in the database already when the files cannot be stored."""
    (home / "mlartifacts").write_text("in the way of the folder")
    with pytest.raises(OutputError, match=rf"sqlite:.*: cannot promote {NAME}: .*mlartifacts"):
        promoted(home, 0.9, 1)
    assert kept_versions() == []
    (home / "mlartifacts").unlink()
    assert promoted(home, 0.9, 1).is_champion


@pytest.mark.parametrize(("table", "versions"), [("model_versions", 0), ("registered_model_aliases", 1)])
def test_a_database_that_refuses_a_step_is_gone_on_with(home: Path, table: str, versions: int) -> None:
    with closing(sqlite3.connect(home / "mlflow.db")) as database:
        database.execute(f"CREATE TRIGGER full BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'no room'); END")
        with pytest.raises(OutputError, match=f"cannot promote {NAME}: "):
            promoted(home, 0.9, 1)
        assert [version.aliases for version in kept_versions()] == [[]] * versions
        database.execute("DROP TRIGGER full")
    again = promoted(home, 0.9, 1)
    assert again.is_champion and again.is_new == (versions == 0) and len(kept_versions()) == 1 and champion() == "1"


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("http://127.0.0.1:9", r"http://127\.0\.0\.1:9: cannot promote .*Connection refused"),
        ("sqlite:////proc/mlflow.db", "unable to open database file"),
        ("postgresql+none://me:secret@127.0.0.1:9/x", r"postgresql\+none://me:\*\*\*@127"),
    ],
)
def test_mlflow_that_cannot_be_reached_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch, uri: str, told: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with pytest.raises(OutputError, match=told) as caught:
        promoted(home, 0.9, 1)
    assert "secret" not in str(caught.value) and "MLFLOW_TRACKING_URI" in str(caught.value)


def test_less_is_better_where_the_metric_is_an_error() -> None:
    new, old = (Version(NAME, number, score, {}, "cer") for number, score in (("2", 0.1), ("1", 0.3)))
    promotion = Promotion(new, old, True, False, "")
    assert promotion.is_champion and promotion.gain == pytest.approx(0.2)
