"""What a training is for: the loss of a step, the scores of a validation, and which of these says what is best.

N samples · C classes
"""

import math
from typing import Literal, NamedTuple, Protocol, TypeVar, runtime_checkable

import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional
from torchmetrics import MeanMetric, MetricCollection

from glyphlens.training.batches import Batch
from glyphlens.training.losses import classification_loss

TOP_K = 5
B_contra = TypeVar("B_contra", contravariant=True)


class Monitor(NamedTuple):
    """A score of the validation by its name in the curves, and which way is better."""

    name: str
    mode: Literal["min", "max"]


class Task(Protocol[B_contra]):
    """What the one training loop asks of a task whose batches are ``B``."""

    @property
    def monitor(self) -> Monitor:
        """The score by which the best weights, a plateau and the end of patience are judged."""
        ...

    def loss(self, model: nn.Module, batch: B_contra, step: int) -> Tensor:
        """The mean loss of ``model`` on ``batch`` in optimiser step ``step``, a scalar."""
        ...

    def metrics(self) -> MetricCollection:
        """Fresh metrics of a validation, by their names in the curves, which begin with ``val_``."""
        ...

    def update(self, metrics: MetricCollection, model: nn.Module, batch: B_contra) -> None:
        """Add what ``model``, in evaluation mode, makes of a validation batch."""
        ...


@runtime_checkable
class AuxiliaryLearner(Protocol):
    """A recogniser that learns something beside its classes."""

    def learn(self, *inputs_and_targets: Tensor) -> tuple[Tensor, Tensor]:
        """Inputs in the order of ``forward``, then targets (N,) → logits (N, C) and the auxiliary loss."""
        ...


class ClassTask:
    """One picture, one class: smoothed cross-entropy, plus the auxiliary loss of a recogniser that has one."""

    monitor = Monitor("val_top1", "max")

    def __init__(self, smoothing: float) -> None:
        self.smoothing = smoothing

    def loss(self, model: nn.Module, batch: Batch, step: int) -> Tensor:
        """Mean over the batch."""
        return self.logits_and_loss(model, batch)[1]

    def logits_and_loss(self, model: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        """(N, C) logits, and the mean loss."""
        if not isinstance(model, AuxiliaryLearner):
            logits_NC = model(*batch.inputs)
            return logits_NC, classification_loss(logits_NC, batch.targets, self.smoothing)
        logits_NC, auxiliary = model.learn(*batch.inputs, batch.targets)
        return logits_NC, classification_loss(logits_NC, batch.targets, self.smoothing) + auxiliary

    def metrics(self) -> MetricCollection:
        """Loss, and the shares of samples whose class is the first, or among the first five.

        Means of batch means weighted by samples.
        """
        means = {name: weighted_mean() for name in ("val_loss", "val_top1", "val_top5")}
        return MetricCollection(means, compute_groups=False)  # type: ignore[arg-type]

    def update(self, metrics: MetricCollection, model: nn.Module, batch: Batch) -> None:
        """By the matching (margin-free) logits."""
        logits_NC = model(*batch.inputs).float()
        hits_NK = logits_NC.topk(min(TOP_K, logits_NC.shape[1]), dim=1).indices == batch.targets.unsqueeze(1)
        count = len(batch.targets)
        metrics["val_loss"].update(classification_loss(logits_NC, batch.targets, 0.0), count)
        metrics["val_top1"].update(hits_NK[:, 0].float().mean(), count)
        metrics["val_top5"].update(hits_NK.any(1).float().mean(), count)


class DistilledTask(ClassTask):
    """The class loss mixed with the teacher's softened answers (Hinton et al. 2015, arXiv:1503.02531, section 2)."""

    def __init__(self, teacher: nn.Module, smoothing: float, share: float, temperature: float) -> None:
        super().__init__(smoothing)
        self.teacher, self.share, self.temperature = teacher.eval(), share, temperature

    def loss(self, model: nn.Module, batch: Batch, step: int) -> Tensor:
        """``share`` of the teacher, the rest of the classes."""
        logits_NC, loss = self.logits_and_loss(model, batch)
        with torch.no_grad():
            taught_NC = self.teacher.to(batch.targets.device)(*batch.inputs).float()
        softened = functional.kl_div(
            functional.log_softmax(logits_NC.float() / self.temperature, dim=1),
            functional.log_softmax(taught_NC / self.temperature, dim=1),
            reduction="batchmean",
            log_target=True,
        )
        return (1 - self.share) * loss + self.share * self.temperature**2 * softened


def weighted_mean() -> MeanMetric:
    """A mean of float32 that NaN makes NaN: put in its own place, since the strategy ``disable`` drops the weights."""
    return MeanMetric(nan_strategy=math.nan)


def best_scores(curves: pd.DataFrame, *monitors: Monitor) -> dict[str, float]:
    """The best value of each score in a training's curves; the weights kept are those of the task's own monitor."""
    return {name: float(curves.loc[curves["name"] == name, "value"].agg(mode)) for name, mode in monitors}
