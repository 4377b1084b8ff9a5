"""The small CNN: depthwise-separable convolutions, squeeze-and-excitation in the last three levels, global pooling.

MobileNet (Howard et al. 2017, arXiv:1704.04861, section 3) with the channel attention of SENet (arXiv:1709.01507),
the widths 1→32→64→128→256→512, and global pooling with learned weights (arXiv:1804.07573).

N samples · C channels · R×S map
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field
from torch import Tensor, nn

from glyphlens.core.params import Section
from glyphlens.nets.blocks import SeparableEncoder
from glyphlens.nets.inputs import Reads

if TYPE_CHECKING:
    from glyphlens.sources.structure import Structure


class Settings(Section):
    """``recognizers.cnn.network`` in params.yaml."""

    widths: tuple[int, ...] = Field(strict=False, min_length=2)  # YAML has no tuples
    depths: tuple[int, ...] = Field(strict=False, min_length=1)
    reduction: int = Field(ge=1)
    dropout: float = Field(ge=0, lt=1)


@dataclass(frozen=True)
class Config:
    """``widths``: channels of the stem and of each level after it; ``depths``: separable blocks of those levels."""

    classes: int
    widths: tuple[int, ...] = (32, 64, 128, 256, 512)
    depths: tuple[int, ...] = (1, 2, 2, 1)
    reduction: int = 8
    dropout: float = 0.1


def config(settings: Settings, classes: int, structure: "Structure") -> Config:
    """The network of ``settings`` for so many classes; their structure is not looked at."""
    return Config(classes, **settings.model_dump())


class Network(nn.Module):
    """A plain strided stem at 32×32, then separable levels at 16×16, 8×8, 4×4 and 4×4."""

    reads: ClassVar[Reads] = "raster"

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.encoder = SeparableEncoder(config.widths, config.depths, config.reduction)
        self.dropout = nn.Dropout(config.dropout)
        self.classes = nn.Linear(config.widths[-1], config.classes)

    def forward(self, images_N1HW: Tensor) -> Tensor:
        """(N, 1, 64, 64) float ink in 0..1 → (N, classes) logits."""
        logits: Tensor = self.classes(self.dropout(self.encoder(images_N1HW)))
        return logits
