"""What goes along with a training: learning curves, averaged weights, a progress bar, a look at the last weights."""

import time
from typing import Any

import lightning
import pandas as pd
from lightning.pytorch.callbacks import Callback, WeightAveraging
from torch import Tensor
from tqdm import tqdm

from glyphlens.tracking.curve_files import CurveFiles
from glyphlens.training.machine import rank
from glyphlens.training.module import require_finite_scores

DIGITS = 6


class Curves(Callback):
    """Rows of (step, name, value) and the seconds so far, kept in the checkpoint: a resumed run has the whole curve."""

    def __init__(self, stage: str, every: int, files: CurveFiles) -> None:
        self.stage, self.every, self.files = stage, every, files
        self.rows: list[tuple[int, str, float]] = []
        self.earlier_seconds = 0.0
        self.begin = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Training time, that of interrupted runs up to the state which was gone on with included."""
        return self.earlier_seconds + time.perf_counter() - self.begin

    def on_train_start(self, trainer: lightning.Trainer, *_: Any) -> None:
        """Open the files with what was logged before the interruption."""
        if trainer.is_global_zero:
            self.files.open(self.rows)

    def on_train_batch_end(self, trainer: lightning.Trainer, module: Any, *_: Any) -> None:
        """Every ``every`` steps, the training loss; raises DivergenceError where it is not finite."""
        if trainer.global_step % self.every == 0:
            module.require_finite_step()
            self._log(trainer, "train_loss")

    def on_validation_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        """Every number of the validation; raises DivergenceError where one is not finite."""
        names = sorted(name for name in trainer.callback_metrics if name.startswith("val_"))
        scores = {name: float(trainer.callback_metrics[name]) for name in names}
        require_finite_scores(self.stage, trainer.global_step, scores)
        for name in names:
            self._log(trainer, name)

    def teardown(self, *_: Any, **__: Any) -> None:
        """Close the files; an error leaves them as they are, to be written again from the state."""
        self.files.close()

    def state_dict(self) -> dict[str, Any]:
        """For the checkpoint."""
        return {"rows": list(self.rows), "seconds": self.seconds}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """From the checkpoint."""
        self.rows = [tuple(row) for row in state_dict["rows"]]
        self.earlier_seconds = state_dict["seconds"]

    def table(self) -> pd.DataFrame:
        """Columns step, name, value."""
        return pd.DataFrame(self.rows, columns=["step", "name", "value"])

    def _log(self, trainer: lightning.Trainer, name: str) -> None:
        row = (trainer.global_step, name, round(float(trainer.callback_metrics[name]), DIGITS))
        self.rows.append(row)
        if trainer.is_global_zero:
            self.files.log(*row)


class WarmAveraging(WeightAveraging):
    """Averages weights and buffers after every step; validates, checkpoints and ends with the averages.

    An exponential mean that forgets the first steps: its decay grows to ``limit``.
    """

    def __init__(self, limit: float) -> None:
        def average(mean: Tensor, current: Tensor, averaged: Tensor | int) -> Tensor:
            if not current.is_floating_point():
                return current  # counters and tables: a mean of them, cut to integers, would be neither
            decay = warmed_decay(int(averaged), limit)
            return decay * mean + (1 - decay) * current

        super().__init__(use_buffers=True, avg_fn=average)


def warmed_decay(averaged: int, limit: float) -> float:
    """(1 + n) / (10 + n) after n averaged steps, at most ``limit``, so that a short training keeps no early weights."""
    return min(limit, (1 + averaged) / (10 + averaged))


class LastValidation(Callback):
    """Validates after the last step too, wherever it falls: the last weights are often the best."""

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        """Lightning validates once more where a training is told to stop."""
        trainer.should_stop = trainer.should_stop or trainer.global_step >= trainer.max_steps


class StepBar(Callback):
    """A progress bar of the first process: counts optimiser steps, shows the last loss and validation."""

    def __init__(self, title: str, steps: int, monitored: str) -> None:
        self.shown = ("train_loss", "val_loss", monitored)
        self.bar = tqdm(total=steps, desc=title, unit="step", mininterval=1.0, disable=rank() > 0)

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        """Move to the trainer's step."""
        self.bar.update(trainer.global_step - self.bar.n)

    def on_validation_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        """Show the score that the best weights are judged by."""
        known = [name for name in self.shown if name in trainer.callback_metrics]
        metrics = {name: float(trainer.callback_metrics[name]) for name in known}
        self.bar.set_postfix({name: f"{value:.4f}" for name, value in metrics.items()})

    def teardown(self, *_: Any, **__: Any) -> None:
        """Close the bar."""
        self.bar.close()

    def on_exception(self, *_: Any) -> None:
        """Close the bar before the error is told."""
        self.bar.close()
