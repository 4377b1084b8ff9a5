"""One training from first to best weights: resumes by itself, keeps the best, cleans up behind it."""

import logging
import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path

import lightning
import pandas as pd
import torch
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from torch import nn
from torch.utils.data import DataLoader

from glyphlens.training.averaging import WarmAveraging
from glyphlens.training.batches import Batch, BatchSource, StepStream
from glyphlens.training.callbacks import Curves, StepBar
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
    title: str,
    seed: int,
    checkpoints: Path,
) -> pd.DataFrame:
    """Train ``model`` in place and leave it with its best weights, in evaluation mode.

    ``checkpoints`` holds the last ``keep_last`` and the best state while training runs; an interrupted training goes
    on from the newest of them, a finished one removes the folder. Returns the curves (step, name, value).
    """
    _quieten()
    task = RecognitionTask(model.to(memory_format=torch.channels_last), params, seed)  # type: ignore[call-overload]
    curves = Curves(max(1, params.steps // CURVE_POINTS))
    best = ModelCheckpoint(checkpoints, "best", monitor=MONITORED, mode="max", save_weights_only=True)
    last = ModelCheckpoint(
        checkpoints,
        "step-{step}",
        auto_insert_metric_name=False,
        monitor="step",
        mode="max",
        save_top_k=params.keep_last,
    )
    averaging = [WarmAveraging(params.ema_decay)] if params.ema_decay else []
    stopping = EarlyStopping(MONITORED, mode="max", patience=params.patience)
    trainer = lightning.Trainer(
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
        # `last` comes last: the state it keeps must know of the best that came before it.
        callbacks=[*averaging, stopping, curves, StepBar(title, params.steps), best, last],
    )
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
    shutil.rmtree(checkpoints)
    model.eval()
    return curves.table()


def newest_checkpoint(folder: Path) -> Path | None:
    """The state to go on from, or None for a fresh start."""
    states = sorted(folder.glob("step-*.ckpt"), key=lambda state: int(state.stem.removeprefix("step-")))
    return states[-1] if states else None


def _quieten() -> None:
    """Lightning advises on workers, tips and loggers that do not apply to a step stream."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", category=UserWarning, module="lightning.*")
    warnings.filterwarnings("ignore", category=FutureWarning, module="lightning.*")
