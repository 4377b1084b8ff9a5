"""Convolutions, then a recurrent network that reads their map place by place (hybrid CNN-RNN).

The order convolution → bidirectional LSTM is that of CRNN (Shi et al. 2015, arXiv:1507.05717, section 2), here over
the 4×4 places of one character, left to right and top to bottom, in place of the columns of a line.

N samples · C channels · R×S map · T places · D features
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field
from torch import Tensor, nn

from glyphlens.core.params import Section
from glyphlens.nets.blocks import IMAGE_PX, Encoder, TokenPooling
from glyphlens.nets.inputs import Reads

if TYPE_CHECKING:
    from glyphlens.sources.structure import Structure


class Settings(Section):
    """``recognizers.hybrid_rnn.network`` in params.yaml."""

    widths: tuple[int, ...] = Field(strict=False, min_length=1)  # YAML has no tuples
    depths: tuple[int, ...] = Field(strict=False, min_length=1)
    hidden: int = Field(ge=1)
    layers: int = Field(ge=1)
    dropout: float = Field(ge=0, lt=1)


@dataclass(frozen=True)
class Config:
    """``widths`` and ``depths`` of the convolutions, ``hidden`` numbers of each direction in each LSTM layer."""

    classes: int
    widths: tuple[int, ...] = (32, 64, 128, 256)
    depths: tuple[int, ...] = (0, 0, 1, 0)
    hidden: int = 192
    layers: int = 2
    dropout: float = 0.1


def config(settings: Settings, classes: int, structure: "Structure") -> Config:
    """The network of ``settings`` for so many classes; their structure is not looked at."""
    return Config(classes, **settings.model_dump())


class Network(nn.Module):
    """(N, 1, 64, 64) → map (N, 256, 4, 4) → 16 places → BiLSTM, 2 layers → learned pooling → classes."""

    reads: ClassVar[Reads] = "raster"

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config.widths, config.depths)
        self.reader = nn.LSTM(config.widths[-1], config.hidden, config.layers, batch_first=True, bidirectional=True)
        self.pool = TokenPooling((IMAGE_PX >> len(config.widths)) ** 2, 2 * config.hidden)
        self.dropout = nn.Dropout(config.dropout)
        self.classes = nn.Linear(2 * config.hidden, config.classes)

    def forward(self, images_N1HW: Tensor) -> Tensor:
        """(N, 1, 64, 64) float ink in 0..1 → (N, classes) logits."""
        states_NTD, _ = self.reader(self.encoder(images_N1HW).flatten(2).transpose(1, 2))
        logits: Tensor = self.classes(self.dropout(self.pool(states_NTD)))
        return logits
