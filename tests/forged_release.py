"""The smallest release: a linear model, its labels and a card, by whose seed the answers differ."""

from pathlib import Path
from typing import Any

import numpy as np

from glyphlens.data.sample_set import CharacterClass
from glyphlens.imaging.handwriting import HandwritingParams
from glyphlens.tracking.versions import Release
from tests.linear_model import save_linear_model

NAME, GUARD = "glyphlens-kanji", "int8_top1"
SIDE, LABELS = 64, ("一", "二", "三")
RULE = HandwritingParams(
    edge_share=0.125, speck_share=0.0008, min_contrast=30, image_px=SIDE, box_px=56, blur_sigma_px=0.5
)


def save_release(folder: Path, seed: int = 0, card: str = "# A card\n") -> Path:
    """``folder``, which is to be called release, with an .onnx file, labels.json and README.md."""
    folder.mkdir(parents=True, exist_ok=True)
    weights_HWC = np.random.default_rng(seed).normal(size=(SIDE, SIDE, len(LABELS))) / 255
    classes = [CharacterClass(label, (f"U+{ord(label):04X}",), "kanji", (label,)) for label in LABELS]
    save_linear_model(folder, weights_HWC, classes, script="japanese", rule=RULE.model_dump())
    (folder / "README.md").write_text(card, encoding="utf-8")
    return folder


def forged_release(folder: Path, score: float, seed: int = 0, **changes: Any) -> Release:
    """The release with what is said to have been measured on it."""
    content: dict[str, Any] = {
        "name": NAME,
        "folder": save_release(folder / f"{seed}" / "release", seed),
        "metrics": {GUARD: score, "ece": 0.01},
        "guard": GUARD,
        "tags": {"samples": "5a.dir"},
    }
    return Release(**{**content, **changes})
