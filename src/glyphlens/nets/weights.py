"""A trained recogniser as two files: ``weights.safetensors`` and ``model.json`` (kind and config). No pickle.

A kind is the name of a module in the ``recognizers`` of a track, which calls its network ``Network`` and its settings
``Config``; no two tracks use the same.
"""

from dataclasses import asdict
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import nn

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, save_json, writing

TRACKS = "glyphlens.tracks"
Kind = TypeVar("Kind", bound=nn.Module)


def recognizer_module(kind: str) -> ModuleType:
    """The module of a kind of recogniser; raises InputError for a name that is none."""
    names = [f"{package}.{kind}" for package in _recognizer_packages()] if kind.isidentifier() else []
    module = next((import_module(name) for name in names if find_spec(name)), None)
    if module is None or not hasattr(module, "Network"):
        raise InputError(f"no recogniser is called '{kind}'; see src/glyphlens/tracks/*/recognizers/")
    return module


def _recognizer_packages() -> list[str]:
    """The ``recognizers`` of every track that has some."""
    names = [f"{TRACKS}.{track.name}.recognizers" for track in iter_modules(import_module(TRACKS).__path__)]
    return [name for name in names if find_spec(name)]


def save_model(folder: Path, model: nn.Module) -> None:
    """Write a recogniser's weights and config below ``folder``; raises ValueError for a network of no known kind."""
    package, _, kind = type(model).__module__.rpartition(".")
    if package not in _recognizer_packages() or recognizer_module(kind).Network is not type(model):
        raise ValueError(f"{type(model).__name__} is not the network of a track's recogniser")
    tensors = {name: tensor.detach().contiguous() for name, tensor in model.state_dict().items()}
    with writing(folder / "weights.safetensors") as partial:
        partial.write_bytes(save(tensors))
    save_json(folder / "model.json", {"recognizer": kind, "config": network_settings(model)})


def load_model(folder: Path, expected: type[Kind]) -> Kind:
    """The recogniser in evaluation mode, of the ``expected`` kind (``nn.Module``: of any).

    Raises InputError naming the file that is missing or does not fit.
    """
    description = load_json(folder / "model.json")
    try:
        module = recognizer_module(description["recognizer"])
        settings = {
            name: tuple(value) if isinstance(value, list) else value for name, value in description["config"].items()
        }
        model = module.Network(module.Config(**settings))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{folder / 'model.json'}: not the description of a recogniser ({error!r})") from error
    if not isinstance(model, expected):
        raise InputError(f"{folder / 'model.json'}: a {type(model).__name__}, expected a {expected.__name__}")
    weights = folder / "weights.safetensors"
    try:
        model.load_state_dict(load_file(weights))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise InputError(f"{weights}: does not fit {folder / 'model.json'} ({error})") from error
    return model.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def network_settings(network: nn.Module) -> dict[str, Any]:
    """The settings of a trained network."""
    found: dict[str, Any] = asdict(network.config)  # type: ignore[call-overload]
    return found


def weight_count(network: nn.Module) -> int:
    """How many parameters a network has."""
    return sum(weight.numel() for weight in network.parameters())
