"""No room for a file of a training: one message, the state before survives, and the training goes on from it."""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest
import torch

from glyphlens.core.errors import OutputError
from glyphlens.tracking.curve_files import CurveFiles
from glyphlens.training.batches import Batch
from glyphlens.training.checkpoints import Trained, save_finished
from tests.training.attempts import same_training, state_steps
from tests.training.test_loop import Striped, run


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """The system refuses longer files to this process, whoever its user is."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


class Limiting(Striped):
    """From step 8 on, there is room for short files only."""

    def batch(self, step: int, rank: int = 0, world: int = 1) -> Batch:
        if step == 8:
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
        return super().batch(step, rank, world)


def test_a_state_that_has_no_room_leaves_the_one_before(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with pytest.raises(OutputError, match=r"\.ckpt: cannot be written \(File too large; \d+ MiB free\)"):
            run(tmp_path / "full", source=Limiting())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert state_steps(tmp_path / "full") == [6]
    assert not list((tmp_path / "full").glob("*.partial"))
    run(tmp_path / "full")
    run(tmp_path / "straight")
    assert same_training(tmp_path / "full", tmp_path / "straight")


def test_a_result_that_has_no_room_is_named(tmp_path: Path) -> None:
    trained = Trained(pd.DataFrame({"step": [1], "name": ["val_top1"], "value": [0.5]}), 1.0)
    with largest_file(1000), pytest.raises(OutputError, match=r"finished\.pt: cannot be written \(File too large"):
        save_finished(tmp_path, torch.nn.Linear(100, 100), trained)
    assert not list(tmp_path.iterdir())


def test_curves_that_have_no_room_are_named(tmp_path: Path) -> None:
    files = CurveFiles(tmp_path / "curves")
    files.open()
    with largest_file(1), pytest.raises(OutputError, match=r"curves: val_top1 cannot be written \(File too large; \d"):
        files.log(1, "val_top1", 0.5)


@contextmanager
def disk(folder: Path, size: int) -> Iterator[None]:
    """A file system of its own; skips the test where none may be mounted."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("needs root and a mount")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_can_be_cleared_and_the_training_resumed(tmp_path: Path) -> None:
    """There is room for the best weights, the curves and one state, but not for the next beside it."""
    run(tmp_path / "straight")
    best, state = ((tmp_path / "straight" / name).stat().st_size for name in ("best.ckpt", "step-24.ckpt"))
    small = tmp_path / "small"
    with disk(small, best + 3 * state // 2 + 60_000):
        with pytest.raises(OutputError, match=r"\.ckpt: cannot be written \(No space left on device; 0 MiB free\)"):
            run(small)
        assert state_steps(small)
        subprocess.run(["mount", "-o", "remount,size=16m", str(small)], check=True)
        run(small)
        assert same_training(small, tmp_path / "straight")
