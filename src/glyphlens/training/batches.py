"""What a training step sees: batch k is a function of (seed, k) alone, so that a killed run resumes exactly."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from torch import Tensor
from torch.utils.data import IterableDataset


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
    """What knows how many steps are done (the Lightning module)."""

    @property
    def global_step(self) -> int:
        """Optimiser steps done so far."""
        ...


class StepStream(IterableDataset[Batch]):
    """The batches from the step at which training stands up to ``steps``: one endless-looking epoch."""

    def __init__(self, source: BatchSource, steps: int, progress: Progress) -> None:
        self.source, self.steps, self.progress = source, steps, progress

    def __iter__(self) -> Iterator[Batch]:
        for step in range(self.progress.global_step, self.steps):
            yield self.source.batch(step)
