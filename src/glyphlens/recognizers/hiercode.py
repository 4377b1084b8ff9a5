"""HierCode: a picture is turned into a code of a hierarchical codebook, and the code is compared with the classes'.

Zhang et al. 2024 (arXiv:2403.13761, section 3: multi-hot codes of components from a binary tree, prototypes of
classes made from them, so that unseen classes have some too). The codebook has 1,024 leaves, a binary tree of depth
10; a leaf's code is the sum of its path's node vectors. Each component of the classes has a leaf; leaf 0 says "no
component" and adds nothing to a code. A picture's features ask for up to five components, one a slot: softmax over
the leaves; in training some slots draw one instead, by Gumbel noise at a low temperature (arXiv:1611.01144, section
2.2, straight through). What the slots select *is* all that the comparison gets: without the codebook no answer.

N samples · C channels · K = 5 slots · L = 1,024 leaves · D = 128 numbers of a code · Y classes
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal
from zlib import crc32

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from glyphlens.params import Section
from glyphlens.recognizers.blocks import Encoder
from glyphlens.recognizers.code_tree import CodeTree
from glyphlens.recognizers.components import component_table

if TYPE_CHECKING:
    from glyphlens.sources.structure import Structure

IMAGE_PX = 64
SCALE_START = 16.0


class Settings(Section):
    """``recognizers.hiercode.network`` in params.yaml."""

    widths: tuple[int, ...] = Field(strict=False, min_length=1)  # YAML has no tuples
    depths: tuple[int, ...] = Field(strict=False, min_length=1)
    tree_depth: int = Field(ge=1)
    code: int = Field(ge=1)
    slots: int = Field(ge=1)
    gumbel_temperature: float = Field(gt=0)
    gumbel_share: float = Field(ge=0, le=1)
    residual: bool
    auxiliary: float = Field(ge=0)
    dropout: float = Field(ge=0, lt=1)


@dataclass(frozen=True)
class Config:
    """``code``: numbers of a code; ``gumbel_share``: of the slots that draw a leaf in training; ``residual``: classes
    may learn what their components do not say; ``auxiliary``: weight of the cross-entropy of the slots' leaves."""

    classes: int
    components: int
    widths: tuple[int, ...] = (32, 64, 128, 128)
    depths: tuple[int, ...] = (0, 0, 1, 1)
    tree_depth: int = 10
    code: int = 128
    slots: int = 5
    gumbel_temperature: float = 0.1
    gumbel_share: float = 0.2
    residual: bool = True
    auxiliary: float = 2.0
    dropout: float = 0.1


def config(settings: Settings, classes: int, structure: "Structure") -> Config:
    """The network of ``settings`` for the classes and the components of ``structure``."""
    return Config(classes, len(structure.components), **settings.model_dump())


class Network(nn.Module):
    """(N, 1, 64, 64) → features (N, 128) → five selections of leaves → code (N, 128) → cosines with the classes'."""

    reads: ClassVar[Literal["raster", "strokes"]] = "raster"
    leaves_YK: Tensor
    names_1: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        width, code = config.widths[-1], config.code
        side = IMAGE_PX >> len(config.widths)
        self.encoder = nn.Sequential(
            Encoder(config.widths, config.depths),
            nn.Conv2d(width, 2 * width, side, groups=width, bias=False),  # two learned weightings of the places
            nn.Flatten(),
            nn.BatchNorm1d(2 * width),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(2 * width, code),
            nn.BatchNorm1d(code),
        )
        self.queries = nn.Linear(code, config.slots * code)
        self.codebook = CodeTree(config.tree_depth, code)
        self.slots_KD = nn.Parameter(torch.randn(config.slots, code))
        self.residual_YD = nn.Parameter(torch.zeros(config.classes if config.residual else 0, code))
        self.log_scale = nn.Parameter(torch.tensor([math.log(SCALE_START)]))
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

    def prototypes(self, leaves_YK: Tensor) -> Tensor:
        """(Y, K) leaves → (Y, D): each component's code bound to its slot, added; seen and unseen classes alike."""
        return self._bind(self._contents()[leaves_YK])

    def select(self, images_N1HW: Tensor) -> Tensor:
        """(N, 1, 64, 64) → (N, K, L) float32 logits of the leaves."""
        queries_NKD = self.queries(self.encoder(images_N1HW)).unflatten(1, (self.config.slots, -1))
        scores_NKL: Tensor = queries_NKD @ self.codebook().T / self.config.code**0.5
        return scores_NKL.float()

    def compare(self, scores_NKL: Tensor, prototypes_YD: Tensor) -> Tensor:
        """Logits of leaves → (N, Y) scaled cosines of what they select with ``prototypes_YD``."""
        chosen_NKL = torch.softmax(scores_NKL, dim=2)
        if self.training:
            chosen_NKL = chosen_NKL + self._drawn(scores_NKL.detach(), chosen_NKL.detach())
        code_ND = self._bind(chosen_NKL @ self._contents())
        cosines_NY = functional.normalize(code_ND, dim=1) @ functional.normalize(prototypes_YD, dim=1).T
        return self.log_scale.exp() * cosines_NY

    def forward(self, images_N1HW: Tensor) -> Tensor:
        """(N, 1, 64, 64) float ink in 0..1 → (N, classes) logits."""
        return self.compare(self.select(images_N1HW), self._classes())

    def learn(self, images_N1HW: Tensor, targets_N: Tensor) -> tuple[Tensor, Tensor]:
        """Logits, and the mean cross-entropy of the slots' leaves against the class's components, weighted."""
        scores_NKL = self.select(images_N1HW)
        loss = functional.cross_entropy(scores_NKL.flatten(0, 1), self.leaves_YK[targets_N].flatten())
        return self.compare(scores_NKL, self._classes()), self.config.auxiliary * loss

    def _classes(self) -> Tensor:
        prototypes_YD = self.prototypes(self.leaves_YK)
        return prototypes_YD + self.residual_YD if self.config.residual else prototypes_YD

    def _drawn(self, scores_NKL: Tensor, chosen_NKL: Tensor) -> Tensor:
        """(N, K, L) what turns the softmax into a nearly one-hot draw from it, in a share of the slots; else 0."""
        noise_NKL = -torch.empty_like(scores_NKL).exponential_().log()
        drawn_NKL = torch.softmax((scores_NKL + noise_NKL) / self.config.gumbel_temperature, dim=2)
        drawing_NK1 = torch.rand_like(scores_NKL[:, :, :1]) < self.config.gumbel_share
        return torch.where(drawing_NK1, drawn_NKL - chosen_NKL, 0.0)

    def _contents(self) -> Tensor:
        """(L, D): what leaves add to a code."""
        codes_LD: Tensor = self.codebook()
        return torch.cat([torch.zeros_like(codes_LD[:1]), codes_LD[1:]])

    def _bind(self, codes_NKD: Tensor) -> Tensor:
        return (codes_NKD * self.slots_KD).sum(1)


def _checksum(names: tuple[str, ...]) -> int:
    """Of the components' names in their order; never 0."""
    return 1 + crc32("\n".join(names).encode())
