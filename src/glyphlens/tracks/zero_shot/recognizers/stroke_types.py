"""The 28 types of strokes that KanjiVG distinguishes → 14 canonical ones, which are compared at each place.

Strokes by their types instead of patches are the idea of STAR (Zeng et al. 2022, arXiv:2210.08490). Which of KanjiVG's
types are one here was decided by their shapes; this table of 14 is our own.

N descriptions · S strokes · 14 canonical types
"""

import torch
from torch import Tensor, nn

from glyphlens.tracks.zero_shot.descriptions.arrays import STROKE_TYPE_NUMBERS

CANONICAL_TYPES = (
    "㇐",
    "㇑",
    "㇒㇓",
    "㇏",
    "㇔",
    "㇀",
    "㇚㇁",
    "㇂㇃",
    "㇕",
    "㇇㇖",
    "㇆",
    "㇄㇗㇙㇟",
    "㇛㇜",
    "㇅㇈㇉㇋㇞㇡",
)


class CanonicalTypes(nn.Module):
    """(N, S) numbers of KanjiVG's types → (N, S, 14) float, 1 at the canonical type; 0 of padding and unknown."""

    def __init__(self) -> None:
        super().__init__()
        table_T14 = torch.zeros(1 + len(STROKE_TYPE_NUMBERS), len(CANONICAL_TYPES))
        for column, kinds in enumerate(CANONICAL_TYPES):
            table_T14[[STROKE_TYPE_NUMBERS[kind] for kind in kinds], column] = 1
        self.register_buffer("table_T14", table_T14, persistent=False)

    def forward(self, types_NS: Tensor) -> Tensor:
        """See the class."""
        table_T14: Tensor = self.get_buffer("table_T14")
        return table_T14[types_NS]
