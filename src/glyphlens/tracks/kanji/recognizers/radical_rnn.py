"""Parts of a character, found by attention and named as KanjiVG's components, then read by a recurrent network.

Spatial attention over a convolutional map that names radicals one after the other is that of RAN (Zhang et al. 2017,
arXiv:1711.01889, section 2). Here the parts are found side by side by learned queries (as the object queries of
arXiv:2005.12872, section 3.2): softmax weights, so that gradients reach the queries, where a ``topk`` would cut them.

N samples · C channels · T places · K slots for parts · D features · P components (number P is "none") · Y classes
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from glyphlens.core.params import Section
from glyphlens.nets.blocks import IMAGE_PX, Encoder, TokenPooling, attend
from glyphlens.nets.inputs import Reads
from glyphlens.tracks.kanji.recognizers.components import component_table

if TYPE_CHECKING:
    from glyphlens.sources.structure import Structure


class Settings(Section):
    """``recognizers.radical_rnn.network`` in params.yaml."""

    widths: tuple[int, ...] = Field(strict=False, min_length=1)  # YAML has no tuples
    depths: tuple[int, ...] = Field(strict=False, min_length=1)
    slots: int = Field(ge=1)
    component_width: int = Field(ge=1)
    hidden: int = Field(ge=1)
    auxiliary: float = Field(ge=0)
    dropout: float = Field(ge=0, lt=1)


@dataclass(frozen=True)
class Config:
    """``components`` without "none"; ``component_width``: numbers of a component's embedding; ``hidden``: of each GRU
    direction; ``auxiliary``: weight of the components' cross-entropy."""

    classes: int
    components: int
    widths: tuple[int, ...] = (32, 64, 128)
    depths: tuple[int, ...] = (0, 0, 2)
    slots: int = 6
    component_width: int = 64
    hidden: int = 128
    auxiliary: float = 1.0
    dropout: float = 0.1


def config(settings: Settings, classes: int, structure: "Structure") -> Config:
    """The network of ``settings`` for the classes and the components of ``structure``."""
    return Config(classes, len(structure.components), **settings.model_dump())


class Network(nn.Module):
    """(N, 1, 64, 64) → map (N, 128, 8, 8) → K attended parts and their names → BiGRU → learned pooling → classes."""

    reads: ClassVar[Reads] = "raster"
    targets_YK: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        width = config.widths[-1]
        side = IMAGE_PX >> len(config.widths)
        self.encoder = Encoder(config.widths, config.depths)
        self.positions = nn.Parameter(torch.zeros(width, side, side))
        self.queries = nn.Parameter(torch.zeros(config.slots, width))
        nn.init.normal_(self.positions, std=0.1)
        nn.init.normal_(self.queries)
        self.context = nn.Linear(width, width)
        self.keys = nn.Linear(width, width)
        self.values = nn.Linear(width, width)
        self.slot_norm = nn.LayerNorm(width)
        self.names = nn.Linear(width, config.components + 1)
        self.embedding = nn.Parameter(torch.zeros(config.components + 1, config.component_width))
        nn.init.normal_(self.embedding)
        self.reader = nn.GRU(width + config.component_width, config.hidden, batch_first=True, bidirectional=True)
        self.pool = TokenPooling(config.slots, 2 * config.hidden, 2)
        self.dropout = nn.Dropout(config.dropout)
        self.classes = nn.Linear(4 * config.hidden, config.classes)
        self.register_buffer("targets_YK", torch.full((config.classes, config.slots), config.components))

    def describe(self, structure: "Structure") -> None:
        """Take each class's components, in writing order, as the names of its parts.

        Raises ValueError where classes or components are not as many as the network was built for.
        """
        config = self.config
        table_YK = component_table(structure, config.classes, config.components, config.slots)
        self.targets_YK.copy_(table_YK)

    def parts(self, images_N1HW: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 1, 64, 64) → attended features (N, K, D) and the logits of their names (N, K, P + 1)."""
        map_NCRS = self.encoder(images_N1HW)
        places_NTC = (map_NCRS + self.positions).flatten(2).transpose(1, 2)
        queries_NKC = self.queries + self.context(map_NCRS.mean((2, 3))).unsqueeze(1)
        keys_NTC, values_NTC = self.keys(places_NTC), self.values(places_NTC)
        slots_NKC = self.slot_norm(attend(queries_NKC.to(keys_NTC.dtype), keys_NTC, values_NTC))
        return slots_NKC, self.names(slots_NKC)

    def read(self, slots_NKC: Tensor, names_NKP: Tensor) -> Tensor:
        """Parts and the logits of their names → (N, classes) logits."""
        expected_NKE = torch.softmax(names_NKP, dim=2).to(self.embedding.dtype) @ self.embedding
        states_NKD, _ = self.reader(torch.cat([slots_NKC, expected_NKE.to(slots_NKC.dtype)], dim=2))
        logits: Tensor = self.classes(self.dropout(self.pool(states_NKD)))
        return logits

    def forward(self, images_N1HW: Tensor) -> Tensor:
        """(N, 1, 64, 64) float ink in 0..1 → (N, classes) logits."""
        return self.read(*self.parts(images_N1HW))

    def learn(self, images_N1HW: Tensor, targets_N: Tensor) -> tuple[Tensor, Tensor]:
        """Logits, and the mean cross-entropy of the parts' names against the class's components, weighted."""
        slots_NKC, names_NKP = self.parts(images_N1HW)
        wanted_NK = self.targets_YK[targets_N]
        loss = functional.cross_entropy(names_NKP.float().flatten(0, 1), wanted_NK.flatten())
        return self.read(slots_NKC, names_NKP), self.config.auxiliary * loss
