"""T2T-ViT: tokens are merged with their neighbours step by step, then a small pre-norm transformer reads them.

Yuan et al. 2021 (arXiv:2101.11986, section 3.1: soft splits of 7×7 stride 4, then twice 3×3 stride 2, a transformer
layer between them; section 3.2: a deep and narrow backbone). A soft split (unfolding) and the linear projection after
it are one overlapping strided convolution, and are written as that. Learned weightings of the 16 places stand for the
class token: they learn several times as fast.

N samples · C channels · R×S map · T tokens · D features
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from glyphlens.core.params import Section
from glyphlens.nets.blocks import IMAGE_PX, TokenPooling, attend
from glyphlens.nets.inputs import Reads

if TYPE_CHECKING:
    from glyphlens.sources.structure import Structure


class Settings(Section):
    """``recognizers.t2t_vit.network`` in params.yaml."""

    token_widths: tuple[int, int] = Field(strict=False)  # YAML has no tuples
    d_model: int = Field(ge=1)
    layers: int = Field(ge=1)
    heads: int = Field(ge=1)
    mlp: int = Field(ge=1)
    dropout: float = Field(ge=0, lt=1)


@dataclass(frozen=True)
class Config:
    """``token_widths``: numbers of the 256 and of the 64 tokens; ``mlp``: width of the feed-forward part.

    Raises ValueError where heads do not divide the width.
    """

    classes: int
    token_widths: tuple[int, int] = (32, 64)
    d_model: int = 192
    layers: int = 5
    heads: int = 4
    mlp: int = 384
    dropout: float = 0.1

    def __post_init__(self) -> None:
        if self.d_model % self.heads:
            raise ValueError(f"d_model {self.d_model} is not divisible by heads {self.heads}")


def config(settings: Settings, classes: int, structure: "Structure") -> Config:
    """The network of ``settings`` for so many classes; their structure is not looked at."""
    return Config(classes, **settings.model_dump())


class Network(nn.Module):
    """(N, 1, 64, 64) → 16×16 tokens → 8×8 → 4×4 tokens of 192 numbers → transformer → learned pooling → classes."""

    reads: ClassVar[Reads] = "raster"

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        fine, coarse = config.token_widths
        self.splits = nn.ModuleList(
            [
                nn.Conv2d(1, fine, 7, 4, padding=2),
                nn.Conv2d(fine, coarse, 3, 2, 1),
                nn.Conv2d(coarse, config.d_model, 3, 2, 1),
            ]
        )
        self.mixers = nn.ModuleList([Layer(fine, 1, fine), Layer(coarse, 1, coarse)])
        self.positions = nn.Parameter(torch.zeros((IMAGE_PX // 16) ** 2, config.d_model))
        nn.init.normal_(self.positions, std=0.3)
        self.layers = nn.Sequential(*(Layer(config.d_model, config.heads, config.mlp) for _ in range(config.layers)))
        self.norm = nn.LayerNorm(config.d_model)
        self.pool = TokenPooling((IMAGE_PX // 16) ** 2, config.d_model, 2)
        self.dropout = nn.Dropout(config.dropout)
        self.classes = nn.Linear(2 * config.d_model, config.classes)

    def forward(self, images_N1HW: Tensor) -> Tensor:
        """(N, 1, 64, 64) float ink in 0..1 → (N, classes) logits."""
        map_NCRS = self.splits[0](images_N1HW)
        for mixer, split in zip(self.mixers, list(self.splits)[1:], strict=True):
            mixed_NTC = mixer(map_NCRS.flatten(2).transpose(1, 2))
            map_NCRS = split(mixed_NTC.transpose(1, 2).unflatten(2, map_NCRS.shape[2:]))
        tokens_NTD = map_NCRS.flatten(2).transpose(1, 2) + self.positions
        logits: Tensor = self.classes(self.dropout(self.pool(self.norm(self.layers(tokens_NTD)))))
        return logits


class Layer(nn.Module):
    """Attention and a feed-forward part, each behind a layer normalisation and beside an identity path."""

    def __init__(self, width: int, heads: int, mlp: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width)
        self.projection = nn.Linear(width, 3 * width)
        self.merge = nn.Linear(width, width)
        self.feed = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, mlp), nn.GELU(), nn.Linear(mlp, width))

    def forward(self, tokens_NTD: Tensor) -> Tensor:
        """(N, T, D) → the same shape."""
        projected = self.projection(self.attention_norm(tokens_NTD)).unflatten(2, (3, self.heads, -1))
        query_NHTD, key_NHTD, value_NHTD = projected.permute(2, 0, 3, 1, 4).unbind(0)
        attended_NHTD = attend(query_NHTD, key_NHTD, value_NHTD)
        tokens_NTD = tokens_NTD + self.merge(attended_NHTD.transpose(1, 2).flatten(2))
        fed: Tensor = tokens_NTD + self.feed(tokens_NTD)
        return fed
