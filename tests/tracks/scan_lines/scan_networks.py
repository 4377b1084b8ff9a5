"""Small recognisers of scans of 12 lines, and such scans."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from glyphlens.data.sample_set import CharacterClass, ImageFormat, save_sample_set
from glyphlens.tracks.scan_lines.recognizers.registry import build_recognizer, scan_params_model
from glyphlens.tracks.scan_lines.samples.scan_set import MISSING

CLASSES, LINES, SAMPLES = 4, 12, 16
LABELS = "あいうえ"
TOKENS: dict[str, Any] = {
    "widths": [4, 8],
    "kernels": [5, 3],
    "heights": [2, 3],
    "blocks": 1,
    "d_model": 16,
    "layers": 2,
    "heads": 2,
    "mlp": 24,
}
SETTINGS: dict[str, dict[str, Any]] = {
    "vit": {**TOKENS, "dropout": 0.0},
    "sequential": {**TOKENS, "dropout": 0.0},
    "lrcn": {"window": 7, "widths": [4, 8], "features": 12, "hidden": 16, "layers": 2, "dropout": 0.0},
}
RANDOM = {"start": False, "steps": 1, "lr": 1.0}  # of a recogniser that begins with none
NAMES, STREAMING = sorted(SETTINGS), ("lrcn", "sequential")


def tiny(name: str, **changed: Any) -> nn.Module:
    own = {"network": {**SETTINGS[name], **changed}, "from_random": {"steps": 1, "lr": 0.01}, "batch": 2, **RANDOM}
    torch.manual_seed(1)
    return build_recognizer(name, scan_params_model(name)(**own).network, CLASSES, (LINES, SAMPLES))


def scans(count: int = 5, seed: int = 0) -> Tensor:
    """Lines of 0 … 255; of scan 1 lines 3 and 7 are missing, line 5 has one value."""
    lines_NLS = 255 * torch.rand(count, LINES, SAMPLES, generator=torch.Generator().manual_seed(seed))
    lines_NLS[1:2, [3, 7]] = torch.nan
    lines_NLS[1:2, 5] = 128.0
    return lines_NLS


def write_scan_set(folder: Path, count: int = 48) -> Path:
    """Scans of which two lines, from the first quarter on, tell the class; a line of every fifth is missing."""
    rng = np.random.default_rng(0)
    classes_N = np.arange(count) % CLASSES
    pixels = rng.integers(0, 60, (count, LINES, SAMPLES), np.uint8)
    for start in (1, 6):
        pixels[np.arange(count), start, 3 * classes_N] = 255
    index = pd.DataFrame({"sample_id": np.arange(count), "class_index": classes_N})
    split = np.array(["train", "val", "test"])[np.arange(count) // CLASSES % 3]
    index = index.assign(
        label=[LABELS[each] for each in classes_N], group=split, split=split, source="rendered", file=""
    )
    classes = [CharacterClass(each, (f"U+{ord(each):04X}",), count=count // CLASSES) for each in LABELS]
    save_sample_set(folder, pixels, index, classes, ImageFormat(LINES, SAMPLES, 8))
    missing_NL = np.zeros((count, LINES), bool)
    missing_NL[::5, 9] = True
    np.save(folder / MISSING, missing_NL)
    return folder
