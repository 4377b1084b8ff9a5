"""Trainings ended at random moments, again and again, that come out as if nothing had happened."""

import signal
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from glyphlens.training.checkpoints import newest_state, step_of
from tests.training.attempts import same_training
from tests.training.processes import exit_code, started
from tests.training.test_loop import run

FEW, MANY = 3, pytest.param(20, marks=pytest.mark.full)  # ends of a test
CHANGES = {"validate_every": 5, "d_model": 16}
KEPT = 2


def train_in(folder: Path) -> None:
    """A state after every step: many an end falls into the writing of one."""
    torch.set_num_threads(1)
    run(folder, minutes=1e-9, **CHANGES)


def reached(folder: Path) -> int:
    """The step of the newest state."""
    return max((step_of(state) for state in folder.glob("step-*.ckpt")), default=0)


def ended_after(folder: Path, step: int, delay_s: float, how: signal.Signals) -> int | None:
    """The exit code of an attempt that is ended a moment after it has written the state of a step, if it still runs."""
    attempt = started(train_in, folder)
    while attempt.is_alive() and reached(folder) < step:
        time.sleep(0.002)
    attempt.join(delay_s)
    if attempt.is_alive():
        attempt.kill() if how == signal.SIGKILL else attempt.terminate()
    attempt.join()
    return attempt.exitcode


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("ends", [FEW, MANY])
def test_ends_at_random_moments_change_nothing(tmp_path: Path, ends: int, how: signal.Signals) -> None:
    """An attempt may always come through before its end reaches it: then the next training begins."""
    assert exit_code(train_in, tmp_path / "straight") == 0
    moments, codes, trainings = np.random.default_rng(7), [], 0
    while len(codes) < ends:
        folder = tmp_path / f"ended-{trainings}"
        trainings += 1
        while (code := ended_after(folder, reached(folder) + moments.integers(6), moments.uniform(0, 0.1), how)) != 0:
            codes.append(code)
            kept = len(list(folder.glob("step-*.ckpt")))
            assert kept <= KEPT + (
                how == signal.SIGKILL
            )  # which may come between a new state and the old one's removal
        assert newest_state(folder)
        assert same_training(folder, tmp_path / "straight")
    assert set(codes) <= {
        -how,
        128 + how,
    }  # the second is a training's own answer, the first that of one still starting
