"""What every source of batches holds: the shares of the processes are together the batch of one on its own."""

import torch
from torch import Tensor

from glyphlens.core.share import Share
from glyphlens.training.batches import Batch, StepSource


def assert_shares_are_the_whole(source: StepSource[Batch], step: int, world: int) -> None:
    """Bit by bit, for every process of ``world``; a process on its own need not be told so."""
    whole = tensors(source.batch(step))
    for rank in range(world):
        part = tensors(source.batch(step, rank, world))
        assert len(part) == len(whole)
        for own, all_rows in zip(part, whole, strict=True):
            assert len(own) == len(all_rows) // world
            assert torch.equal(own, all_rows[Share(rank, world).own])


def tensors(batch: Batch) -> list[Tensor]:
    """All that a batch holds."""
    return [*batch.inputs, batch.targets, *([] if batch.diacritics is None else [batch.diacritics])]
