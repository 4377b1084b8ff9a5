"""A recurrent network over the strokes of a character in writing order; it never sees a picture.

Bidirectional recurrence over pen strokes is that of Zhang et al. 2016 (arXiv:1606.06539, section 4), with a stroke of
eight points, not a point, as one step.

N samples · S strokes · F = 17 numbers a stroke (8 points and a flag) · D features
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from glyphlens.core.params import Section
from glyphlens.data.produced import STROKE_NUMBERS
from glyphlens.nets.inputs import Reads

if TYPE_CHECKING:
    from glyphlens.sources.structure import Structure


class Settings(Section):
    """``recognizers.stroke_rnn.network`` in params.yaml."""

    embedding: int = Field(ge=1)
    hidden: int = Field(ge=1)
    layers: int = Field(ge=1)
    dropout: float = Field(ge=0, lt=1)


@dataclass(frozen=True)
class Config:
    """``embedding``: numbers a stroke is embedded in; ``hidden``: of each direction in each of the GRU ``layers``."""

    classes: int
    embedding: int = 128
    hidden: int = 160
    layers: int = 2
    dropout: float = 0.1


def config(settings: Settings, classes: int, structure: "Structure") -> Config:
    """The network of ``settings`` for so many classes; their structure is not looked at."""
    return Config(classes, **settings.model_dump())


class Network(nn.Module):
    """(N, 24, 17) → embedding of each stroke → BiGRU → mean over the strokes that are there → classes."""

    reads: ClassVar[Reads] = "strokes"

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Sequential(
            nn.Linear(STROKE_NUMBERS, config.embedding),
            nn.LayerNorm(config.embedding),
            nn.ReLU(),
            nn.Linear(config.embedding, config.embedding),
            nn.ReLU(),
        )
        widths = [config.embedding] + [2 * config.hidden] * (config.layers - 1)
        self.readers = nn.ModuleList(BothWays(width, config.hidden) for width in widths)
        self.norm = nn.BatchNorm1d(2 * config.hidden)
        self.dropout = nn.Dropout(config.dropout)
        self.classes = nn.Linear(2 * config.hidden, config.classes)

    def forward(self, strokes_NSF: Tensor) -> Tensor:
        """(N, S, 17) float strokes, those that are there first, → (N, classes) logits.

        The last number of a stroke is 1 where there is one; what stands in the others of an absent stroke is not read.
        """
        present_NS = strokes_NSF[:, :, -1] > 0.5
        states_NSD = self.embedding(strokes_NSF)
        for reader in self.readers:
            states_NSD = reader(states_NSD, present_NS)
        weight_NS1 = present_NS.unsqueeze(2).to(states_NSD.dtype)
        mean_ND = (states_NSD * weight_NS1).sum(1) / weight_NS1.sum(1).clamp(min=1)
        logits: Tensor = self.classes(self.dropout(self.norm(mean_ND)))
        return logits


class BothWays(nn.Module):
    """A GRU that reads the present strokes forwards and one that reads them backwards.

    The second gets them in reversed order, absent ones still last, so that neither passes through an absent stroke
    before a present one. (Packed sequences would do the same, but cannot be exported.)
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.forwards = nn.GRU(inputs, hidden, batch_first=True)
        self.backwards = nn.GRU(inputs, hidden, batch_first=True)

    def forward(self, strokes_NSE: Tensor, present_NS: Tensor) -> Tensor:
        """(N, S, inputs) and (N, S) bool → (N, S, 2 × hidden)."""
        places_S = torch.arange(strokes_NSE.shape[1], device=strokes_NSE.device)
        last_N1 = present_NS.sum(1, keepdim=True) - 1
        reversed_NS1 = torch.where(places_S <= last_N1, last_N1 - places_S, places_S).unsqueeze(2)
        ahead_NSD, _ = self.forwards(strokes_NSE)
        back_NSD, _ = self.backwards(strokes_NSE.gather(1, reversed_NS1.expand(-1, -1, strokes_NSE.shape[2])))
        back_NSD = back_NSD.gather(1, reversed_NS1.expand(-1, -1, back_NSD.shape[2]))
        return torch.cat([ahead_NSD, back_NSD], dim=2)
