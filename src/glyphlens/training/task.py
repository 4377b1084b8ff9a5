"""The one Lightning task: any recogniser, any batch source, AdamW, warm-up and cosine or plateau."""

import json
import math
from dataclasses import asdict
from typing import Any

import lightning
import torch
from torch import Tensor, nn

from glyphlens.training.batches import Batch
from glyphlens.training.checkpoints import IDENTITY, Identity
from glyphlens.training.divergence import StepNumbers, require_finite_step, require_finite_weights
from glyphlens.training.losses import classification_loss
from glyphlens.training.objectives import Objective
from glyphlens.training.params import TrainingParams

TOP_K = 5


class RecognitionTask(lightning.LightningModule):
    """Trains ``model`` on batches; dropout of step k is a function of (seed, k), so resuming is exact."""

    def __init__(
        self, model: nn.Module, objective: Objective, params: TrainingParams, seed: int, identity: Identity
    ) -> None:
        super().__init__()
        self.model = model
        self.objective = objective
        self.params = params
        self.seed = seed
        self.identity = identity
        self.loss: Tensor | None = None
        self.last_step: StepNumbers | None = None

    @property
    def processes(self) -> int:
        """How many train together."""
        return int(self.trainer.world_size)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Write into every state what it is a state of; none is made of a network that is no longer finite."""
        self.require_finite_step()
        for weights in (checkpoint["state_dict"], checkpoint.get("current_model_state", {})):
            require_finite_weights(self.identity.stage, self.global_step, weights)
        checkpoint[IDENTITY] = json.dumps(asdict(self.identity))

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Seed the step's randomness.

        Here the step before is looked at: copying this one's batch to a GPU has waited for it already.
        """
        self.require_finite_step()
        torch.manual_seed((self.seed << 24) + self.global_step * self.trainer.world_size + self.global_rank)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Mean loss of one batch."""
        loss = self.objective(self.model, batch, self.global_step)
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

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Loss and hits on the matching (margin-free) logits."""
        logits = self.model(*batch.inputs).float()
        count = len(batch.targets)
        top = logits.topk(min(TOP_K, logits.shape[1]), dim=1).indices == batch.targets.unsqueeze(1)
        self.log("val_loss", classification_loss(logits, batch.targets, 0.0), batch_size=count, sync_dist=True)
        self.log("val_top1", top[:, 0].float().mean(), batch_size=count, sync_dist=True)
        self.log("val_top5", top.any(1).float().mean(), batch_size=count, sync_dist=True)

    def configure_optimizers(self) -> Any:
        """AdamW without decay on vectors (biases, normalisation), and the schedule."""
        decayed = [parameter for parameter in self.model.parameters() if parameter.ndim > 1]
        others = [parameter for parameter in self.model.parameters() if parameter.ndim <= 1]
        optimizer = torch.optim.AdamW(
            [{"params": decayed, "weight_decay": self.params.weight_decay}, {"params": others, "weight_decay": 0.0}],
            lr=self.params.lr,
        )
        if self.params.schedule == "plateau":
            plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="max", factor=0.5, patience=1)
            frequency = {
                "interval": "step",
                "frequency": self.params.validate_every,
                "monitor": "val_top1",
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
