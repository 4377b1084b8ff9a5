"""Averaged weights that forget the first steps: an exponential mean whose decay grows to its limit."""

from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor


def warmed_decay(averaged: int, limit: float) -> float:
    """(1 + n) / (10 + n) after n averaged steps, at most ``limit``, so that a short training keeps no early weights."""
    return min(limit, (1 + averaged) / (10 + averaged))


class WarmAveraging(WeightAveraging):
    """Averages weights and buffers after every step; validates, checkpoints and ends with the averages."""

    def __init__(self, limit: float) -> None:
        def average(mean: Tensor, current: Tensor, averaged: Tensor | int) -> Tensor:
            if not current.is_floating_point():
                return current  # counters and tables: a mean of them, cut to integers, would be neither
            decay = warmed_decay(int(averaged), limit)
            return decay * mean + (1 - decay) * current

        super().__init__(use_buffers=True, avg_fn=average)
