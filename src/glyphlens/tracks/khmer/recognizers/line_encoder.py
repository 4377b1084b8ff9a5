"""What both recognisers of lines begin with: convolutions over the picture, then an LSTM over its columns.

N lines · H×W pixels · C channels · T = W/4 time steps · D numbers of a step
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from glyphlens.nets.trunk import ResidualBlock

STRIDE_PX = 4  # columns of pixels a time step
HEIGHT_PX = 48
LEVEL_HEIGHTS = (24, 12, 6, 3)  # of the map after each level; its width is W/2, then W/4


class LineEncoder(nn.Module):
    """Four levels of convolutions (24×W/2, 12×W/4, 6×W/4, 3×W/4), their columns as vectors, and what a
    bidirectional LSTM adds to them: tokens are told by their own columns first, which is learnt sooner.

    ``widths``: channels of the levels; ``depths``: residual blocks after each. Only the first two levels halve the
    width: narrow letters need a time step each. Raises ValueError unless there are four of both.
    """

    def __init__(self, widths: Sequence[int], depths: Sequence[int], hidden: int, layers: int, dropout: float) -> None:
        if len(widths) != len(LEVEL_HEIGHTS) or len(depths) != len(LEVEL_HEIGHTS):
            raise ValueError(f"widths {widths}, depths {depths}: expected {len(LEVEL_HEIGHTS)} of each")
        super().__init__()
        levels: list[nn.Module] = []
        strides = ((2, 2), (2, 2), (2, 1), (2, 1))
        for inputs, outputs, stride, depth in zip((1, *widths[:-1]), widths, strides, depths, strict=True):
            first = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
            levels += [first, nn.BatchNorm2d(outputs), nn.ReLU(), *(ResidualBlock(outputs) for _ in range(depth))]
        self.levels = nn.Sequential(*levels)
        self.features = 2 * hidden
        self.columns = nn.Sequential(
            nn.Conv2d(widths[-1], self.features, (LEVEL_HEIGHTS[-1], 1), bias=False),
            nn.BatchNorm2d(self.features),
            nn.ReLU(),
        )
        self.dropout = nn.Dropout(dropout)
        self.context = nn.LSTM(self.features, hidden, layers, batch_first=True, bidirectional=True)

    def forward(self, images_N1HW: Tensor) -> Tensor:
        """(N, 1, 48, W) float ink in 0..1 → (N, T, D)."""
        steps_NTD = self.columns(self.levels(images_N1HW)).squeeze(2).transpose(1, 2)
        read_NTD: Tensor = self.context(self.dropout(steps_NTD))[0]
        together_NTD: Tensor = steps_NTD + self.dropout(read_NTD)
        return together_NTD


def encoded_steps(widths_N: Tensor) -> Tensor:
    """(N,) int64 time steps of images so wide: every one that a pixel of theirs is in."""
    return (widths_N + STRIDE_PX - 1) // STRIDE_PX


class TokenScores(nn.Module):
    """Logits of the blank and K tokens; tokens that share parts (base, subscript, vowel, sign) share what tells them.

    A token's vector is the sum of its parts' vectors and a small one of its own, so that rare clusters are learnt from
    the common ones with the same parts. ``parts_KP`` says which parts a token has; with P = 0 it has only its own.
    """

    def __init__(self, features: int, tokens: int, parts: int) -> None:
        super().__init__()
        self.register_buffer("parts_KP", torch.zeros(tokens, parts))
        self.part_vectors_PD = nn.Parameter(torch.randn(parts, features) * features**-0.5)
        self.own_KD = nn.Parameter(torch.randn(tokens, features) * features**-0.5 * (0.1 if parts else 1.0))
        self.blank_1D = nn.Parameter(torch.zeros(1, features))
        self.bias = nn.Parameter(torch.zeros(tokens + 1))
        self.parts_KP: Tensor

    def matrix(self) -> Tensor:
        """(K + 1, D), the blank first."""
        return torch.cat([self.blank_1D, self.own_KD + self.parts_KP @ self.part_vectors_PD])

    def forward(self, features_NTD: Tensor) -> Tensor:
        """(N, T, D) → (N, T, K + 1)."""
        return functional.linear(features_NTD, self.matrix(), self.bias)
