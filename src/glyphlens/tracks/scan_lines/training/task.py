"""An answer after every line, or after the last: cross-entropy in which late lines and rare classes weigh more.

N scans · T answers to a scan: L lines, or 1 of a recogniser that waits for the last · C classes
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torchmetrics import MetricCollection

from glyphlens.training.batches import Batch
from glyphlens.training.task import Monitor, weighted_mean

QUARTERS = 4
VAL_TOP1_ALL = Monitor("val_top1_all", "max")


def class_weights(classes_N: NDArray[np.int64], count: int, power: float) -> NDArray[np.float32]:
    """(C,) ∝ (samples of the class) ** -power, 1 on average over the samples; 0 for a class without any."""
    samples_C = np.bincount(classes_N, minlength=count)
    weights_C = np.where(samples_C > 0, np.maximum(samples_C, 1.0) ** -power, 0.0)
    normed_C: NDArray[np.float32] = (weights_C / weights_C[classes_N].mean()).astype(np.float32)
    return normed_C


def line_weights(answers: int, power: float) -> Tensor:
    """(T,) float32: of answer t = 1 … T ∝ (t / T) ** power, 1 on average."""
    weights_T = (torch.arange(1, answers + 1) / answers) ** power
    return weights_T / weights_T.mean()


def quarter_answers(answers: int) -> list[int]:
    """The places, from 0, of the answers after each quarter of the lines, rounded up.

    >>> quarter_answers(64), quarter_answers(28), quarter_answers(1)
    ([15, 31, 47, 63], [6, 13, 20, 27], [0, 0, 0, 0])
    """
    return [-(-answers * quarter // QUARTERS) - 1 for quarter in range(1, QUARTERS + 1)]


class LineTask:
    """Monitors the mean top-1 after each quarter of the lines, so that early answers count as much as the last."""

    monitor = Monitor("val_top1", "max")

    def __init__(self, smoothing: float, line_power: float, weights_C: NDArray[np.float32]) -> None:
        self.smoothing, self.line_power = smoothing, line_power
        self.weights_C = torch.from_numpy(weights_C)

    def loss(self, model: nn.Module, batch: Batch, step: int) -> Tensor:
        """The weighted mean over scans and answers."""
        losses_NT = self._losses(model(*batch.inputs), batch.targets, self.smoothing)
        weights_T = line_weights(losses_NT.shape[1], self.line_power).to(losses_NT.device)
        weights_N = self.weights_C.to(losses_NT.device)[batch.targets]
        return (losses_NT * weights_T * weights_N.unsqueeze(1)).mean()

    def metrics(self) -> MetricCollection:
        """Loss, and the shares of scans named right: mean over the quarters, and after the last line."""
        means = {name: weighted_mean() for name in ("val_loss", self.monitor.name, VAL_TOP1_ALL.name)}
        return MetricCollection(means, compute_groups=False)  # type: ignore[arg-type]

    def update(self, metrics: MetricCollection, model: nn.Module, batch: Batch) -> None:
        """Neither classes nor lines weigh more than others."""
        logits_NTC = model(*batch.inputs)
        hits_NT = (logits_NTC.argmax(2) == batch.targets.unsqueeze(1)).float()
        count = len(batch.targets)
        metrics["val_loss"].update(self._losses(logits_NTC, batch.targets, 0.0).mean(), count)
        metrics[self.monitor.name].update(hits_NT[:, quarter_answers(hits_NT.shape[1])].mean(), count)
        metrics[VAL_TOP1_ALL.name].update(hits_NT[:, -1].mean(), count)

    def _losses(self, logits_NTC: Tensor, targets_N: Tensor, smoothing: float) -> Tensor:
        """(N, T) float32 cross-entropies."""
        rows = logits_NTC.float().flatten(0, 1)
        targets = targets_N.repeat_interleave(logits_NTC.shape[1])
        losses = functional.cross_entropy(rows, targets, label_smoothing=smoothing, reduction="none")
        return losses.reshape(logits_NTC.shape[:2])
