"""Classes that share words share weights while they are learnt: `beh_with_small_v_below.init` learns from every `beh`,
every `small_v_below` and every `init`.

A class's weight vector is its own plus the mean-scaled sum of its words' vectors. Once learnt, the sum is folded into
the plain linear layer, so that the finished network knows nothing of words.

C classes · W words · E embedding numbers
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from glyphlens.nets.trunk import GlyphHead

WORD_SCALE = 0.03


def words_of(label: str) -> list[str]:
    """`beh_with_dot.init` → beh, with, dot, .init."""
    name, dot, form = label.partition(".")
    return [*name.split("_"), *([dot + form] if form else [])]


class SharedWords(nn.Module):
    """Adds to each class's weights those of its words; the words' shares of a class have length 1."""

    def __init__(self, labels: Sequence[str], embedding: int) -> None:
        super().__init__()
        position = {
            word: number for number, word in enumerate(sorted({w for label in labels for w in words_of(label)}))
        }
        shares_CW = torch.zeros(len(labels), len(position))
        for row, label in enumerate(labels):
            shares_CW[row, [position[word] for word in words_of(label)]] = 1
        self.shares_CW: Tensor
        self.register_buffer("shares_CW", nn.functional.normalize(shares_CW, dim=1))
        self.words_WE = nn.Parameter(WORD_SCALE * torch.randn(len(position), embedding))

    def forward(self, own_CE: Tensor) -> Tensor:
        """(C, E) a class's own weights → (C, E) with its words'."""
        return own_CE + self.shares_CW @ self.words_WE


def share_words(head: GlyphHead, labels: Sequence[str]) -> None:
    """Let the head's class layer learn through the words of its labels, in the order of the classes."""
    shared = SharedWords(labels, head.classes.in_features)
    parametrize.register_parametrization(head.classes, "weight", shared)


def fold_words(head: GlyphHead) -> None:
    """Make the class layer plain again, with the weights that it has now."""
    parametrize.remove_parametrizations(head.classes, "weight", leave_parametrized=True)
