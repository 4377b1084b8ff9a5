"""One training from first to best weights: resumes by itself and keeps the best."""

import logging
import signal
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import lightning
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from lightning.pytorch.utilities.exceptions import SIGTERMException
from torch import nn
from torch.utils.data import DataLoader

from glyphlens.tracking.curve_files import CurveFiles
from glyphlens.training.batches import StepSource, step_loader
from glyphlens.training.callbacks import Curves, LastValidation, StepBar, WarmAveraging
from glyphlens.training.checkpoints import Trained, load_finished, save_finished
from glyphlens.training.machine import computes_in_bfloat16, keep_freed_memory, local_world_size, world_size
from glyphlens.training.module import TrainingModule
from glyphlens.training.params import TrainingParams
from glyphlens.training.run import TrainingRun
from glyphlens.training.states import EXIT_STATUS, Interruption, States, WholeFiles
from glyphlens.training.task import Monitor, Task

CURVE_POINTS = 100
B = TypeVar("B")


def train(
    model: nn.Module,
    source: StepSource[B],
    validation: Sequence[B],
    params: TrainingParams,
    *,
    task: Task[B],
    seed: int,
    run: TrainingRun,
    curves: Path,
) -> Trained:
    """Train ``model`` in place and leave it with its best weights, in evaluation mode.

    ``run.folder`` holds the last ``keep_last`` states and the best weights while training runs, and the result once it
    is done: an interrupted training goes on from ``run.start``, a finished one is read again. ``curves`` is the folder
    that the learning curves are written to while they grow. Of several processes (torchrun), only the first returns.
    SIGINT and SIGTERM end the process between two steps, with a state. Raises DivergenceError at the first step that
    is not finite, OutputError where a file cannot be written.
    """
    _quieten()
    keep_freed_memory()
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    files = CurveFiles(curves)
    trained = load_finished(run.folder, model)
    if trained is None:
        module = TrainingModule(model, task, params, seed, run.identity)
        batches = step_loader(source, params.steps, module, run.batch_workers)
        trained = _train(module, batches, validation, run, files)
        save_finished(run.folder, model, trained)
    files.open(trained.curves.itertuples(index=False, name=None))
    files.close()
    model.eval()
    return trained


def _train(
    module: TrainingModule, batches: "DataLoader[Any]", validation: Sequence[Any], run: TrainingRun, files: CurveFiles
) -> Trained:
    """Train to the end and give the module its best weights; only the first process comes back."""
    stage, params, monitor = run.identity.stage, module.params, module.task.monitor
    watch, best = Curves(stage, max(1, params.steps // CURVE_POINTS), files), _best(run.folder, monitor)
    with Interruption(stage) as interruption:
        states = States(run, params.keep_last, interruption)
        bar = StepBar(stage, params.steps, monitor.name)
        trainer = _trainer(params, monitor, [watch, LastValidation(), bar, best, states])
        _fit(trainer, module, batches, validation, run.start)
        states.end_if_asked(trainer)
    _leave_to_the_first(trainer)
    module.load_state_dict(torch.load(best.best_model_path, weights_only=True)["state_dict"])
    return Trained(watch.table(), watch.seconds)


def _fit(
    trainer: lightning.Trainer,
    module: TrainingModule,
    batches: "DataLoader[Any]",
    validation: Sequence[Any],
    start: Path | None,
) -> None:
    """Train from a state or from the beginning.

    Lightning's own answer to SIGTERM, before the first step, would be to end with 0, as if all were done.
    """
    held_out: DataLoader[Any] = DataLoader(validation, batch_size=None)  # type: ignore[arg-type]
    try:
        trainer.fit(module, batches, held_out, ckpt_path=start, weights_only=True)
    except SIGTERMException as error:
        raise SystemExit(EXIT_STATUS + signal.SIGTERM) from error


def _trainer(params: TrainingParams, monitor: Monitor, callbacks: list[Callback]) -> lightning.Trainer:
    """The states are kept by the last callbacks: what they keep must know of the best that came before them.

    One device, or those of a torchrun, whose processes are told of themselves by environment variables.
    """
    averaging = [WarmAveraging(params.ema_decay)] if params.ema_decay else []
    stopping = EarlyStopping(monitor.name, mode=monitor.mode, patience=params.patience)
    return lightning.Trainer(
        max_steps=params.steps,
        max_epochs=-1,
        accelerator="auto",
        devices=local_world_size(),
        num_nodes=world_size() // local_world_size(),
        strategy="ddp_find_unused_parameters_true" if world_size() > 1 else "auto",  # heads may have no loss
        sync_batchnorm=torch.cuda.is_available(),
        precision=params.precision if computes_in_bfloat16() else "32-true",
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
        plugins=[WholeFiles()],
    )


def _leave_to_the_first(trainer: lightning.Trainer) -> None:
    """End every process of a torchrun but the first, which has all that is left to do."""
    if torch.distributed.is_initialized():
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()
    if not trainer.is_global_zero:
        raise SystemExit(0)


def _best(folder: Path, monitor: Monitor) -> ModelCheckpoint:
    """A whole state: in a file of weights alone Lightning writes the current ones where the averaged were validated."""
    return ModelCheckpoint(folder, "best", monitor=monitor.name, mode=monitor.mode)


def _quieten() -> None:
    """Lightning advises on workers, tips and loggers that do not apply to a step stream."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", category=UserWarning, module="lightning.*")
    warnings.filterwarnings("ignore", category=FutureWarning, module="lightning.*")
