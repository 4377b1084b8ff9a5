"""A codebook whose codes are the leaves of a binary tree (HierCode, arXiv:2403.13761, section 3).

L leaves · D numbers of a code
"""

import torch
from torch import Tensor, nn


class CodeTree(nn.Module):
    """A vector for each node below the root of a binary tree; a leaf is the sum of those on its path.

    At first half of a leaf's variance is its own, a quarter its parent's, and so on: relatives are alike, but can be
    told apart from the first steps on.
    """

    def __init__(self, depth: int, code: int) -> None:
        super().__init__()
        spreads = [2 ** (-(depth - level + 1) / 2) for level in range(1, depth + 1)]
        self.levels = nn.ParameterList(
            spread * torch.randn(2**level, code) for level, spread in enumerate(spreads, start=1)
        )

    def forward(self) -> Tensor:
        """(L, D): leaves 2i and 2i + 1 have the same parent; the nearer two leaves, the more they share."""
        codes_LD = torch.zeros_like(self.levels[0][:1])
        for level in self.levels:
            codes_LD = (codes_LD.unsqueeze(1) + level.unflatten(0, (-1, 2))).flatten(0, 1)
        return codes_LD
