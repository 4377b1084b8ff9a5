"""A trained recogniser as two files: ``weights.safetensors`` and ``model.json`` (kind and config). No pickle."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import nn

from glyphlens.errors import InputError
from glyphlens.recognizers.cells import CellCNN, CellConfig
from glyphlens.recognizers.grid import GridConfig, GridRecognizer
from glyphlens.recognizers.raster_cnn import RasterConfig, RasterRecognizer
from glyphlens.storage import load_json, save_json, writing

KINDS: dict[str, tuple[type[Any], type[Any]]] = {
    "cells": (CellCNN, CellConfig),
    "grid": (GridRecognizer, GridConfig),
    "raster_cnn": (RasterRecognizer, RasterConfig),
}

Network = TypeVar("Network", bound=nn.Module)


def save_model(folder: Path, model: nn.Module) -> None:
    """Write a recogniser's weights and config below ``folder``; raises ValueError for a network of no known kind."""
    kind = next((name for name, (network, _) in KINDS.items() if type(model) is network), None)
    if kind is None:
        raise ValueError(f"{type(model).__name__} is none of {', '.join(KINDS)}")
    tensors = {name: tensor.detach().contiguous() for name, tensor in model.state_dict().items()}
    with writing(folder / "weights.safetensors") as partial:
        partial.write_bytes(save(tensors))
    save_json(folder / "model.json", {"recognizer": kind, "config": asdict(model.config)})  # type: ignore[call-overload]


def load_model(folder: Path, expected: type[Network]) -> Network:
    """The recogniser in evaluation mode; raises InputError naming the file that is missing or does not fit."""
    description = load_json(folder / "model.json")
    try:
        network, config = KINDS[description["recognizer"]]
        settings = {
            name: tuple(value) if isinstance(value, list) else value for name, value in description["config"].items()
        }
        model = network(config(**settings))
    except (KeyError, TypeError) as error:
        raise InputError(f"{folder / 'model.json'}: not the description of a recogniser ({error!r})") from error
    if not isinstance(model, expected):
        raise InputError(f"{folder / 'model.json'}: a {network.__name__}, expected a {expected.__name__}")
    weights = folder / "weights.safetensors"
    try:
        model.load_state_dict(load_file(weights))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise InputError(f"{weights}: does not fit {folder / 'model.json'} ({error})") from error
    return model.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]
