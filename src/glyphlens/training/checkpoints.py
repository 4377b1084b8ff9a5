"""Where an interrupted training is kept: outside the stages' outputs, under the hash of config, data and code."""

import hashlib
import json
import os
import pickle
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import pandas as pd
import torch
from torch import nn
from tqdm import tqdm

import glyphlens
from glyphlens.storage import sha256_tree, writing

ROOT_VARIABLE = "GLYPHLENS_CHECKPOINTS"
CODE = ("imaging", "recognizers", "training")
FINISHED = "finished.pt"
BROKEN = (OSError, EOFError, RuntimeError, KeyError, BadZipFile, pickle.UnpicklingError)


@contextmanager
def unfinished(stage: str, config: dict[str, Any], *data: Path) -> Iterator[Path]:
    """The folder of a training while the block runs; it is removed only when the block ends without an error.

    Train and save the model inside, so that no kill between the two loses the training.
    """
    folder = checkpoint_folder(stage, config, *data)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def checkpoint_folder(stage: str, config: dict[str, Any], *data: Path) -> Path:
    """``<root>/<stage>/<key>``; a run of another configuration, other data or other code has another key.

    The root is ``$GLYPHLENS_CHECKPOINTS`` (absolute, for queued and temporary experiments) or ``checkpoints``.
    """
    package = Path(glyphlens.__file__).parent
    parts = [json.dumps(config, sort_keys=True), *(sha256_tree(path) for path in data)]
    parts += [source.read_text(encoding="utf-8") for name in CODE for source in sorted((package / name).glob("*.py"))]
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
    return Path(os.environ.get(ROOT_VARIABLE, "checkpoints")).absolute() / stage / key


def newest_checkpoint(folder: Path) -> Path | None:
    """The newest state that can be read, or None for a fresh start; a kill may have cut the last one short."""
    for state in sorted(folder.glob("step-*.ckpt"), key=_step, reverse=True):
        try:
            torch.load(state, map_location="meta", weights_only=False)
        except BROKEN as error:
            tqdm.write(f"{state}: cut short ({error}); going on from an earlier state")
        else:
            return state
    return None


def save_finished(folder: Path, model: nn.Module, curves: pd.DataFrame) -> None:
    """Keep the result of a finished training until its stage has written it."""
    with writing(folder / FINISHED) as partial:
        torch.save({"weights": model.state_dict(), "curves": curves.to_dict("list")}, partial)


def load_finished(folder: Path, model: nn.Module) -> pd.DataFrame | None:
    """Give ``model`` the weights of a training that is finished already and return its curves; else None."""
    if not (folder / FINISHED).is_file():
        return None
    result = torch.load(folder / FINISHED, weights_only=True)
    model.load_state_dict(result["weights"])
    return pd.DataFrame(result["curves"])


def _step(state: Path) -> int:
    return int(state.stem.removeprefix("step-").partition("-")[0])
