"""What watches a training: the learning curves and a progress bar over steps."""

from typing import Any

import lightning
import pandas as pd
from lightning.pytorch.callbacks import Callback
from tqdm import tqdm


class Curves(Callback):
    """Rows of (step, name, value), kept in the checkpoint so that a resumed run has the whole curve."""

    def __init__(self, every: int) -> None:
        self.every = every
        self.rows: list[tuple[int, str, float]] = []

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        """Every ``every`` steps, the training loss."""
        if trainer.global_step % self.every == 0:
            self.rows.append((trainer.global_step, "train_loss", float(trainer.callback_metrics["train_loss"])))

    def on_validation_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        """Every number of the validation."""
        if not trainer.sanity_checking:
            names = sorted(name for name in trainer.callback_metrics if name.startswith("val_"))
            self.rows += [(trainer.global_step, name, float(trainer.callback_metrics[name])) for name in names]

    def state_dict(self) -> dict[str, Any]:
        """For the checkpoint."""
        return {"rows": list(self.rows)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """From the checkpoint."""
        self.rows = [tuple(row) for row in state_dict["rows"]]

    def table(self) -> pd.DataFrame:
        """Columns step, name, value."""
        return pd.DataFrame(self.rows, columns=["step", "name", "value"]).round({"value": 6})


class StepBar(Callback):
    """A progress bar that counts optimiser steps and shows the last loss and validation."""

    def __init__(self, title: str, steps: int) -> None:
        self.bar = tqdm(total=steps, desc=title, unit="step", mininterval=1.0)

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        """Move to the trainer's step."""
        self.bar.update(trainer.global_step - self.bar.n)

    def on_validation_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        """Show the validation's accuracy."""
        shown = ("train_loss", "val_loss", "val_top1")
        metrics = {name: float(trainer.callback_metrics[name]) for name in shown if name in trainer.callback_metrics}
        self.bar.set_postfix({name: f"{value:.4f}" for name, value in metrics.items()})

    def teardown(self, *_: Any, **__: Any) -> None:
        """Close the bar, also after an error."""
        self.bar.close()
