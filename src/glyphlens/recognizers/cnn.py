"""The small CNN: depthwise-separable convolutions, squeeze-and-excitation in the last three levels, global pooling.

MobileNet (Howard et al. 2017, arXiv:1704.04861, section 3) with the channel attention of SENet (arXiv:1709.01507) and
the widths 1→32→64→128→256→512.

N samples · C channels · R×S map
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from glyphlens.params import Section
from glyphlens.recognizers.blocks import SeparableBlock, SqueezeExcitation
from glyphlens.recognizers.trunk import convolution

if TYPE_CHECKING:
    from glyphlens.sources.structure import Structure

HALVED_LEVELS = 3
ATTENTIVE_LEVELS = 3


class Settings(Section):
    """``recognizers.cnn.network`` in params.yaml."""

    widths: tuple[int, ...] = Field(strict=False, min_length=2)  # YAML has no tuples
    depths: tuple[int, ...] = Field(strict=False, min_length=1)
    reduction: int = Field(ge=1)
    dropout: float = Field(ge=0, lt=1)


@dataclass(frozen=True)
class Config:
    """``widths``: channels of the stem and of each level after it; ``depths``: separable blocks of those levels.

    Raises ValueError where the two do not fit.
    """

    classes: int
    widths: tuple[int, ...] = (32, 64, 128, 256, 512)
    depths: tuple[int, ...] = (1, 2, 2, 1)
    reduction: int = 8
    dropout: float = 0.1

    def __post_init__(self) -> None:
        if len(self.depths) != len(self.widths) - 1 or min(self.depths) < 1:
            raise ValueError(
                f"depths {self.depths}: expected a positive one for each width after the first {self.widths}"
            )


def config(settings: Settings, classes: int, structure: "Structure") -> Config:
    """The network of ``settings`` for so many classes; their structure is not looked at."""
    return Config(classes, settings.widths, settings.depths, settings.reduction, settings.dropout)


class Network(nn.Module):
    """A plain strided stem at 32×32, then separable levels at 16×16, 8×8, 4×4 and 4×4."""

    reads: ClassVar[Literal["raster", "strokes"]] = "raster"

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.stem = nn.Sequential(*convolution(1, config.widths[0], 2), nn.ReLU())
        self.levels = nn.Sequential(*(_level(config, number) for number in range(len(config.depths))))
        self.dropout = nn.Dropout(config.dropout)
        self.classes = nn.Linear(config.widths[-1], config.classes)

    def forward(self, images_N1HW: Tensor) -> Tensor:
        """(N, 1, 64, 64) float ink in 0..1 → (N, classes) logits."""
        map_NCRS = self.levels(self.stem(images_N1HW))
        features_NC = functional.adaptive_avg_pool2d(map_NCRS, 1).flatten(1)
        logits: Tensor = self.classes(self.dropout(features_NC))
        return logits


def _level(config: Config, number: int) -> nn.Sequential:
    """``depths[number]`` separable blocks, the first of which widens; attention after them in the last levels."""
    inputs, outputs = config.widths[number : number + 2]
    blocks: list[nn.Module] = [SeparableBlock(inputs, outputs, halve=number < HALVED_LEVELS)]
    blocks += [SeparableBlock(outputs, outputs, halve=False) for _ in range(config.depths[number] - 1)]
    if number >= len(config.depths) - ATTENTIVE_LEVELS:
        blocks.append(SqueezeExcitation(outputs, config.reduction))
    return nn.Sequential(*blocks)
