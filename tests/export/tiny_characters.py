"""Small recognisers of whole characters, and sample sets of simple shapes with strokes, that the tests share."""

from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from glyphlens.core.storage import save_array
from glyphlens.data.sample_set import CharacterClass, ImageFormat, SampleSet, save_sample_set
from glyphlens.nets.inputs import Reads
from glyphlens.tracks.kanji.recognizers.cnn import Config, Network

CHARACTERS = "あエヘへ一二"
LOOKALIKES = {"ヘ": ("へ",), "へ": ("ヘ",)}
FORMS = {"あ": "hiragana", "へ": "hiragana", "エ": "katakana", "ヘ": "katakana"}
SIDE_PX = 64
RULE = {
    "image_px": 64, "box_px": 56, "edge_share": 0.125, "speck_share": 0.001, "min_contrast": 24, "blur_sigma_px": 0.4
}  # fmt: skip
STEPS = 60


class Recurrent(nn.Module):
    """Reads strokes with an LSTM, as the stroke recogniser does."""

    reads: ClassVar[Reads] = "strokes"

    def __init__(self, classes: int = len(CHARACTERS)) -> None:
        super().__init__()
        self.reader = nn.LSTM(17, 16, batch_first=True, bidirectional=True)
        self.classes = nn.Linear(32, classes)

    def forward(self, strokes_NSF: Tensor) -> Tensor:
        """(N, 24, 17) → (N, classes)."""
        logits: Tensor = self.classes(self.reader(strokes_NSF)[0].mean(1))
        return logits


class Gated(Recurrent):
    """The same with a GRU."""

    def __init__(self, classes: int = len(CHARACTERS)) -> None:
        super().__init__(classes)
        self.reader = nn.GRU(17, 16, batch_first=True, bidirectional=True)


class Attentive(nn.Module):
    """Two convolutions, then attention between the places of their map, as in the token transformer."""

    reads: ClassVar[Reads] = "raster"

    def __init__(self, classes: int = len(CHARACTERS)) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 8, 8, 8), nn.Conv2d(8, 16, 3, padding=1)
        self.mix = nn.TransformerEncoderLayer(16, 2, 32, dropout=0, batch_first=True)
        self.classes = nn.Linear(16, classes)

    def forward(self, images_N1HW: Tensor) -> Tensor:
        """(N, 1, 64, 64) → (N, classes)."""
        places = self.second(functional.relu(self.first(images_N1HW))).flatten(2).transpose(1, 2)
        logits: Tensor = self.classes(self.mix(places).mean(1))
        return logits


def shapes(count: int, seed: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """(count, 64, 64) pictures of bars, one pattern a class, moved and noisy, and their classes; the third and the
    fourth look the same."""
    random = np.random.default_rng(seed)
    classes_N = np.arange(count) % len(CHARACTERS)
    images = np.zeros((count, SIDE_PX, SIDE_PX), np.uint8)
    for image, number in zip(images, classes_N, strict=True):
        top, left = random.integers(4, 12, 2)
        image[top : top + 48, left : left + 8] = 255 * (number in (0, 1))
        image[top : top + 8, left : left + 48] = 255 * (number in (0, 2, 3, 5))
        image[top + 40 : top + 48, left : left + 48] = 255 * (number in (1, 4, 5))
        image[random.integers(0, SIDE_PX, 40), random.integers(0, SIDE_PX, 40)] = 200
    return images, classes_N


def cnn(seed: int = 0) -> Network:
    """The CNN, small and trained for a moment on the shapes."""
    torch.manual_seed(seed)
    model = Network(Config(len(CHARACTERS), widths=(4, 8, 8, 16, 16), depths=(1, 1, 1, 1), reduction=2, dropout=0.0))
    images, classes = shapes(96, seed=1)
    inputs, targets = torch.from_numpy(images)[:, None] / 255, torch.from_numpy(classes)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    for _ in range(STEPS):
        optimizer.zero_grad()
        functional.cross_entropy(model(inputs), targets).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return model.eval()


def classes(characters: str = CHARACTERS) -> list[CharacterClass]:
    """One class a character."""
    return [
        CharacterClass(
            character, (f"U+{ord(character):04X}",), FORMS.get(character, "kanji"), (), LOOKALIKES.get(character, ())
        )
        for character in characters
    ]


def sample_set(folder: Path, samples: int = 240, *, strokes: bool = True, source: str = "rendered") -> SampleSet:
    """Six groups in three splits, two sets; the first half of the samples has strokes on request."""
    images, numbers = shapes(samples, seed=2)
    group = np.arange(samples) // len(CHARACTERS) % 6
    index = pd.DataFrame(
        {
            "sample_id": np.arange(samples),
            "class_index": numbers,
            "label": [CHARACTERS[number] for number in numbers],
            "group": [f"writer/{number:03}" for number in group],
            "split": np.array(["train", "train", "train", "train", "val", "test"])[group],
            "source": source,
            "set": np.where(np.arange(samples) < samples // 2, "strokes", "font"),
        }
    )
    save_sample_set(folder, images, index, classes(), ImageFormat(SIDE_PX, SIDE_PX, 8))
    rows = np.arange(samples // 2 if strokes else 0)
    values = np.random.default_rng(3).normal(size=(len(rows), 24, 17)).astype(np.float32)
    values[:, 0, 0] = numbers[rows]
    save_array(folder / "strokes.npy", values)
    save_array(folder / "stroke_rows.npy", rows)
    return SampleSet.open(folder)
