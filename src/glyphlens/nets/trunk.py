"""What every glyph recogniser shares: the residual trunk over a 16×16 feature map, geometry, and the class head.

N samples · C channels · R×S map · D features · F geometry numbers (six em-relative ones and a "known" flag)
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

GEOMETRY_NUMBERS = 7


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions beside an identity path (He et al. 2016, arXiv:1512.03385, figure 2)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(*convolution(channels, channels), nn.ReLU(), *convolution(channels, channels))

    def forward(self, map_NCRS: Tensor) -> Tensor:
        """(N, C, R, S) → the same shape."""
        return functional.relu(map_NCRS + self.body(map_NCRS))


def convolution(inputs: int, outputs: int, stride: int = 1) -> list[nn.Module]:
    """A 3×3 convolution without bias and its batch normalisation."""
    return [nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False), nn.BatchNorm2d(outputs)]


class ResidualTrunk(nn.Module):
    """16×16 → 8×8 (``width`` channels) → 4×4 (twice as many), ``blocks`` residual blocks at each; then pooled.

    Pooling is learned: two weightings of the 4×4 places per channel, because glyphs are anchored top-left and
    where a stroke lies is information.
    """

    def __init__(self, channels: int, width: int, blocks: int) -> None:
        super().__init__()
        self.features = 4 * width
        self.fine = nn.Sequential(*convolution(channels, width, 2), nn.ReLU(), *_blocks(width, blocks))
        self.coarse = nn.Sequential(*convolution(width, 2 * width, 2), nn.ReLU(), *_blocks(2 * width, blocks))
        self.pool = nn.Conv2d(2 * width, 4 * width, 4, groups=2 * width, bias=False)
        nn.init.constant_(self.pool.weight, 1 / 16)

    def forward(self, map_NCRS: Tensor) -> Tensor:
        """(N, C, 16, 16) → (N, D)."""
        pooled: Tensor = self.pool(self.coarse(self.fine(map_NCRS)))
        return pooled.flatten(1)


def _blocks(channels: int, count: int) -> list[nn.Module]:
    return [ResidualBlock(channels) for _ in range(count)]


class GlyphHead(nn.Module):
    """Features and geometry → class logits, and one logit for "is a diacritic".

    With ``cosine`` the logits are scaled cosines (the form in which an angular margin makes sense), in training and
    in evaluation alike.
    """

    COSINE_SCALE = 24.0

    def __init__(self, features: int, classes: int, *, geometry: bool, dropout: float, cosine: bool) -> None:
        super().__init__()
        self.use_geometry = geometry
        self.cosine = cosine
        inner = 128
        self.geometry = nn.Sequential(nn.Linear(GEOMETRY_NUMBERS, inner), nn.ReLU(), nn.Linear(inner, inner), nn.ReLU())
        self.mix = nn.Sequential(
            nn.Linear(features + inner * geometry, 2 * inner),
            nn.BatchNorm1d(2 * inner),
            nn.ReLU(),
            nn.Dropout(dropout),
        )
        self.classes = nn.Linear(2 * inner, classes, bias=not cosine)
        self.diacritic = nn.Linear(2 * inner, 1)

    def embed(self, features_ND: Tensor, geometry_NF: Tensor) -> Tensor:
        """(N, D) and (N, 7) → (N, 256), what classes are told apart by."""
        if self.use_geometry:
            features_ND = torch.cat([features_ND, self.geometry(geometry_NF)], dim=1)
        mixed: Tensor = self.mix(features_ND)
        return mixed

    def classify(self, embedding_NE: Tensor) -> Tensor:
        """(N, 256) → (N, classes) logits."""
        if not self.cosine:
            logits: Tensor = self.classes(embedding_NE)
            return logits
        cosines = functional.normalize(embedding_NE, dim=1) @ functional.normalize(self.classes.weight, dim=1).T
        return self.COSINE_SCALE * cosines
