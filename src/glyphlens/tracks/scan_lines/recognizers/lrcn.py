"""Convolutions over a rolling window of W lines, then an LSTM (long-term recurrent convolutional network).

Donahue et al. 2015 (arXiv:1411.4389, section 3): a CNN for every time step, here the last W lines, and an LSTM over
its features. The convolutions do not pad along lines: what they make of one window they make of every window of the
scan in one pass, and the last of them spans what is left of the window. Before the first line stand W − 1 lines of
zeros.

N scans · L lines · S samples of a line · W lines of a window · C channels · D features · Y layers of the LSTM
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from glyphlens.core.params import Section
from glyphlens.tracks.scan_lines.recognizers.line_tokens import standard_lines

HALVED_LEVELS = 3  # convolutions of stride 2; further ones keep the length
KERNEL = 3


class Settings(Section):
    """``scan_recognizers.lrcn.network`` in params.yaml."""

    window: int = Field(ge=1)
    widths: tuple[int, ...] = Field(strict=False, min_length=1)  # YAML has no tuples
    features: int = Field(ge=1)
    hidden: int = Field(ge=1)
    layers: int = Field(ge=1)
    dropout: float = Field(ge=0, lt=1)


@dataclass(frozen=True)
class Config:
    """``window``: lines that the convolutions see at once; ``hidden``: numbers of each LSTM layer.

    Raises ValueError for a window that is longer than the scan or too short for the convolutions.
    """

    classes: int
    lines: int
    samples: int
    window: int = 20
    widths: tuple[int, ...] = (16, 32, 48)
    features: int = 128
    hidden: int = 128
    layers: int = 1
    dropout: float = 0.1

    def __post_init__(self) -> None:
        least = 1 + (KERNEL - 1) * len(self.widths)
        if not least <= self.window <= self.lines:
            raise ValueError(f"window {self.window}: expected {least} … {self.lines} lines")


def config(settings: Settings, classes: int, lines: int, samples: int) -> Config:
    """The network of ``settings`` for such scans."""
    return Config(classes, lines, samples, **settings.model_dump())


class Network(nn.Module):
    """(N, L, S) → features of every window (N, L, D) → LSTM → (N, L, C)."""

    cache_names: ClassVar[tuple[str, ...]] = ("window", "hidden", "cell")

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.missing_S = nn.Parameter(torch.randn(config.samples))
        layers: list[nn.Module] = []
        length = config.samples
        for number, (inputs, outputs) in enumerate(zip((1, *config.widths[:-1]), config.widths, strict=True)):
            stride = 2 if number < HALVED_LEVELS else 1
            layers += [nn.Conv2d(inputs, outputs, KERNEL, (1, stride), (0, KERNEL // 2)), nn.ReLU()]
            length = -(-length // stride)
        self.convolutions = nn.Sequential(*layers)
        self.narrow = nn.Linear(config.widths[-1] * length, config.features)
        left = config.window - (KERNEL - 1) * len(config.widths)
        self.gather = nn.Conv1d(config.features, config.features, left)
        self.norm = nn.LayerNorm(config.features)
        self.reader = nn.LSTM(config.features, config.hidden, config.layers, batch_first=True)
        self.dropout = nn.Dropout(config.dropout)
        self.classes = nn.Linear(config.hidden, config.classes)

    def forward(self, lines_NLS: Tensor) -> Tensor:
        """(N, L, S) float32 lines as they come, NaN where missing → (N, L, C) logits after every line."""
        padded = functional.pad(self._filled(lines_NLS), (0, 0, self.config.window - 1, 0))
        states_NLD, _ = self.reader(self._features(padded))
        logits_NLC: Tensor = self.classes(self.dropout(states_NLD))
        return logits_NLC

    def start(self, count: int) -> tuple[Tensor, ...]:
        """The cache before the first line: window (N, W − 1, S), hidden and cell (N, Y, D), all 0."""
        own = self.config
        state = (count, own.layers, own.hidden)
        return torch.zeros(count, own.window - 1, own.samples), torch.zeros(state), torch.zeros(state)

    def step(self, line_NS: Tensor, cache: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """One more line of each scan → (N, C) logits after it, and the cache for the next."""
        window_NRS, hidden_NYD, cell_NYD = cache
        window_NWS = torch.cat([window_NRS, self._filled(line_NS.unsqueeze(1))], dim=1)
        state = (hidden_NYD.transpose(0, 1).contiguous(), cell_NYD.transpose(0, 1).contiguous())
        states_N1D, (hidden, cell) = self.reader(self._features(window_NWS), state)
        logits_NC = self.classes(states_N1D[:, 0])
        return logits_NC, (window_NWS[:, 1:], hidden.transpose(0, 1), cell.transpose(0, 1))

    def _filled(self, lines_NLS: Tensor) -> Tensor:
        """Standardised, with the learned line where one is missing."""
        seen = standard_lines(lines_NLS)
        return torch.where(seen.missing_NL.unsqueeze(-1), self.missing_S, seen.lines_NLS)

    def _features(self, lines_NTS: Tensor) -> Tensor:
        """T lines → (N, T − W + 1, D): of every window that lies within them."""
        map_NCTS = self.convolutions(lines_NTS.unsqueeze(1))
        narrow_NTD = functional.relu(self.narrow(map_NCTS.transpose(1, 2).flatten(2)))
        features: Tensor = self.norm(self.gather(narrow_NTD.transpose(1, 2)).transpose(1, 2))
        return features
