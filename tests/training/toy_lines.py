"""Twenty lines of digits, drawn here pixel by pixel, and a small network that reads lines."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from glyphlens.data.sample_set import ANY_WIDTH, Charset, ImageFormat, SampleSet, lay_end_to_end, save_sample_set
from glyphlens.data.tokens import TokenTable
from glyphlens.training.params import TrainingParams
from tests.training.settings import COMMON

LINES, HEIGHT, SCALE = 20, 14, 2
DIGITS = TokenTable(tuple("0123456789"))
# five rows of three pixels each, as octal digits: 5 is "# #"
ROWS = ("75557", "26227", "71747", "71717", "55711", "74717", "74757", "71122", "75757", "75717")
PARAMS = TrainingParams.model_validate(
    {**COMMON, "steps": 120, "lr": 0.01, "validate_every": 10, "precision": "32-true", "ema_decay": 0.9}
)


def digit(number: int) -> np.ndarray:
    """(10, 6) uint8 ink."""
    bits = np.array([[int(row) >> place & 1 for place in (2, 1, 0)] for row in ROWS[number]], np.uint8)
    return (255 * bits).repeat(SCALE, 0).repeat(SCALE, 1)


def drawn(text: str, rng: np.random.Generator) -> np.ndarray:
    """(14, w) uint8: the digits with gaps of their own between them, a little up or down."""
    width = len(text) * 10 + 12
    line, place = np.zeros((HEIGHT, width), np.uint8), 4
    for character in text:
        top = rng.integers(1, 4)
        line[top : top + 10, place : place + 6] = digit(int(character))
        place += 6 + rng.integers(2, 5)
    return line


def save_toy_lines(folder: Path) -> SampleSet:
    """Twenty lines of two to eight digits, all for training."""
    rng = np.random.default_rng(5)
    texts = ["".join(map(str, rng.integers(0, 10, rng.integers(2, 9)))) for _ in range(LINES)]
    pixels, offsets = lay_end_to_end([drawn(text, rng) for text in texts])
    index = pd.DataFrame(
        {"sample_id": range(LINES), "text": texts, "group": "toy", "split": "train", "source": "rendered"}
    )
    save_sample_set(folder, pixels, index, Charset("".join(DIGITS.tokens)), ImageFormat(HEIGHT, ANY_WIDTH, 8), offsets)
    return SampleSet.open(folder)


class ToyReader(nn.Module):
    """Convolutions over the picture, then over its columns; a time step is two pixels wide."""

    def __init__(self) -> None:
        super().__init__()
        self.picture = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2)
        )
        self.columns = nn.Sequential(
            nn.Conv2d(16, 64, (HEIGHT // 2, 3), padding=(0, 1), bias=False), nn.BatchNorm2d(64), nn.ReLU()
        )
        self.symbols = nn.Conv1d(64, len(DIGITS) + 1, 3, padding=1)

    def forward(self, images_N1HW: Tensor) -> Tensor:
        """(N, 1, 14, W) → (N, W / 2, 11)."""
        columns_NCT = self.columns(self.picture(images_N1HW)).squeeze(2)
        logits: Tensor = self.symbols(columns_NCT).transpose(1, 2)
        return logits

    def time_steps(self, widths_N: Tensor) -> Tensor:
        """Two pixels each."""
        return widths_N // 2


def toy_reader() -> ToyReader:
    """As it starts."""
    torch.manual_seed(0)
    return ToyReader()
