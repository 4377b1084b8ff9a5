"""Promotions at once, by real processes: of one repository, and of two that share a registry."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from glyphlens.core.errors import OutputError
from glyphlens.tracking import turns
from glyphlens.tracking.client import open_client
from glyphlens.tracking.registry import CHAMPION, REPLACED_TAG, promote, rollback
from tests.forged_release import GUARD, NAME, forged_release
from tests.preloaded import python

CHECKOUT = Path(__file__).resolve().parents[2]
ROUNDS = 6
# Waits for the other's file, so that both begin together; sys.argv: this one, the other, round and score pairs
PROMOTE = """
import sys, time
from pathlib import Path
from glyphlens.tracking import turns
from glyphlens.tracking.client import open_client
from glyphlens.tracking.registry import promote
from tests.forged_release import forged_release

turns.PATIENCE_S = 600.0  # on a busy machine too, both come to their turn
me, other, meeting = sys.argv[1], sys.argv[2], Path(sys.argv[3])
releases = [forged_release(Path.cwd(), float(score), int(seed)) for seed, _, score in
            (pair.partition("=") for pair in sys.argv[4:])]
open_client()
for number, release in enumerate(releases):
    (meeting / f"{me}-{number}").touch()
    deadline_s = time.monotonic() + 600
    while not (meeting / f"{other}-{number}").exists():
        assert time.monotonic() < deadline_s
        time.sleep(0.001)
    promote(release)
"""
# Tells its process when it holds the turn, and holds it
HOLD = """
import os, signal, sys, time
from glyphlens.tracking.client import open_client
from glyphlens.tracking.turns import turn

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background processes ignore it
with turn(open_client(), sys.argv[1]):
    print(os.getpid(), flush=True)
    time.sleep(600)
"""


def start(code: str, folder: Path, *arguments: str, **named: Any) -> "subprocess.Popen[str]":
    paths = os.pathsep.join([str(CHECKOUT), os.environ.get("PYTHONPATH", "")])
    settings = {**os.environ, "PYTHONPATH": paths}
    return subprocess.Popen([str(python()), "-c", code, *arguments], cwd=folder, env=settings, text=True, **named)


def hold(folder: Path) -> Callable[[signal.Signals], None]:
    """Hold the turn in a process; what ends it, by a signal to itself, returns when it is gone."""
    holder = start(HOLD, folder, NAME, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert holder.stdout is not None
    process = int(holder.stdout.readline())

    def end(sent: signal.Signals) -> None:
        os.kill(process, sent)
        holder.communicate()

    return end


def neighbour(folder: Path) -> Path:
    """Another repository, as of another machine."""
    (folder / ".dvc").mkdir(parents=True)
    return folder


def race(folders: tuple[Path, Path], meeting: Path, rounds: int) -> None:
    """In every round one process has a release that is better than all before, and the other one better still."""
    meeting.mkdir()
    scores = [
        [f"{2 * number + place}={0.5 + 0.01 * (2 * number + place):.2f}" for number in range(rounds)]
        for place in (0, 1)
    ]
    both = [
        start(PROMOTE, folder, *names, str(meeting), *scores[place])
        for place, (folder, names) in enumerate(zip(folders, (("a", "b"), ("b", "a")), strict=True))
    ]
    assert [process.wait(timeout=1800) for process in both] == [0, 0]


def way_back() -> list[float]:
    """Scores of the champion and of every one that a rollback leads to."""
    client = open_client()
    version = client.get_model_version_by_alias(NAME, CHAMPION)
    scores = []
    while True:
        scores.append(client.get_run(version.run_id).data.metrics[GUARD])
        before = version.tags[REPLACED_TAG]
        if not before:
            return scores
        version = client.get_model_version(NAME, before)


def check(rounds: int) -> None:
    """The best is champion, and every way back leads to something worse, down to the first."""
    scores = way_back()
    assert scores[0] == pytest.approx(0.5 + 0.01 * (2 * rounds - 1)) and scores == sorted(scores, reverse=True)
    assert len(scores) >= rounds, "the better one of every round has been champion"
    for score in scores[1:]:
        assert rollback(NAME, GUARD)[1].score == score


@pytest.mark.parametrize("places", ["one repository", "two repositories"])
def test_of_two_promotions_at_once_the_better_is_champion(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, places: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{home}/mlflow.db")
    second = home if places == "one repository" else neighbour(tmp_path / "second")
    race((home, second), tmp_path / "meeting", ROUNDS)
    check(ROUNDS)


def test_who_holds_the_turn_is_named(
    home: Path,
    tmp_path: Path,
    at: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    at(f"sqlite:///{home}/mlflow.db")
    second = neighbour(tmp_path / "second")
    end = hold(second)
    try:
        monkeypatch.setattr(turns, "PATIENCE_S", 1.0)
        with pytest.raises(OutputError, match=rf"{NAME}: .*:{second} is promoting or rolling back"):
            promote(forged_release(home, 0.9, 1))
        told = capfd.readouterr().err.splitlines()
        assert len(told) == 1 and f"{second} is promoting or rolling back since" in told[0]
        assert told[0].startswith(f"{NAME}: ") and told[0].endswith("; waiting for up to 1 s")
    finally:
        end(signal.SIGKILL)
    with pytest.raises(OutputError, match=rf"`glyphlens promote` or `rollback` there .* delete .*{NAME}\.turn"):
        promote(forged_release(home, 0.9, 1))
    monkeypatch.chdir(second)
    assert promote(forged_release(home, 0.9, 1)).is_champion, "who was killed there goes on"
    monkeypatch.chdir(home)
    assert promote(forged_release(home, 0.95, 2)).is_champion


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_promotion_that_was_ended_here_is_in_nobodys_way(home: Path, sent: signal.Signals) -> None:
    hold(home)(sent)
    assert promote(forged_release(home, 0.9, 1)).is_champion
    assert [model.name for model in open_client().search_registered_models()] == [NAME]


def test_a_second_promotion_of_the_same_repository_waits_no_longer_than_its_patience(
    home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    end = hold(home)
    try:
        monkeypatch.setattr(turns, "PATIENCE_S", 1.0)
        with pytest.raises(OutputError, match=rf"{NAME}: another promotion or rollback of {home} is under way"):
            promote(forged_release(home, 0.9, 1))
        assert capfd.readouterr().err.endswith(f"of {home} is under way; waiting for up to 1 s\n")
    finally:
        end(signal.SIGKILL)


def test_the_lock_of_the_repository_is_free_after_the_block(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = []

    class Kept(turns.FileLock):
        def acquire(self, *arguments: Any, **named: Any) -> Any:
            kept.append(self)
            return super().acquire(*arguments, **named)

    monkeypatch.setattr(turns, "FileLock", Kept)
    with turns.turn(open_client(), NAME):
        assert kept[0].is_locked
    assert not kept[0].is_locked
