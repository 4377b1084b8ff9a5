"""Phase 2: a 16×16 grid of primitive ids (and the glyph's place in the em) → character class.

N samples · R×C = 16×16 grid · E = 64 embedding numbers · T tokens · D features
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from glyphlens.nets.trunk import GlyphHead, ResidualTrunk

GRID = 16
EMBEDDING = 64


@dataclass(frozen=True)
class GridConfig:
    """Settings of both backbones; ``patch`` cells a side make one token (1 = all 256 cells, 2 = 64 tokens)."""

    classes: int
    primitives: int = 1023
    backbone: Literal["cnn", "transformer"] = "cnn"
    width: int = 96
    blocks: int = 3
    patch: int = 4
    layers: int = 4
    d_model: int = 256
    heads: int = 8
    mlp: int = 512
    dropout: float = 0.1
    geometry: bool = True
    cosine: bool = False


class TokenTransformer(nn.Module):
    """Patches of the embedded grid as tokens through a pre-norm transformer encoder, averaged."""

    def __init__(self, config: GridConfig) -> None:
        super().__init__()
        self.features = config.d_model
        self.tokens = nn.Conv2d(EMBEDDING, config.d_model, config.patch, config.patch)
        layer = nn.TransformerEncoderLayer(
            config.d_model, config.heads, config.mlp, config.dropout, "gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, config.layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(config.d_model)

    def forward(self, map_NERC: Tensor) -> Tensor:
        """(N, 64, 16, 16) → (N, D)."""
        tokens_NTD = self.tokens(map_NERC).flatten(2).transpose(1, 2)
        pooled: Tensor = self.norm(self.encoder(tokens_NTD)).mean(1)
        return pooled


class GridRecognizer(nn.Module):
    """Embedding(1024, 64) + learned 2-D positions → backbone → head."""

    def __init__(self, config: GridConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.primitives + 1, EMBEDDING)
        self.positions = nn.Parameter(torch.zeros(EMBEDDING, GRID, GRID))
        nn.init.normal_(self.embedding.weight, std=0.5)
        nn.init.normal_(self.positions, std=0.1)
        self.backbone: ResidualTrunk | TokenTransformer = (
            ResidualTrunk(EMBEDDING, config.width, config.blocks)
            if config.backbone == "cnn"
            else TokenTransformer(config)
        )
        self.head = GlyphHead(
            self.backbone.features,
            config.classes,
            geometry=config.geometry,
            dropout=config.dropout,
            cosine=config.cosine,
        )

    @torch.no_grad()
    def start_from(self, centroids_K64: Tensor) -> None:
        """Let the embedding begin as the primitives' own pixels, -½ to ½: alike primitives begin alike.

        Raises ValueError unless there is one centroid of 64 pixels in 0..1 for every primitive.
        """
        if centroids_K64.shape != (self.config.primitives, EMBEDDING):
            raise ValueError(f"{tuple(centroids_K64.shape)} centroids for {self.config.primitives} primitives")
        self.embedding.weight[0] = -0.5
        self.embedding.weight[1:] = centroids_K64 - 0.5

    def embed(self, grid_NRC: Tensor, geometry_NF: Tensor) -> Tensor:
        """(N, 16, 16) int64 ids and (N, 7) geometry → (N, 256) embedding."""
        map_NERC = self.embedding(grid_NRC).permute(0, 3, 1, 2) + self.positions
        return self.head.embed(self.backbone(map_NERC), geometry_NF)

    def forward(self, grid_NRC: Tensor, geometry_NF: Tensor) -> Tensor:
        """(N, 16, 16) int64 ids and (N, 7) geometry → (N, classes) logits."""
        return self.head.classify(self.embed(grid_NRC, geometry_NF))


Network, Config = GridRecognizer, GridConfig
