"""One training from first to best weights: resumes by itself and keeps the best."""

import logging
import signal
import warnings
from collections.abc import Sequence
from pathlib import Path

import lightning
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from lightning.pytorch.utilities.exceptions import SIGTERMException
from torch import nn
from torch.utils.data import DataLoader

from glyphlens.tracking.curve_files import CurveFiles
from glyphlens.training.averaging import WarmAveraging
from glyphlens.training.batches import Batch, BatchSource, StepStream
from glyphlens.training.callbacks import Curves, LastValidation, StepBar
from glyphlens.training.checkpoints import Trained, load_finished, save_finished
from glyphlens.training.objectives import Objective
from glyphlens.training.params import TrainingParams
from glyphlens.training.processes import local_world_size, world_size
from glyphlens.training.run import TrainingRun
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
    seed: int,
    run: TrainingRun,
    curves: Path,
) -> Trained:
    """Train ``model`` in place and leave it with its best weights, in evaluation mode.

    ``run.folder`` holds the last ``keep_last`` and the best state while training runs, and the result once it is
    done: an interrupted training goes on from ``run.start``, a finished one is read again. ``curves`` is the folder
    that the learning curves are written to while they grow. Of several processes (torchrun), only the first returns.
    """
    _quieten()
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    trained = load_finished(run.folder, model)
    files = CurveFiles(curves)
    if trained is None:
        task = RecognitionTask(model, objective, params, seed, run.identity)
        watch, best = Curves(max(1, params.steps // CURVE_POINTS), files), _best(run.folder)
        bar = StepBar(run.identity.stage, params.steps)
        trainer = _trainer(params, [watch, LastValidation(), bar, best, _last(run.folder, params.keep_last)])
        _fit(trainer, task, StepStream(source, params.steps, task), validation, run.start)
        task.load_state_dict(torch.load(best.best_model_path, weights_only=True)["state_dict"])
        trained = Trained(watch.table(), watch.seconds)
        save_finished(run.folder, model, trained)
    else:
        files.open(trained.curves.itertuples(index=False, name=None))
        files.close()
    model.eval()
    return trained


def _fit(
    trainer: lightning.Trainer,
    task: RecognitionTask,
    stream: StepStream,
    validation: Sequence[Batch],
    start: Path | None,
) -> None:
    """Train from a state or from the beginning; what ends it early ends this process too, as an interruption."""
    try:
        trainer.fit(
            task,
            DataLoader(stream, batch_size=None),
            DataLoader(validation, batch_size=None),  # type: ignore[arg-type]
            ckpt_path=start,
            weights_only=False,
        )
    except SIGTERMException as error:
        raise SystemExit(128 + signal.SIGTERM) from error  # Lightning's own ends with 0, as if all were done
    if trainer.interrupted:
        raise KeyboardInterrupt
    _leave_to_the_first(trainer)


def _trainer(params: TrainingParams, callbacks: list[Callback]) -> lightning.Trainer:
    """The states are kept by the last callbacks: what they keep must know of the best that came before them.

    One device, or those of a torchrun, whose processes are told of themselves by environment variables.
    """
    averaging = [WarmAveraging(params.ema_decay)] if params.ema_decay else []
    stopping = EarlyStopping(MONITORED, mode="max", patience=params.patience)
    return lightning.Trainer(
        max_steps=params.steps,
        max_epochs=-1,
        accelerator="auto",
        devices=local_world_size(),
        num_nodes=world_size() // local_world_size(),
        strategy="ddp_find_unused_parameters_true" if world_size() > 1 else "auto",  # heads may have no loss
        sync_batchnorm=torch.cuda.is_available(),
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


def _leave_to_the_first(trainer: lightning.Trainer) -> None:
    """End every process of a torchrun but the first, which has all that is left to do."""
    if torch.distributed.is_initialized():
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()
    if not trainer.is_global_zero:
        raise SystemExit(0)


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
