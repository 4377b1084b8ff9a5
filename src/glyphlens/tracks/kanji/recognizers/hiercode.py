"""HierCode: a picture's code over a hierarchical codebook is compared with the multi-hot codes of the classes.

Zhang et al. 2024 (arXiv:2403.13761, section 3: multi-hot codes of components from a binary tree; prototypes of classes
made from them, so that unseen classes have some too). The codebook has 1,024 leaves, a binary tree of depth 10; a
leaf's code is the sum of its path's node vectors. Each component of the classes has a leaf; leaf 0 says "no component".
A picture asks for five components, one a slot: how well a slot's query fits a leaf's code makes, by softmax over all
leaves, the log-probability of that leaf. A class's logit is the sum of those of its own leaves: without the codebook
there is no answer, and a class never seen is scored by its components alone. The original draws leaves with Gumbel
noise and compares what was drawn; here both made training several times slower (docs/LOG.md).

N samples · C channels · K = 5 slots · L = 1,024 leaves · D = 128 numbers of a code · Y classes
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar
from zlib import crc32

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from glyphlens.core.params import Section
from glyphlens.nets.blocks import SeparableEncoder
from glyphlens.nets.inputs import Reads
from glyphlens.tracks.kanji.recognizers.code_tree import CodeTree
from glyphlens.tracks.kanji.recognizers.components import component_table

if TYPE_CHECKING:
    from glyphlens.sources.structure import Structure


class Settings(Section):
    """``recognizers.hiercode.network`` in params.yaml."""

    widths: tuple[int, ...] = Field(strict=False, min_length=2)  # YAML has no tuples
    depths: tuple[int, ...] = Field(strict=False, min_length=1)
    reduction: int = Field(ge=1)
    tree_depth: int = Field(ge=1)
    code: int = Field(ge=1)
    slots: int = Field(ge=1)
    auxiliary: float = Field(ge=0)
    dropout: float = Field(ge=0, lt=1)


@dataclass(frozen=True)
class Config:
    """``widths`` and ``depths`` of the separable encoder; ``code``: numbers of a code; ``auxiliary``: weight of the
    cross-entropy of the slots' leaves."""

    classes: int
    components: int
    widths: tuple[int, ...] = (32, 64, 128, 256, 512)
    depths: tuple[int, ...] = (1, 2, 2, 1)
    reduction: int = 8
    tree_depth: int = 10
    code: int = 128
    slots: int = 5
    auxiliary: float = 0.5
    dropout: float = 0.1


def config(settings: Settings, classes: int, structure: "Structure") -> Config:
    """The network of ``settings`` for the classes and the components of ``structure``."""
    return Config(classes, len(structure.components), **settings.model_dump())


class Network(nn.Module):
    """(N, 1, 64, 64) → features (N, C) → five queries (N, 5, 128) → leaves (N, 5, 1024) → classes."""

    reads: ClassVar[Reads] = "raster"
    leaves_YK: Tensor
    names_1: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.encoder = SeparableEncoder(config.widths, config.depths, config.reduction)
        self.dropout = nn.Dropout(config.dropout)
        self.queries = nn.Linear(config.widths[-1], config.slots * config.code)
        self.codebook = CodeTree(config.tree_depth, config.code)
        self.register_buffer("leaves_YK", torch.zeros(config.classes, config.slots, dtype=torch.int64))
        self.register_buffer("names_1", torch.zeros(1, dtype=torch.int64))

    def describe(self, structure: "Structure") -> None:
        """Make the classes' prototypes from their components.

        Raises ValueError where classes or components are not those the network was built for.
        """
        if len(structure.sequences) != self.config.classes:
            raise ValueError(f"{len(structure.sequences)} classes, the network is for {self.config.classes}")
        self.leaves_YK.copy_(self.leaves(structure))
        self.names_1.fill_(_checksum(structure.components))

    def leaves(self, structure: "Structure") -> Tensor:
        """(Y, K) int64: the leaves of any classes' components, 0 where a class has no more of them.

        Components are spread over leaves 1 … L − 1 in their own order. Unicode orders ideographs by radical and
        strokes, and kana by sound (The Unicode Standard, section 18.1), so related ones are near each other in the
        tree: 水 and 氵 differ in the last branches only. Raises ValueError where ``structure`` has other components
        than the network was described with: their leaves would not be the learnt ones.
        """
        known, found = int(self.names_1), _checksum(structure.components)
        if known not in (0, found):
            raise ValueError(f"the {len(structure.components)} components are not those the codebook was learnt with")
        count, leaves = self.config.components, 2**self.config.tree_depth
        table_YK = component_table(structure, len(structure.sequences), count, self.config.slots)
        return torch.where(table_YK == count, 0, 1 + table_YK * (leaves - 1) // count)

    def select(self, images_N1HW: Tensor) -> Tensor:
        """(N, 1, 64, 64) → (N, K, L) float32 log-probabilities of the leaves, slot by slot."""
        queries_NKD = self.queries(self.dropout(self.encoder(images_N1HW))).unflatten(1, (self.config.slots, -1))
        fits_NKL = queries_NKD @ self.codebook().T / self.config.code**0.5
        return torch.log_softmax(fits_NKL.float(), dim=2)

    def compare(self, selected_NKL: Tensor, leaves_YK: Tensor) -> Tensor:
        """Log-probabilities of leaves → (N, Y) those of all of a class's leaves at once; seen and unseen classes."""
        return torch.stack(
            [selected_NKL[:, slot].index_select(1, leaves_YK[:, slot]) for slot in range(self.config.slots)]
        ).sum(0)

    def forward(self, images_N1HW: Tensor) -> Tensor:
        """(N, 1, 64, 64) float ink in 0..1 → (N, classes) logits."""
        return self.compare(self.select(images_N1HW), self.leaves_YK)

    def learn(self, images_N1HW: Tensor, targets_N: Tensor) -> tuple[Tensor, Tensor]:
        """Logits, and the mean cross-entropy of the slots' leaves against the class's components, weighted."""
        selected_NKL = self.select(images_N1HW)
        loss = functional.nll_loss(selected_NKL.flatten(0, 1), self.leaves_YK[targets_N].flatten())
        return self.compare(selected_NKL, self.leaves_YK), self.config.auxiliary * loss


def _checksum(names: tuple[str, ...]) -> int:
    """Of the components' names in their order; never 0."""
    return 1 + crc32("\n".join(names).encode())
