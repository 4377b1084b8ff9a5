"""The files of an unfinished training: states to go on from, and the result until its stage has written it."""

import io
import json
import pickle
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import pandas as pd
import torch
from torch import nn
from tqdm import tqdm

from glyphlens.core.errors import CheckpointError
from glyphlens.core.params import flat_params
from glyphlens.core.storage import writing

FINISHED = "finished.pt"
IDENTITY = "glyphlens"
BROKEN = (OSError, EOFError, RuntimeError, KeyError, BadZipFile, pickle.UnpicklingError)


@dataclass(frozen=True)
class Identity:
    """What a training is of: a state of one may only be gone on with by the same.

    ``config``: every setting that decides the result. ``data``: path → SHA-256. ``code``: SHA-256 of the sources.
    ``device`` and ``threads``: what it is computed on; sums of floats are ordered by the number of threads.
    """

    stage: str
    config: dict[str, Any]
    data: dict[str, str]
    code: str
    device: str
    threads: int

    def differences(self, other: "Identity") -> list[str]:
        """What sets two trainings apart, in words: ``lr: 0.003 here, 0.001 there``."""
        mine, theirs = flat_params(asdict(self)), flat_params(asdict(other))
        return [
            f"{name.removeprefix('config.')}: {mine.get(name, 'absent')} here, {theirs.get(name, 'absent')} there"
            for name in sorted({*mine, *theirs})
            if mine.get(name) != theirs.get(name)
        ]


class Trained(NamedTuple):
    """What a training leaves beside the weights: its curves (step, name, value) and how long it took in all."""

    curves: pd.DataFrame
    seconds: float


def newest_state(folder: Path) -> Path | None:
    """The newest state that can be read, or None for a fresh start; a kill may have cut the last one short."""
    for state in sorted(folder.glob("step-*.ckpt"), key=step_of, reverse=True):
        try:
            torch.load(state, map_location="meta", weights_only=True)
        except BROKEN as error:
            tqdm.write(f"{state}: cut short ({_reason(error)}); going on from an earlier state")
        else:
            return state
    return None


def resumption(folder: Path) -> str:
    """How a training that ended early goes on, in words."""
    if (folder / FINISHED).is_file():
        return f"it is trained: `dvc repro`, or the same command again, reads {folder / FINISHED} and writes the rest"
    state = newest_state(folder)
    if state is None:
        return "no state was written before, so that it starts again"
    return f"`dvc repro`, or the same command again, resumes from {state}"


def read_identity(state: Path) -> Identity:
    """Whose state a file is; raises CheckpointError where it is none of ours."""
    try:
        return Identity(**json.loads(torch.load(state, map_location="meta", weights_only=True)[IDENTITY]))
    except (*BROKEN, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{state}: not a training state of glyphlens ({type(error).__name__}: {_reason(error)}); set "
            "checkpoint.resume in params.yaml to auto, never or a step-….ckpt below checkpoints/"
        ) from error


def _reason(error: Exception) -> str:
    """What is wrong with a state; torch's own words would be advice to run what is in it."""
    is_refused = isinstance(error, pickle.UnpicklingError)
    return (
        "it holds more than tensors, numbers and texts, or is damaged; nothing in it was run"
        if is_refused
        else f"{error}"
    )


def save_whole(path: Path, content: dict[str, Any]) -> None:
    """``torch.save`` to a file that is whole or not there; raises OutputError where the system refuses it.

    By way of memory: where a disk is full, torch's own writer raises errors of its own that do not say so.
    """
    buffer = io.BytesIO()
    torch.save(content, buffer)
    with writing(path) as partial:
        partial.write_bytes(buffer.getbuffer())


def save_finished(folder: Path, model: nn.Module, trained: Trained) -> None:
    """Keep the result of a finished training until its stage has written it."""
    content = {"weights": model.state_dict(), "curves": trained.curves.to_dict("list"), "seconds": trained.seconds}
    save_whole(folder / FINISHED, content)


def load_finished(folder: Path, model: nn.Module) -> Trained | None:
    """Give ``model`` the weights of a training that is finished already; None where there is none."""
    if not (folder / FINISHED).is_file():
        return None
    result = torch.load(folder / FINISHED, weights_only=True)
    model.load_state_dict(result["weights"])
    return Trained(pd.DataFrame(result["curves"]), result["seconds"])


def step_of(state: Path) -> int:
    """The optimiser step of a state, as its name says."""
    return int(state.stem.removeprefix("step-").partition("-")[0])
