"""What both towers say of a character at three levels: where strokes are, what fills each region, and the whole.

N samples · S, R, D numbers of the levels · E = S + R + D
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

STROKE_SIDE, RADICAL_SIDE = 8, 4  # 64 places for strokes, 16 slots for radicals


class Levels(NamedTuple):
    """``stroke_NS``: the 64 places one after the other; ``radical_NR``: the 16 slots; ``character_ND``."""

    stroke_NS: Tensor
    radical_NR: Tensor
    character_ND: Tensor


class LevelWeights(NamedTuple):
    """How much each level says in the similarity of two characters; they sum to 1."""

    stroke: float
    radical: float
    character: float


def embedding_of(levels: Levels, weights: LevelWeights) -> Tensor:
    """(N, E) of length 1, whose products are the weighted means of the levels' cosines."""
    parts = [
        weight**0.5 * functional.normalize(level.float(), dim=1) for level, weight in zip(levels, weights, strict=True)
    ]
    return torch.cat(parts, dim=1)
