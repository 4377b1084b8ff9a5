"""Tiny towers, descriptions drawn at random, settings of a training, and a sample set whose pictures tell their row."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from ruamel.yaml import YAML

from glyphlens.data.sample_set import CharacterClass, ImageFormat, SampleSet, save_sample_set
from glyphlens.tracks.zero_shot.descriptions.arrays import DescriptionArrays
from glyphlens.tracks.zero_shot.recognizers.aligned import Config, Network
from glyphlens.tracks.zero_shot.training.batches import Described, ZeroShotTrainingParams
from tests.checkout import ROOT

STROKE_TYPES, COMPONENTS = 6, 9
SIDE = 64
TINY = {
    "image": "trunk",
    "text": "layout",
    "reasoning": False,
    "canonical": False,
    "widths": [4, 4, 8],
    "depths": [0, 0, 0],
    "slots": 8,
    "text_width": 6,
    "stroke": 2,
    "radical": 3,
    "character": 5,
    "level_weights": [0.3, 0.5, 0.2],
}


def tiny_network(classes: int = 7, **changes: Any) -> Network:
    """Towers of a few channels, in training mode."""
    torch.manual_seed(0)
    return Network(Config(classes, STROKE_TYPES, COMPONENTS, **(TINY | changes)))  # type: ignore[arg-type]


def training_params(**changes: Any) -> ZeroShotTrainingParams:
    """The shipped settings with tiny towers and these changes."""
    shipped = YAML(typ="safe", pure=True).load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    tiny = {"preset": "own", "network": TINY, "batch": 8, "described": 2, "precision": "32-true"}
    return ZeroShotTrainingParams.model_validate(shipped["zero_shot_training"] | tiny | changes)


def arrays(count: int, strokes: int = 6, components: int = 4) -> DescriptionArrays:
    """``count`` descriptions of various lengths, padded."""
    rng = np.random.default_rng(count)
    is_stroke_NS = np.arange(strokes) < 1 + np.arange(count)[:, None] % strokes
    is_component_NK = np.arange(components) < 1 + np.arange(count)[:, None] % components
    points_NSP2 = rng.random((count, strokes, 5, 2)).astype(np.float32)
    numbers_NK5 = rng.random((count, components, 5)).astype(np.float32)
    return DescriptionArrays(
        rng.integers(1, STROKE_TYPES, (count, strokes)) * is_stroke_NS,
        points_NSP2 * is_stroke_NS[:, :, None, None],
        rng.integers(2, COMPONENTS, (count, components)) * is_component_NK,
        numbers_NK5 * is_component_NK[:, :, None],
        1 * is_stroke_NS,
    )


def described(count: int) -> Described:
    """The same as tensors."""
    return Described.of(arrays(count), np.arange(count))


def numbered_samples(folder: Path, hands: dict[str, dict[int, int]], classes: int) -> SampleSet:
    """``hands``: split → class → its pictures. All pixels of a picture are the number of its row."""
    rows = [
        (f"{number:02d}", number, split) for split, per in hands.items() for number, n in per.items() for _ in range(n)
    ]
    order = np.random.default_rng(0).permutation(len(rows))
    index = pd.DataFrame([rows[place] for place in order], columns=["label", "class_index", "split"])
    index.insert(0, "sample_id", range(len(rows)))
    index = index.assign(group=[f"writer/{place}" for place in order], source="rendered", set="strokes", file="")
    pixels = np.broadcast_to(np.arange(len(rows), dtype=np.uint8)[:, None, None], (len(rows), SIDE, SIDE)).copy()
    entries = [CharacterClass(f"{number:02d}") for number in range(classes)]
    save_sample_set(folder, pixels, index, entries, ImageFormat(SIDE, SIDE, 8))
    return SampleSet.open(folder)
