"""The context network: the answers to all glyphs of a font, read together, correct one another.

For each of the K best classes of a glyph it sees what the other glyphs of the font are taken for: whether neighbours in
glyph order are the same letter in another form, or the next code point; whether the font has the other forms, or
another glyph of this class; how common the class, its kind and its block are, in fonts and in this one. A small network
adds a number to the class's log-probability; the corrected answers are read again, round after round. It has no
parameters of single classes, so that it can only learn what holds for all of them.

G glyphs of one font, in glyph order · K best classes of each · J of them that others look at · C classes · F features ·
O offsets · R relations
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from glyphlens.tracks.arabic.glyphs.class_relations import ClassRelations

OFFSETS = (1, -1, 2, -2, 3, -3)  # neighbours in glyph order that are looked at
SEEN = 5  # of a glyph's best classes, by the others
RELATIONS = len(ClassRelations._fields)
SHARED = 3  # of them are numbers that classes share: letter, group, block
ORDERLY = (0, 3, 4, 1)  # those that tell whether the glyphs are in an order: letter, next, previous, group
LOWEST = -12.0  # of a log-probability
RAREST = 1e-4  # of a share of the font
FEATURES = 5 + RELATIONS * len(OFFSETS) + 10 + 6


@dataclass(frozen=True)
class ContextConfig:
    """``classes`` of the recogniser, ``candidates`` K of each glyph, ``hidden`` numbers of each of the ``rounds``."""

    classes: int
    candidates: int = 16
    hidden: int = 64
    rounds: int = 3
    dropout: float = 0.1


class ContextNetwork(nn.Module):
    """``relations_RC`` int64 and ``coverage_C`` float are facts of classes; the last scores have a temperature."""

    relations_RC: Tensor
    coverage_C: Tensor
    temperature: Tensor

    def __init__(self, config: ContextConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("relations_RC", torch.zeros(RELATIONS, config.classes, dtype=torch.int64))
        self.register_buffer("coverage_C", torch.zeros(config.classes))
        self.register_buffer("temperature", torch.ones(()))
        self.rounds = nn.ModuleList(_correction(config) for _ in range(config.rounds))

    def know(self, relations_RC: Tensor, coverage_C: Tensor) -> None:
        """Take the facts about the classes."""
        self.relations_RC.copy_(relations_RC)
        self.coverage_C.copy_(coverage_C)

    def scores(self, classes_GK: Tensor, log_p_GK: Tensor) -> list[Tensor]:
        """(G, K) int64 classes, best first, and float log-probabilities → (G, K) corrected scores of each round."""
        related_ORGKJ, found = self._related(classes_GK), [log_p_GK]
        for correction in self.rounds:
            features_GKF = self._features(classes_GK, log_p_GK, found[-1], related_ORGKJ)
            found.append(log_p_GK + correction(features_GKF).squeeze(2))
        return found[1:]

    def forward(self, classes_GK: Tensor, log_p_GK: Tensor) -> Tensor:
        """The scores of the last round, over the temperature."""
        return self.scores(classes_GK, log_p_GK)[-1] / self.temperature

    def _features(self, classes_GK: Tensor, log_p_GK: Tensor, scores_GK: Tensor, related_ORGKJ: Tensor) -> Tensor:
        """(G, K, F) of what is known of each candidate."""
        p_GK = scores_GK.softmax(1)
        first_GK = (torch.arange(classes_GK.shape[1], device=p_GK.device) == 0).to(p_GK.dtype).expand_as(p_GK)
        best_GK = (scores_GK - scores_GK.amax(1, keepdim=True)).clamp(min=LOWEST) / 4
        own = [log_p_GK.clamp(min=LOWEST) / 4, p_GK, best_GK, self.coverage_C[classes_GK], first_GK]
        beside_ORGK = _beside(related_ORGKJ, p_GK)
        likeness = [(p_GK * beside_ORGK[0, kind]).sum(1).mean().expand_as(p_GK) for kind in ORDERLY]
        glyphs = torch.ones_like(p_GK[:, 0]).sum()
        whole = [glyphs.log().expand_as(p_GK) / 5, p_GK.amax(1).mean().expand_as(p_GK)]
        rest = torch.stack([*own, *self._within(classes_GK, p_GK, glyphs), *likeness, *whole], dim=2)
        return torch.cat([beside_ORGK.flatten(0, 1).permute(1, 2, 0), rest], dim=2)

    def _related(self, classes_GK: Tensor) -> Tensor:
        """(O, R, G, K, J) 1 where a neighbour's class is of the candidate's letter (but not itself), group or block, or
        the next or previous one, else 0."""
        ours_RGK = self.relations_RC[:, classes_GK]
        found = []
        for theirs_GJ in _neighbours(classes_GK[:, :SEEN]):
            theirs_3GJ = self.relations_RC[:SHARED, theirs_GJ]
            alike_3GKJ = ours_RGK[:SHARED].unsqueeze(3) == theirs_3GJ.unsqueeze(2)
            other_GKJ = classes_GK.unsqueeze(2) != theirs_GJ.unsqueeze(1)
            ordered_2GKJ = ours_RGK[SHARED:].unsqueeze(3) == theirs_GJ.unsqueeze(1)
            found.append(torch.cat([alike_3GKJ[:1] & other_GKJ, alike_3GKJ[1:], ordered_2GKJ]))
        return torch.stack(found).to(self.coverage_C.dtype)

    def _within(self, classes_GK: Tensor, p_GK: Tensor, glyphs: Tensor) -> list[Tensor]:
        """(G, K) each: what the rest of the font has of the candidate's class, letter, neighbours, group and block."""
        letter_GK, group_GK, block_GK, next_GK, previous_GK = self.relations_RC[:, classes_GK]
        count = self.config.classes + 2
        class_GK, letters_GK, groups_GK, blocks_GK = (
            torch.zeros(count, dtype=p_GK.dtype, device=p_GK.device).scatter_add(0, key.flatten(), p_GK.flatten())[key]
            for key in (classes_GK, letter_GK, group_GK, block_GK)
        )
        all_C = torch.zeros(count, dtype=p_GK.dtype, device=p_GK.device)
        all_C = all_C.scatter_add(0, classes_GK.flatten(), p_GK.flatten())
        same_letter_GKK = (letter_GK.unsqueeze(2) == letter_GK.unsqueeze(1)).to(p_GK.dtype)
        again_GK = (class_GK - p_GK).clamp(min=0)
        forms_GK = (letters_GK - (same_letter_GKK * p_GK.unsqueeze(1)).sum(2)).clamp(min=0)
        shares = [((total_GK - p_GK) / glyphs).clamp(min=RAREST) for total_GK in (groups_GK, blocks_GK)]
        counts = [value.clamp(max=1) for value in (again_GK, forms_GK, all_C[next_GK], all_C[previous_GK])]
        return [*counts, again_GK.log1p(), forms_GK.log1p(), *(share.log() / 4 for share in shares), *shares]


def _neighbours(values_GJ: Tensor) -> list[Tensor]:
    """(G, J) of the neighbour at each of OFFSETS; zeros beyond the ends."""
    reach = max(OFFSETS)
    padded_PJ = functional.pad(values_GJ, (0, 0, reach, reach))
    return [padded_PJ[reach + offset : padded_PJ.shape[0] - reach + offset] for offset in OFFSETS]


def _beside(related_ORGKJ: Tensor, p_GK: Tensor) -> Tensor:
    """(O, R, G, K) the probability that the neighbour at an offset stands in a relation to the candidate."""
    p_OGJ = torch.stack(_neighbours(p_GK[:, :SEEN]))
    return (related_ORGKJ * p_OGJ[:, None, :, None, :]).sum(4)


def _correction(config: ContextConfig) -> nn.Sequential:
    """(…, F) → (…, 1), zero at first."""
    last = nn.Linear(config.hidden, 1)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(
        nn.Linear(FEATURES, config.hidden),
        nn.GELU(),
        nn.Dropout(config.dropout),
        nn.Linear(config.hidden, config.hidden),
        nn.GELU(),
        last,
    )


def facts_of(relations: ClassRelations) -> Tensor:
    """(R, C) int64 as ``ContextNetwork.know`` takes them."""
    return torch.stack([torch.from_numpy(values_C) for values_C in relations])


Network, Config = ContextNetwork, ContextConfig
