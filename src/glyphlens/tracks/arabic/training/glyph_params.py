"""The section ``phase2``: how both glyph recognisers are built and trained."""

from typing import Literal

from pydantic import Field

from glyphlens.tracks.arabic.recognizers.grid import GridConfig
from glyphlens.tracks.arabic.recognizers.raster_cnn import RasterConfig
from glyphlens.training.losses import MarginKind
from glyphlens.training.params import TrainingParams


class GlyphParams(TrainingParams):
    """Network, data and loss of phase 2; the one-stage baseline takes the same but for its stem."""

    backbone: Literal["cnn", "transformer"]
    width: int = Field(ge=1)
    blocks: int = Field(ge=1)
    patch: Literal[1, 2, 4]
    layers: int = Field(ge=1)
    d_model: int = Field(ge=1)
    heads: int = Field(ge=1)
    mlp: int = Field(ge=1)
    dropout: float = Field(ge=0, lt=1)
    geometry: bool
    geometry_dropout: float = Field(ge=0, le=1)
    class_balance: float = Field(ge=0, le=1)
    label_words: bool
    clean_share: float = Field(ge=0, le=1)
    token_noise: float = Field(ge=0, le=1)
    aux_weight: float = Field(ge=0)
    margin: float = Field(ge=0)
    margin_kind: MarginKind
    margin_warmup: tuple[float, float] = Field(strict=False)  # YAML has no tuples

    def grid_config(self, classes: int, primitives: int) -> GridConfig:
        """Phase 2's network."""
        return GridConfig(
            classes=classes,
            primitives=primitives,
            backbone=self.backbone,
            width=self.width,
            blocks=self.blocks,
            patch=self.patch,
            layers=self.layers,
            d_model=self.d_model,
            heads=self.heads,
            mlp=self.mlp,
            dropout=self.dropout,
            geometry=self.geometry,
            cosine=self.margin > 0,
        )

    def raster_config(self, classes: int, stem: tuple[int, int]) -> RasterConfig:
        """The baseline's network."""
        return RasterConfig(classes, stem, self.width, self.blocks, self.dropout, self.geometry, self.margin > 0)
