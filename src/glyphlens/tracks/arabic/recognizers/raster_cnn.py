"""The one-stage baseline: phase 2's trunk and head on the picture itself, a strided stem in place of the primitives.

N samples · H×W = 128×128 pixels
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from glyphlens.nets.trunk import GlyphHead, ResidualTrunk, convolution

EMBEDDING = 64
GRID = 16


@dataclass(frozen=True)
class RasterConfig:
    """``stem``: channels of the two convolutions before the 64-channel 16×16 map that the trunk takes."""

    classes: int
    stem: tuple[int, int] = (16, 32)
    width: int = 96
    blocks: int = 3
    dropout: float = 0.1
    geometry: bool = True
    cosine: bool = False


class RasterRecognizer(nn.Module):
    """Three stride-2 convolutions make the map that phase 2 gets from its embedding; the rest is the same."""

    def __init__(self, config: RasterConfig) -> None:
        super().__init__()
        self.config = config
        first, second = config.stem
        self.stem = nn.Sequential(
            *convolution(1, first, 2),
            nn.ReLU(),
            *convolution(first, second, 2),
            nn.ReLU(),
            *convolution(second, EMBEDDING, 2),
        )
        self.positions = nn.Parameter(torch.zeros(EMBEDDING, GRID, GRID))
        nn.init.normal_(self.positions, std=0.1)
        self.backbone = ResidualTrunk(EMBEDDING, config.width, config.blocks)
        self.head = GlyphHead(
            self.backbone.features,
            config.classes,
            geometry=config.geometry,
            dropout=config.dropout,
            cosine=config.cosine,
        )

    def embed(self, images_N1HW: Tensor, geometry_NF: Tensor) -> Tensor:
        """(N, 1, 128, 128) float ink in 0..1 and (N, 7) geometry → (N, 256) embedding."""
        return self.head.embed(self.backbone(self.stem(images_N1HW) + self.positions), geometry_NF)

    def forward(self, images_N1HW: Tensor, geometry_NF: Tensor) -> Tensor:
        """(N, 1, 128, 128) float ink in 0..1 and (N, 7) geometry → (N, classes) logits."""
        return self.head.classify(self.embed(images_N1HW, geometry_NF))


Network, Config = RasterRecognizer, RasterConfig
