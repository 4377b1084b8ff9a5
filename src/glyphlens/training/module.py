"""The one Lightning module: any network and task, AdamW, warm-up and cosine or plateau, and a stop where numbers fail.

A training whose numbers are no longer finite stops there; neither a state nor best weights are made of them.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

import lightning
import torch
from torch import Tensor, nn

from glyphlens.core.errors import DivergenceError
from glyphlens.training.checkpoints import IDENTITY, Identity
from glyphlens.training.params import TrainingParams
from glyphlens.training.task import Task

ADVICE = (
    "the same settings come to the same end, also from an earlier state: lower `lr`, raise `warmup_share`, lower "
    "`clip`, set `precision` to 32-true where it is bf16-mixed, or look for broken samples where it is an early step"
)


class StepNumbers(NamedTuple):
    """What tells whether a step went well. ``gradient_norm``: before clipping, finite only where every gradient is."""

    step: int
    lr: float
    loss: Tensor
    gradient_norm: Tensor


def require_finite_step(stage: str, numbers: StepNumbers) -> None:
    """Raise DivergenceError for a step whose loss or gradient is not finite; waits for the device to have made it."""
    loss, gradient_norm = float(numbers.loss), float(numbers.gradient_norm)
    if not (math.isfinite(loss) and math.isfinite(gradient_norm)):
        raise DivergenceError(
            f"{stage}: step {numbers.step}: the loss is {loss:g} and the norm of its gradient {gradient_norm:g}, at a "
            f"learning rate of {numbers.lr:.3g}; {ADVICE}"
        )


class TrainingModule(lightning.LightningModule):
    """Trains ``model`` for ``task``; dropout of step k is a function of (seed, k), so resuming is exact."""

    def __init__(
        self, model: nn.Module, task: Task[Any], params: TrainingParams, seed: int, identity: Identity
    ) -> None:
        super().__init__()
        self.model = model
        self.task = task
        self.metrics = task.metrics()
        self.params = params
        self.seed = seed
        self.identity = identity
        self.loss: Tensor | None = None
        self.last_step: StepNumbers | None = None

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Write into every state what it is a state of; none is made of a network that is no longer finite."""
        self.require_finite_step()
        for weights in (checkpoint["state_dict"], checkpoint.get("current_model_state", {})):
            require_finite_weights(self.identity.stage, self.global_step, weights)
        checkpoint[IDENTITY] = json.dumps(asdict(self.identity))

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Seed the step's randomness.

        Here the step before is looked at: copying this one's batch to a GPU has waited for it already.
        """
        self.require_finite_step()
        torch.manual_seed((self.seed << 24) + self.global_step * self.trainer.world_size + self.global_rank)

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        """Mean loss of one batch."""
        loss = self.task.loss(self.model, batch, self.global_step)
        self.log("train_loss", loss, sync_dist=True)
        self.loss = loss.detach()
        return loss

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip the norm as Lightning does, and keep what it was."""
        assert self.loss is not None and gradient_clip_val is not None
        gradient_norm = nn.utils.clip_grad_norm_(
            self.trainer.precision_plugin.main_params(optimizer), gradient_clip_val
        )
        self.last_step = StepNumbers(self.global_step + 1, optimizer.param_groups[0]["lr"], self.loss, gradient_norm)

    def require_finite_step(self) -> None:
        """Raise DivergenceError where the last step of this process, if there is one, has gone wrong."""
        if self.last_step is not None:
            require_finite_step(self.identity.stage, self.last_step)

    def on_validation_start(self) -> None:
        """The last step is looked at before it is validated."""
        self.require_finite_step()

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        """Add what the network makes of a batch."""
        self.task.update(self.metrics, self.model, batch)

    def on_validation_epoch_end(self) -> None:
        """The scores of the validation, of all processes together."""
        self.log_dict(self.metrics.compute())
        self.metrics.reset()

    def configure_optimizers(self) -> Any:
        """AdamW without decay on vectors (biases, normalisation), and the schedule."""
        decayed = [parameter for parameter in self.model.parameters() if parameter.ndim > 1]
        others = [parameter for parameter in self.model.parameters() if parameter.ndim <= 1]
        optimizer = torch.optim.AdamW(
            [{"params": decayed, "weight_decay": self.params.weight_decay}, {"params": others, "weight_decay": 0.0}],
            lr=self.params.lr,
        )
        if self.params.schedule == "plateau":
            name, mode = self.task.monitor
            plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode=mode, factor=0.5, patience=1)
            frequency = {
                "interval": "step",
                "frequency": self.params.validate_every,
                "monitor": name,
                "strict": False,
            }
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": plateau, **frequency}}
        cosine = torch.optim.lr_scheduler.LambdaLR(optimizer, self._cosine)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": cosine, "interval": "step"}}

    def _cosine(self, step: int) -> float:
        """Linear warm-up, then half a cosine down to zero (arXiv:1608.03983, eq. 5, one cycle)."""
        warmup = max(1, round(self.params.warmup_share * self.params.steps))
        if step < warmup:
            return (step + 1) / warmup
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warmup) / max(1, self.params.steps - warmup))))


def require_finite_scores(stage: str, step: int, scores: Mapping[str, float]) -> None:
    """Raise DivergenceError for a validation with a score that is not finite."""
    bad = [f"{name} is {value:g}" for name, value in scores.items() if not math.isfinite(value)]
    if bad:
        raise DivergenceError(f"{stage}: validation after step {step}: {', '.join(bad)}; {ADVICE}")


def require_finite_weights(stage: str, step: int, weights: Mapping[str, Tensor]) -> None:
    """Raise DivergenceError for weights that no state may be made of."""
    bad = [name for name, tensor in weights.items() if tensor.is_floating_point() and not tensor.isfinite().all()]
    if bad:
        raise DivergenceError(
            f"{stage}: step {step}: {len(bad)} of {len(weights)} tensors of the network are not finite, the first is "
            f"{bad[0]}; {ADVICE}"
        )
