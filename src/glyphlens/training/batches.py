"""What a training step sees: batch k is a function of (seed, k) alone, so that a killed training resumes exactly.

Processes that train together each make their own rows of a batch; worker processes make batches ahead of their step.
"""

import signal
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from glyphlens.training.machine import rank, world_size

B = TypeVar("B")
B_co = TypeVar("B_co", covariant=True)


class Batch(NamedTuple):
    """``inputs`` of the recogniser in order, class indices (N,) int64, and (N,) bool "is a diacritic" where known."""

    inputs: tuple[Tensor, ...]
    targets: Tensor
    diacritics: Tensor | None = None


class StepSource(Protocol[B_co]):
    """Anything that can make the batch of a step; it is asked in worker processes too."""

    def batch(self, step: int, rank: int = 0, world: int = 1) -> B_co:
        """The rows of process ``rank`` of ``world`` in optimiser step ``step``, the same whenever they are asked for.

        The rows of all processes together are the batch of a process on its own (``Share``); raises ParamsError where
        they would not be equally many.
        """
        ...


class Progress(Protocol):
    """What knows how far training is (the Lightning module)."""

    @property
    def global_step(self) -> int:
        """Optimiser steps done so far."""
        ...


def step_loader(source: StepSource[B], steps: int, progress: Progress, workers: int) -> "DataLoader[B]":
    """This process's rows, step by step, from where training stands up to ``steps``; made ahead by ``workers``.

    It has no length: Lightning would count a resumed training's steps against it.
    """
    return DataLoader(
        _Steps(source),
        batch_size=None,
        sampler=_StepNumbers(steps, progress),
        num_workers=workers,
        worker_init_fn=_leave_signals_to_the_training,
        generator=torch.Generator(),  # not torch's own: weights must not depend on who draws from it
    )


class _Steps(Dataset[B]):
    """The map from a step's number to its batch."""

    def __init__(self, source: StepSource[B]) -> None:
        self.source = source

    def __getitem__(self, step: int) -> B:
        return self.source.batch(step, rank(), world_size())


class _StepNumbers(Sampler[int]):
    """Asks the training where it stands when the first batch is wanted, which is after its state has been read."""

    def __init__(self, steps: int, progress: Progress) -> None:
        self.steps, self.progress = steps, progress

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.progress.global_step, self.steps))


def _leave_signals_to_the_training(_worker: int) -> None:
    """A terminal sends Ctrl-C to the workers too; they end with the training, which still wants the step's batch."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


class BalancedSampler:
    """Draws positions 0..T-1 with probability ∝ (samples of the same class) ** -balance, with replacement.

    ``balance`` 0 draws every sample alike, 1 every class alike. A font that has a rare letter has it once, like a
    common one, so classes that few fonts have would otherwise be guessed too seldom.
    """

    def __init__(self, classes_T: NDArray[np.int64], balance: float, seed: int) -> None:
        counts_T = np.bincount(classes_T)[classes_T].astype(np.float64)
        self.cumulative_T = np.cumsum(counts_T**-balance)
        self.seed = seed

    def generator(self, step: int) -> np.random.Generator:
        """The generator of one step."""
        return np.random.default_rng([self.seed, step])

    def draw(self, count: int, generator: np.random.Generator) -> NDArray[np.int64]:
        """(count,) positions."""
        places = generator.random(count) * self.cumulative_T[-1]
        positions: NDArray[np.int64] = np.searchsorted(self.cumulative_T, places, side="right")
        return positions


class HeldOut(Sequence[B]):
    """Rows of a sample set in order, ``size`` a batch; ``batch_of`` makes the batch of some rows when asked for."""

    def __init__(self, rows_N: NDArray[np.int64], batch_of: Callable[[NDArray[np.int64]], B], size: int = 256) -> None:
        self.rows_N, self.batch_of, self.size = rows_N, batch_of, size

    def __len__(self) -> int:
        return -(-len(self.rows_N) // self.size)

    def __getitem__(self, number: int) -> B:  # type: ignore[override]
        block = self.rows_N[number * self.size : (number + 1) * self.size]
        if not len(block):
            raise IndexError(number)
        return self.batch_of(block)
