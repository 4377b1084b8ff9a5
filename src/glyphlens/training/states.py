"""The states of an unfinished training: when one is written, how many are kept, and what signals do to a training.

The first Ctrl-C or SIGTERM asks a training to end between two steps, with a state; the second ends it at once.
"""

import contextlib
import os
import signal
import time
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import lightning
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.plugins.io import TorchCheckpointIO
from torch import Tensor
from tqdm import tqdm

from glyphlens.training.checkpoints import resumption, save_whole, step_of
from glyphlens.training.machine import rank
from glyphlens.training.run import TrainingRun

SIGNALS = (signal.SIGINT, signal.SIGTERM)
STANDARD_ERROR = 2
EXIT_STATUS = 128  # plus the signal's number: what a shell reports of a process that a signal ended


class Interruption:
    """Listens for SIGINT and SIGTERM within its block, in place of what they do outside."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.signal: int | None = None

    @property
    def status(self) -> int:
        """The exit status that names the signal; SIGTERM where only another process of a torchrun was asked to end."""
        return EXIT_STATUS + (self.signal or signal.SIGTERM)

    def __enter__(self) -> "Interruption":
        self._outside = {number: signal.getsignal(number) for number in SIGNALS}
        self.listen()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._outside.items():
            signal.signal(number, handler)

    def listen(self) -> None:
        """Take the signals over, also from whoever took them within the block."""
        for number in SIGNALS:
            signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        """Only write(2) is safe here: the signal may have come in the middle of a print."""
        if self.signal is not None:
            os._exit(EXIT_STATUS + number)
        self.signal = number
        if rank() == 0:
            told = f"\n{self.title}: ends after this step and keeps its state; once more (Ctrl-C) ends it at once\n"
            with contextlib.suppress(OSError):
                os.write(STANDARD_ERROR, told.encode())


class WholeFiles(TorchCheckpointIO):
    """Writes every state and the best weights whole or not at all; raises OutputError where there is no room."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """By way of a temporary neighbour."""
        save_whole(Path(path), checkpoint)


class States(Checkpoint):
    """Keeps the newest states: of every validation, of every few minutes, and of the step at which it is asked to end.

    A state is only written where a resumed training does the very same as one that was never interrupted: between two
    steps or, where a validation follows the step, after the validation.
    """

    def __init__(self, run: TrainingRun, count: int, interruption: Interruption) -> None:
        self.run, self.count, self.interruption = run, count, interruption
        self.is_over = False
        self.scores: dict[str, Tensor] = {}
        self.written_s = time.monotonic()

    def on_train_start(self, trainer: lightning.Trainer, *_: Any) -> None:
        """Lightning has taken SIGTERM by now. What it forgets of a state: that training was over, and the last scores,
        which a plateau of the learning rate is judged by."""
        self.interruption.listen()
        trainer.should_stop = trainer.should_stop or self.is_over
        trainer.callback_metrics.update(self.scores)

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        """After the callbacks that move with every step."""
        is_validated = trainer.should_stop or trainer.global_step % int(trainer.val_check_batch or 1) == 0
        if not is_validated and _any_process(trainer, self.interruption.signal is not None or self._is_due()):
            self._write(trainer)

    def on_validation_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        """After the best weights."""
        self._write(trainer)

    def state_dict(self) -> dict[str, Any]:
        """For the state."""
        return {"is_over": self.is_over, "scores": self.scores}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """From the state."""
        self.is_over, self.scores = state_dict["is_over"], state_dict["scores"]

    def end_if_asked(self, trainer: lightning.Trainer) -> None:
        """End the process, with the state last written as what it leaves."""
        if _any_process(trainer, self.interruption.signal is not None):
            if trainer.is_global_zero:
                tqdm.write(f"{self.run.identity.stage}: interrupted; {resumption(self.run.folder)}")
            raise SystemExit(self.interruption.status)

    def _is_due(self) -> bool:
        return time.monotonic() - self.written_s >= 60 * self.run.checkpoint.minutes

    def _write(self, trainer: lightning.Trainer) -> None:
        self.is_over, self.scores = trainer.should_stop, dict(trainer.callback_metrics)
        trainer.save_checkpoint(self.run.folder / f"step-{trainer.global_step}.ckpt")
        self.written_s = time.monotonic()
        if trainer.is_global_zero:
            self._tidy(trainer.global_step)
        self.end_if_asked(trainer)

    def _tidy(self, step: int) -> None:
        """Remove older states, but not the one that the parameters name, and what a kill left half written."""
        older = sorted((state for state in self.run.folder.glob("step-*.ckpt") if step_of(state) <= step), key=step_of)
        named = Path(self.run.checkpoint.resume).absolute()
        for file in [*older[: -self.count], *self.run.folder.glob(".*.partial")]:
            if file.absolute() != named:
                file.unlink(missing_ok=True)


def _any_process(trainer: lightning.Trainer, is_wanted: bool) -> bool:
    """Whether any of the processes of a torchrun wants it; they write and end at the same step."""
    return trainer.strategy.reduce_boolean_decision(is_wanted, all=False)
