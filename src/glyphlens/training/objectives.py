"""What a step minimises: the class loss of any recogniser, what it learns beside it, and a teacher's opinion."""

from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from glyphlens.training.batches import Batch
from glyphlens.training.losses import classification_loss


class Objective(Protocol):
    """Anything that makes a scalar loss of a batch."""

    def __call__(self, model: nn.Module, batch: Batch, step: int) -> Tensor:
        """The mean loss of ``model`` on ``batch`` in optimiser step ``step``."""
        ...


class ClassLoss:
    """Smoothed cross-entropy, plus the auxiliary loss of a recogniser that has a method ``learn``."""

    def __init__(self, smoothing: float) -> None:
        self.smoothing = smoothing

    def __call__(self, model: nn.Module, batch: Batch, step: int) -> Tensor:
        """Mean over the batch."""
        return self.of(model, batch)[1]

    def of(self, model: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        """(N, C) logits, and the loss."""
        learn: Any = getattr(model, "learn", None)
        if learn is None:
            logits_NC = model(*batch.inputs)
            return logits_NC, classification_loss(logits_NC, batch.targets, self.smoothing)
        logits_NC, auxiliary = learn(*batch.inputs, batch.targets)
        return logits_NC, classification_loss(logits_NC, batch.targets, self.smoothing) + auxiliary


class DistilledLoss:
    """The class loss mixed with the teacher's softened answers (Hinton et al. 2015, arXiv:1503.02531, section 2)."""

    def __init__(self, teacher: nn.Module, smoothing: float, share: float, temperature: float) -> None:
        self.teacher, self.share, self.temperature = teacher.eval(), share, temperature
        self.plain = ClassLoss(smoothing)

    def __call__(self, model: nn.Module, batch: Batch, step: int) -> Tensor:
        """``share`` of the teacher, the rest of the classes."""
        logits_NC, loss = self.plain.of(model, batch)
        with torch.no_grad():
            taught_NC = self.teacher(*batch.inputs).float()
        softened = functional.kl_div(
            functional.log_softmax(logits_NC.float() / self.temperature, dim=1),
            functional.log_softmax(taught_NC / self.temperature, dim=1),
            reduction="batchmean",
            log_target=True,
        )
        return (1 - self.share) * loss + self.share * self.temperature**2 * softened
