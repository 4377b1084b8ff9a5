"""Tiny random networks, rasters and sample sets that the export's tests share."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn

from glyphlens.data.sample_set import CharacterClass, ImageFormat, pack_bits, save_sample_set
from glyphlens.imaging.geometry import GEOMETRY
from glyphlens.tracks.arabic.recognizers.cells import CellCNN, CellConfig
from glyphlens.tracks.arabic.recognizers.grid import GridConfig, GridRecognizer

PRIMITIVES = 15
CLASSES = 6
RULE = {"diacritic_rule": "ratio", "diacritic_ratio": 0.25}


def cell_network(seed: int = 0, primitives: int = PRIMITIVES) -> CellCNN:
    """Random weights; normalisations scaled by numbers of both signs and zero."""
    torch.manual_seed(seed)
    return _unsettle(CellCNN(CellConfig(primitives)))


def grid_network(
    seed: int = 0, backbone: str = "cnn", *, cosine: bool = False, geometry: bool = True
) -> GridRecognizer:
    """Random weights, small."""
    torch.manual_seed(seed)
    small = {"width": 8, "blocks": 1, "layers": 1, "d_model": 16, "heads": 2, "mlp": 16}
    config = GridConfig(CLASSES, PRIMITIVES, backbone, geometry=geometry, cosine=cosine, **small)
    return _unsettle(GridRecognizer(config))


def rasters(count: int, seed: int = 0, *, grey: bool = False) -> NDArray[np.uint8]:
    """(count, 128, 128) of a few solid bars each, anchored top-left; with noise where ``grey``."""
    random = np.random.default_rng(seed)
    images = np.zeros((count, 128, 128), np.uint8)
    for image in images:
        for top, left, height, width in random.integers(0, 100, (4, 4)):
            image[top : top + height // 3 + 2, left : left + width // 3 + 2] = 255
    if grey:
        noise = random.integers(0, 256, images.shape, dtype=np.uint8)
        images = np.where(images > 0, noise, 0).astype(np.uint8)
    return images


def geometry(count: int, seed: int = 0) -> NDArray[np.float32]:
    """(count, 7) float32, all known."""
    values = np.random.default_rng(seed).normal(size=(count, 7)).astype(np.float32)
    values[:, 6] = 1
    return values


def feeds(count: int, seed: int = 0, *, grey: bool = False) -> dict[str, NDArray[Any]]:
    """Named inputs of ``count`` glyphs."""
    return {"raster": rasters(count, seed, grey=grey), "geometry": geometry(count, seed)}


def sample_set(folder: Path, samples: int = 120, seed: int = 0) -> None:
    """A rasters folder of CLASSES classes and six families in three splits."""
    random = np.random.default_rng(seed)
    family = np.arange(samples) % 6
    classes = random.integers(0, CLASSES, samples)
    labels = [f"letter_{number}.isol" for number in classes]
    index = pd.DataFrame(
        {
            "sample_id": np.arange(samples),
            "class_index": classes,
            "label": labels,
            "group": [f"family-{number}" for number in family],
            "split": np.array(["train", "train", "train", "train", "val", "test"])[family],
            "source": "font",
            "char_class": "isol",
        }
    )
    values = geometry(samples, seed)
    for number, name in enumerate(GEOMETRY):
        index[name] = values[:, number]
    entries = [
        CharacterClass(f"letter_{number}.isol", (f"U+{0x628 + number:04X}",), "isol", (f"letter_{number}.isol",))
        for number in range(CLASSES)
    ]
    save_sample_set(folder, pack_bits(rasters(samples, seed)), index, entries, ImageFormat(128, 128, 1))


def _unsettle(model: nn.Module) -> nn.Module:
    """Normalisations as after training: statistics, scales and shifts that are neither 0 nor 1."""
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.normal_(layer.weight)
            nn.init.normal_(layer.bias)
            nn.init.normal_(layer.running_mean, std=0.2)
            nn.init.uniform_(layer.running_var, 0.5, 1.5)
            layer.weight.data[0] = 0
    return model.eval()
