"""What a training step sees: batch k is a function of (seed, k) alone, so that a killed run resumes exactly."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from torch import Tensor
from torch.utils.data import IterableDataset

from glyphlens.core.errors import ParamsError


class Batch(NamedTuple):
    """``inputs`` of the recogniser in order, class indices (N,) int64, and (N,) bool "is a diacritic" where known."""

    inputs: tuple[Tensor, ...]
    targets: Tensor
    diacritics: Tensor | None = None


class BatchSource(Protocol):
    """Anything that can make the batch of a step."""

    def batch(self, step: int) -> Batch:
        """The batch of optimiser step ``step``, the same whenever it is asked for."""
        ...


class Progress(Protocol):
    """What knows how far training is and which of several processes this is (the Lightning module)."""

    @property
    def global_step(self) -> int:
        """Optimiser steps done so far."""
        ...

    @property
    def processes(self) -> int:
        """How many train together."""
        ...

    @property
    def global_rank(self) -> int:
        """Which of them this is."""
        ...


class StepStream(IterableDataset[Batch]):
    """This process's share of the batches from the step at which training stands up to ``steps``.

    Every process makes the whole batch and takes every ``processes``-th row: what is trained on together is what one
    process would be trained on.
    """

    def __init__(self, source: BatchSource, steps: int, progress: Progress) -> None:
        self.source, self.steps, self.progress = source, steps, progress

    def __iter__(self) -> Iterator[Batch]:
        for step in range(self.progress.global_step, self.steps):
            yield share(self.source.batch(step), self.progress.global_rank, self.progress.processes)


def share(batch: Batch, rank: int, processes: int) -> Batch:
    """Rows ``rank``, ``rank + processes``, … of a batch; raises ParamsError where the shares would be unequal."""
    if processes == 1:
        return batch
    if len(batch.targets) % processes:
        raise ParamsError(f"params.yaml: a batch of {len(batch.targets)} cannot be shared by {processes} processes")
    rows = slice(rank, None, processes)
    diacritics = None if batch.diacritics is None else batch.diacritics[rows]
    return Batch(tuple(tensor[rows] for tensor in batch.inputs), batch.targets[rows], diacritics)
