"""Trainings in processes of their own that are ended on the way, and what they leave."""

import os
import signal
from pathlib import Path

import torch

from glyphlens.training.batches import Batch
from glyphlens.training.checkpoints import step_of
from tests.training.test_loop import Striped, run

Signals = tuple[signal.Signals, ...]


class Signalling(Striped):
    """Sends signals to its own process when the batch of a step is asked for."""

    def __init__(self, fatal: int, signals: Signals) -> None:
        super().__init__()
        self.at, self.signals = fatal, signals

    def batch(self, step: int, rank: int = 0, world: int = 1) -> Batch:
        if step == self.at:
            for number in self.signals:
                os.kill(os.getpid(), number)
        return super().batch(step, rank, world)


class Ahead(Striped):
    """Made by workers: sends signals to the training and all its workers, as a terminal does, when a step is made."""

    def __init__(self, fatal: int, signals: Signals) -> None:
        super().__init__()
        self.at, self.signals = fatal, signals

    def batch(self, step: int, rank: int = 0, world: int = 1) -> Batch:
        if step == self.at:
            for number in self.signals:
                os.killpg(0, number)
        return super().batch(step, rank, world)


def train_ahead(folder: Path, changes: dict[str, object], fatal: int = -1, signals: Signals = ()) -> None:
    """A training in a process group of its own, whose batches two workers make."""
    os.setpgid(0, 0)
    torch.set_num_threads(1)
    run(folder, source=Ahead(fatal, signals), workers=2, **changes)


def train_in(folder: Path, changes: dict[str, object], fatal: int = -1, signals: Signals = ()) -> None:
    """A training in this process, on one thread."""
    torch.set_num_threads(1)
    run(folder, source=Signalling(fatal, signals), **changes)


def state_steps(folder: Path) -> list[int]:
    """The steps of the states in a folder."""
    return sorted(step_of(state) for state in folder.glob("step-*.ckpt"))


def same_training(one: Path, other: Path) -> bool:
    """Whether two finished trainings have the same weights and the same bytes of curves."""
    results = [torch.load(folder / "finished.pt", weights_only=True)["weights"] for folder in (one, other)]
    if any(not torch.equal(results[0][name], results[1][name]) for name in results[0]):
        return False
    return curve_bytes(one) == curve_bytes(other)


def curve_bytes(folder: Path) -> dict[str, bytes]:
    """The files of a training's curves."""
    curves = folder / "curves"
    return {str(file.relative_to(curves)): file.read_bytes() for file in curves.rglob("*") if file.is_file()}
