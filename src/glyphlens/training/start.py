"""Weights in git that a training begins with: in half precision, with how their own training went.

A start is a folder that a track's command writes by hand from a finished training: ``weights.safetensors`` and
``model.json``, ``training.json``, and beside them what the track has to know of what the weights have seen.
"""

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from glyphlens.core.curves import TRAINING
from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, save_json
from glyphlens.nets.weights import load_model, save_model

WEIGHTS = "weights.safetensors"


def save_start_weights(folder: Path, trained: Path) -> None:
    """Write into ``folder`` the network of ``trained`` in half precision, and how its training went."""
    save_model(folder, load_model(trained, nn.Module).half())
    save_json(folder / TRAINING, load_json(trained / TRAINING))


def load_start_weights(start: Path) -> dict[str, Tensor]:
    """The tensors by their names; raises InputError where the file is missing or broken."""
    try:
        return load_file(start / WEIGHTS)
    except (OSError, SafetensorError) as error:
        raise InputError(f"{start / WEIGHTS}: not readable weights ({error})") from error


def strange_tensor(weights: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> str:
    """The first tensor, by name, that is not in both, or not of one shape, in words; empty where there is none."""
    for name in sorted({*weights, *own}):
        there, here = (tuple(each[name].shape) if name in each else "absent" for each in (weights, own))
        if there != here:
            return f"{name} is {there}, here {here}"
    return ""


def steps_before(start: Path | None) -> int:
    """How many steps the weights of ``start`` have behind them, all in all; 0 for None, random weights."""
    if start is None:
        return 0
    training = load_json(start / TRAINING)
    return int(training["steps"]) + int(training.get("steps_before", 0))
