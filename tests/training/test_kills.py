"""Twenty kills at random moments, twenty identical results."""

import multiprocessing
import signal
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from glyphlens.storage import sha256_tree
from tests.training.test_loop import run, weights

KILLS = 20
CHANGES = {"validate_every": 2, "d_model": 16}  # a state every other step: many a kill falls into the writing of one


def train_in(folder: Path, started: Path) -> None:
    torch.set_num_threads(1)
    started.touch()
    run(folder, **CHANGES)


@pytest.mark.slow
def test_kills_at_random_moments_change_nothing(tmp_path: Path) -> None:
    """Each training is killed again and again, later every time, until one attempt comes through."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["tests.training.test_loop"])
    straight_process = processes.Process(target=train_in, args=(tmp_path / "straight", tmp_path / "started"))
    straight_process.start()
    straight_process.join()
    straight, straight_curves = run(tmp_path / "straight", fatal=0, **CHANGES)
    moments, killed, trainings = np.random.default_rng(7), 0, 0
    while killed < KILLS:
        folder, patience = tmp_path / f"killed-{trainings}", 0.1
        trainings += 1
        while True:
            started = tmp_path / f"started-{killed}-{trainings}"
            process = processes.Process(target=train_in, args=(folder, started))
            process.start()
            while not started.exists():
                time.sleep(0.005)
            process.join(moments.uniform(0, patience))
            if process.exitcode == 0:
                break
            process.kill()
            process.join()
            assert process.exitcode == -signal.SIGKILL
            killed, patience = killed + 1, patience * 1.3
        resumed, curves = run(folder, fatal=0, **CHANGES)  # would be killed if it trained a step
        assert torch.equal(weights(resumed), weights(straight))
        pd.testing.assert_frame_equal(curves, straight_curves)
        assert sha256_tree(folder / "curves") == sha256_tree(tmp_path / "straight/curves")
    assert trainings > 1
