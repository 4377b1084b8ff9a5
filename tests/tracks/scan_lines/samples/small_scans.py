"""Small folders of scans, and small sample sets of characters that have passed a gate."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.core.params import load_params
from glyphlens.data.sample_set import CharacterClass, ImageFormat, pack_bits, save_sample_set
from glyphlens.gates.token import write_token
from glyphlens.tracks.scan_lines.samples.scan_params import ScanSampleParams
from tests.checkout import ROOT

SHIPPED = load_params(ScanSampleParams, "scan_samples", ROOT / "params.yaml")
GROUPS = tuple(f"tip{number}" for number in range(8))


def small_params(**changes: Any) -> ScanSampleParams:
    """The shipped parameters, of the user's scans with few lines."""
    return ScanSampleParams.model_validate(
        SHIPPED.model_dump() | {"source": "scans", "lines": 16, "samples": 12} | changes
    )


def scan_of(label: str, group: str, number: int, shape: tuple[int, int] = (20, 30)) -> NDArray[np.float64]:
    """A scan of which no two are the same."""
    seed = [*map(ord, label), *map(ord, group), number]
    return np.random.default_rng(seed).normal(size=shape)


def write_scans(folder: Path, labels: tuple[str, ...] = ("bad", "good"), groups: tuple[str, ...] = GROUPS) -> Path:
    """Two scans of every class in every group, as ``<class>/<group>/<number>.npy``."""
    for label in labels:
        for group in groups:
            for number in range(2):
                path = folder / label / group / f"{number}.npy"
                path.parent.mkdir(parents=True, exist_ok=True)
                np.save(path, scan_of(label, group, number))
    return folder


def write_characters(
    folder: Path, labels: str = "あいウ木", groups: int = 24, side_px: int = 16, bits: Any = 8
) -> Path:
    """A sample set with every label by every group, half of them writers and half fonts, and its gate's token."""
    names = [f"writer/{each:03d}" if each % 2 else f"font/{each:03d}" for each in range(groups)]
    rows = [(label, group) for group in names for label in labels]
    index = pd.DataFrame(rows, columns=["label", "group"]).assign(split="train", source="rendered", file="")
    index = index.assign(sample_id=np.arange(len(rows)), class_index=index["label"].map(labels.index))
    pixels = np.random.default_rng(0).integers(0, 256, (len(rows), side_px, side_px), np.uint8)
    alike = {"あ": ("木",)}
    classes = [
        CharacterClass(each, (f"U+{ord(each):04X}",), lookalikes=alike.get(each, ()), count=groups) for each in labels
    ]
    if bits == 1:
        pixels = pack_bits(pixels > 127)
    save_sample_set(folder, pixels, index, classes, ImageFormat(side_px, side_px, bits))
    write_token(folder.with_suffix(".json"), folder)
    return folder
