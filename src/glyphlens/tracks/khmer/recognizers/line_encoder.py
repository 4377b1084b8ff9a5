"""What both recognisers of lines begin with: convolutions over the picture and its columns, then an LSTM over these.

N lines · H×W pixels · C channels · T = W/4 time steps · D numbers of a step
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from glyphlens.nets.trunk import ResidualBlock

STRIDE_PX = 4  # columns of pixels a time step
HEIGHT_PX = 48
CONTEXT_STEPS = 4  # time steps that the LSTM takes as one: it costs more than all convolutions together
LEVEL_HEIGHTS = (24, 12, 6, 3)  # of the map after each level; its width is W/2, then W/4


class ColumnBlock(nn.Module):
    """A column and its two neighbours on each side, beside an identity path."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv1d(features, features, 5, padding=2, bias=False),
            nn.BatchNorm1d(features),
            nn.ReLU(),
            nn.Conv1d(features, features, 1, bias=False),
            nn.BatchNorm1d(features),
        )

    def forward(self, columns_NDT: Tensor) -> Tensor:
        """(N, D, T) → the same shape."""
        return functional.relu(columns_NDT + self.body(columns_NDT))


class LineEncoder(nn.Module):
    """Four levels of convolutions (24×W/2, 12×W/4, 6×W/4, 3×W/4), their columns as vectors with what is near them,
    and what a bidirectional LSTM adds to these: tokens are told by their own columns first, which is learnt sooner.

    ``widths``: channels of the levels; ``depths``: residual blocks after each; ``blocks``: of columns. Only the first
    two levels halve the width: narrow letters need a time step each. Raises ValueError unless there are four of both.
    """

    def __init__(
        self, widths: Sequence[int], depths: Sequence[int], blocks: int, hidden: int, layers: int, dropout: float
    ) -> None:
        if len(widths) != len(LEVEL_HEIGHTS) or len(depths) != len(LEVEL_HEIGHTS):
            raise ValueError(f"widths {widths}, depths {depths}: expected {len(LEVEL_HEIGHTS)} of each")
        super().__init__()
        levels: list[nn.Module] = []
        strides = ((2, 2), (2, 2), (2, 1), (2, 1))
        for inputs, outputs, stride, depth in zip((1, *widths[:-1]), widths, strides, depths, strict=True):
            first = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
            levels += [first, nn.BatchNorm2d(outputs), nn.ReLU(), *(ResidualBlock(outputs) for _ in range(depth))]
        self.features = 2 * hidden
        self.levels = nn.Sequential(*levels)
        self.levels.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # half the time on CPUs
        self.columns = nn.Sequential(
            nn.Conv2d(widths[-1], self.features, (LEVEL_HEIGHTS[-1], 1), bias=False),
            nn.BatchNorm2d(self.features),
            nn.ReLU(),
        )
        self.near = nn.Sequential(*(ColumnBlock(self.features) for _ in range(blocks)))
        self.dropout = nn.Dropout(dropout)
        self.gather = nn.Conv1d(self.features, self.features, CONTEXT_STEPS, CONTEXT_STEPS)
        self.context = nn.LSTM(self.features, hidden, layers, batch_first=True, bidirectional=True)
        self.spread = nn.ConvTranspose1d(self.features, self.features, CONTEXT_STEPS, CONTEXT_STEPS)

    def forward(self, images_N1HW: Tensor) -> Tensor:
        """(N, 1, 48, W) float ink in 0..1 → (N, T, D)."""
        columns_NDT = self.near(self.columns(self.levels(images_N1HW)).squeeze(2))
        whole = functional.pad(self.dropout(columns_NDT), (0, CONTEXT_STEPS - 1))
        read = self.context(self.gather(whole).transpose(1, 2))[0].transpose(1, 2)
        added_NDT = self.spread(read)[:, :, : columns_NDT.shape[2]]
        together_NDT: Tensor = columns_NDT + self.dropout(added_NDT)
        return together_NDT.transpose(1, 2)


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
