"""Ctrl-C and SIGTERM: a training ends between two steps, says where its state is, and goes on from it bit by bit."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
import torch

from glyphlens.training.batches import Batch
from tests.training.attempts import same_training, state_steps, train_ahead, train_in
from tests.training.processes import exit_code
from tests.training.test_loop import held_out, run
from tests.training.two_processes import environment, torchrun

KEPT = 2  # keep_last
FEW = {(0, signal.SIGTERM), (5, signal.SIGINT), (13, signal.SIGTERM)}
SETTINGS: dict[str, dict[str, object]] = {
    "cosine": {"validate_every": 5},
    "plateau": {"validate_every": 5, "schedule": "plateau", "ema_decay": 0.0, "lr": 1e-5},
}


@pytest.fixture(scope="module", params=SETTINGS)
def straight(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, object]]:
    """A training that was never interrupted, and its settings."""
    folder, changes = tmp_path_factory.mktemp("straight"), SETTINGS[request.param]
    assert exit_code(train_in, folder, changes) == 0
    return folder, changes


@pytest.mark.parametrize(
    ("step", "how"),
    [
        pytest.param(step, how, marks=() if (step, how) in FEW else pytest.mark.full)
        for step in (0, 3, 4, 5, 13, 23)
        for how in (signal.SIGINT, signal.SIGTERM)
    ],
)
def test_an_interrupted_training_goes_on_bit_by_bit(
    tmp_path: Path, straight: tuple[Path, dict[str, object]], step: int, how: signal.Signals
) -> None:
    """Before the first validation, at a validation (5), between two, just before the last step."""
    uninterrupted, changes = straight
    assert exit_code(train_in, tmp_path, changes, step, (how,)) == 128 + how
    assert max(state_steps(tmp_path)) in (step, step + 1)
    assert len(state_steps(tmp_path)) <= KEPT
    assert exit_code(train_in, tmp_path, changes) == 0
    assert same_training(tmp_path, uninterrupted)


@pytest.mark.parametrize("straight", ["cosine"], indirect=True)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_training_with_workers_is_interrupted_like_any(
    tmp_path: Path, straight: tuple[Path, dict[str, object]], number: signal.Signals
) -> None:
    """A terminal's Ctrl-C reaches the workers too; the training goes on with as many workers as one likes."""
    uninterrupted, changes = straight
    code = exit_code(train_ahead, tmp_path, changes, 13, (number,))
    assert code == (-number if number == signal.SIGKILL else 128 + number)
    assert state_steps(tmp_path)
    assert exit_code(train_in, tmp_path, changes) == 0
    assert same_training(tmp_path, uninterrupted)


class Interrupting(list[Batch]):
    """Validation batches; Ctrl-C is pressed while the second is fetched, in one of the validations."""

    def __init__(self, batches: list[Batch], validation: int) -> None:
        super().__init__(batches)
        self.validation, self.reads = validation, 0

    def __getitem__(self, index: int) -> Batch:  # type: ignore[override]
        self.reads += index == 1
        if index == 1 and self.reads == self.validation:
            os.kill(os.getpid(), signal.SIGINT)
        return super().__getitem__(index)


def validate_interrupted(folder: Path, changes: dict[str, object], validation: int) -> None:
    torch.set_num_threads(1)
    run(folder, validation=Interrupting(held_out(), validation), **changes)


@pytest.mark.parametrize(("validation", "step"), [(2, 10), (5, 24)])
def test_a_validation_that_is_interrupted_is_made_to_its_end(
    tmp_path: Path, straight: tuple[Path, dict[str, object]], validation: int, step: int
) -> None:
    uninterrupted, changes = straight
    assert exit_code(validate_interrupted, tmp_path, changes, validation) == 128 + signal.SIGINT
    assert max(state_steps(tmp_path)) == step
    assert exit_code(train_in, tmp_path, changes) == 0
    assert same_training(tmp_path, uninterrupted)


def test_an_interruption_when_patience_is_at_its_end_trains_no_further(tmp_path: Path) -> None:
    changes: dict[str, object] = {"validate_every": 5, "lr": 1e-12, "ema_decay": 0.0, "patience": 2}
    straight, interrupted = tmp_path / "straight", tmp_path / "interrupted"
    assert exit_code(train_in, straight, changes) == 0
    assert exit_code(train_in, interrupted, changes, 15, (signal.SIGINT,)) == 128 + signal.SIGINT
    assert max(state_steps(interrupted)) == 15
    assert exit_code(train_in, interrupted, changes) == 0
    assert same_training(interrupted, straight)


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_the_second_signal_ends_at_once(tmp_path: Path, second: signal.Signals) -> None:
    assert exit_code(train_in, tmp_path, {}, 3, (signal.SIGINT, second)) == 128 + second
    assert state_steps(tmp_path) == []


def interrupted_aloud(folder: Path, log: Path) -> None:
    with log.open("w", encoding="utf-8") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    train_in(folder, {}, 3, (signal.SIGINT,))


def test_a_person_is_told_what_happens_and_how_to_go_on(tmp_path: Path) -> None:
    exit_code(interrupted_aloud, tmp_path / "run", tmp_path / "log")
    told = (tmp_path / "log").read_text(encoding="utf-8")
    assert re.search(r"test: .*keeps its state.*Ctrl-C", told)
    (step,) = state_steps(tmp_path / "run")
    assert re.search(rf"test: interrupted.*`dvc repro`.*{tmp_path}/run/step-{step}", told)
    assert "Traceback" not in told


def killed_after_a_while(folder: Path, minutes: float) -> None:
    run(folder, fatal=4, minutes=minutes, validate_every=12)


@pytest.mark.parametrize(("minutes", "are_kept"), [(1e-9, True), (60, False)])
def test_a_state_is_written_every_few_minutes(tmp_path: Path, minutes: float, are_kept: bool) -> None:
    assert exit_code(killed_after_a_while, tmp_path, minutes) == -signal.SIGKILL
    steps = state_steps(tmp_path)
    assert len(steps) == (KEPT if are_kept else 0)
    assert not are_kept or steps[-1] in (3, 4)


def test_states_of_a_resumed_training_are_kept_in_number(tmp_path: Path) -> None:
    """Also the one that it went on from is removed when its time has come, but not one that the parameters name."""
    for step in (3, 9, 15):
        exit_code(train_in, tmp_path, {"validate_every": 2}, step, (signal.SIGINT,))
        assert len(state_steps(tmp_path)) <= KEPT


@pytest.mark.slow
def test_all_processes_of_a_torchrun_end_at_one_step(tmp_path: Path) -> None:
    """The launcher passes the signal on; only the first process writes."""
    curves = []
    for folder, interrupted_at in (("straight", ""), ("interrupted", "7"), ("interrupted", "")):
        place = tmp_path / folder
        place.mkdir(exist_ok=True)
        told = environment(INTERRUPTED_AT=interrupted_at)
        ended = subprocess.run(torchrun("plain"), env=told, cwd=place, capture_output=True, text=True)
        if interrupted_at:
            assert ended.returncode != 0
            assert len(state_steps(place / "of 2")) == 1
            assert state_steps(place / "of 2")[0] % 10
            assert ended.stdout.count("test: interrupted") == 1
        else:
            assert ended.returncode == 0, ended.stderr[-2000:]
            curves.append(json.loads(ended.stdout.splitlines()[-1]))
    assert curves[0] == curves[1]
    assert same_training(tmp_path / "straight/of 2", tmp_path / "interrupted/of 2")
