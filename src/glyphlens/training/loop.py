"""One training from first to best weights: resumes by itself and keeps the best."""

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path

import lightning
import pandas as pd
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from torch import nn
from torch.utils.data import DataLoader

from glyphlens.training.averaging import WarmAveraging
from glyphlens.training.batches import Batch, BatchSource, StepStream
from glyphlens.training.callbacks import Curves, StepBar
from glyphlens.training.checkpoints import load_finished, newest_checkpoint, save_finished
from glyphlens.training.objectives import Objective
from glyphlens.training.params import TrainingParams
from glyphlens.training.task import RecognitionTask

CURVE_POINTS = 100
MONITORED = "val_top1"


def train(
    model: nn.Module,
    source: BatchSource,
    validation: Sequence[Batch],
    params: TrainingParams,
    *,
    objective: Objective,
    title: str,
    seed: int,
    checkpoints: Path,
) -> pd.DataFrame:
    """Train ``model`` in place and leave it with its best weights, in evaluation mode.

    ``checkpoints`` holds the last ``keep_last`` and the best state while training runs, and the result once it is
    done: an interrupted training goes on from the newest readable state, a finished one is read again. The caller
    removes the folder when the model is saved (``checkpoints.unfinished``). Returns the curves (step, name, value).
    """
    _quieten()
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    rows = load_finished(checkpoints, model)
    if rows is None:
        task = RecognitionTask(model, objective, params, seed)
        curves, best = Curves(max(1, params.steps // CURVE_POINTS)), _best(checkpoints)
        trainer = _trainer(params, [curves, StepBar(title, params.steps), best, _last(checkpoints, params.keep_last)])
        trainer.fit(
            task,
            DataLoader(StepStream(source, params.steps, task), batch_size=None),
            DataLoader(validation, batch_size=None),  # type: ignore[arg-type]
            ckpt_path=newest_checkpoint(checkpoints),
            weights_only=False,
        )
        if trainer.interrupted:
            raise KeyboardInterrupt
        task.load_state_dict(torch.load(best.best_model_path, weights_only=True)["state_dict"])
        rows = curves.table()
        save_finished(checkpoints, model, rows)
    model.eval()
    return rows


def _trainer(params: TrainingParams, callbacks: list[Callback]) -> lightning.Trainer:
    """The states are kept by the last callbacks: what they keep must know of the best that came before them."""
    averaging = [WarmAveraging(params.ema_decay)] if params.ema_decay else []
    stopping = EarlyStopping(MONITORED, mode="max", patience=params.patience)
    return lightning.Trainer(
        max_steps=params.steps,
        max_epochs=-1,
        accelerator="auto",
        devices="auto",
        precision=params.precision,
        gradient_clip_val=params.clip,
        val_check_interval=min(params.validate_every, params.steps),
        check_val_every_n_epoch=None,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        deterministic=True,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[*averaging, stopping, *callbacks],
    )


def _best(folder: Path) -> ModelCheckpoint:
    return ModelCheckpoint(folder, "best", monitor=MONITORED, mode="max", save_weights_only=True)


def _last(folder: Path, count: int) -> ModelCheckpoint:
    return ModelCheckpoint(
        folder, "step-{step}", auto_insert_metric_name=False, monitor="step", mode="max", save_top_k=count
    )


def _quieten() -> None:
    """Lightning advises on workers, tips and loggers that do not apply to a step stream."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", category=UserWarning, module="lightning.*")
    warnings.filterwarnings("ignore", category=FutureWarning, module="lightning.*")
