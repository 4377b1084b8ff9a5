"""A description → its levels: strokes and components are laid out where they are, then read like a small picture.

A picture of what was drawn differs with every hand; a layout of what was meant does not. Strokes and components are
vectors (what they are, where, how long), spread over the same 8×8 places and 4×4 slots as the image tower's, so that
both towers agree place by place.

N descriptions · S strokes · P = 5 points along each · K components · D features · G×G places
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from glyphlens.nets.trunk import ResidualBlock
from glyphlens.tracks.zero_shot.recognizers.levels import RADICAL_SIDE, STROKE_SIDE, Levels
from glyphlens.tracks.zero_shot.recognizers.reasoning import GraphReasoning, neighbour_shares
from glyphlens.tracks.zero_shot.recognizers.stroke_types import CANONICAL_TYPES, CanonicalTypes

STROKE_NUMBERS = 14  # five points, the middle, the way from end to end
COMPONENT_NUMBERS = 5
SMALLEST_SIDE = 0.12  # of a component's box: a single stroke has hardly any


class DescriptionTokens(nn.Module):
    """Strokes → vectors of ``width`` numbers, components → twice as many: what they are, and where.

    ``vocabulary``: how many numbers of stroke types and of components there are. ``canonical``: of strokes only their
    canonical types are read. ``reasoning``: components hear what those near them are.
    """

    def __init__(self, vocabulary: tuple[int, int], width: int, *, canonical: bool, reasoning: bool) -> None:
        super().__init__()
        stroke_types, components = vocabulary
        self.canonical = CanonicalTypes() if canonical else None
        self.types: nn.Module = (
            nn.Linear(len(CANONICAL_TYPES), width, bias=False)
            if canonical
            else nn.Embedding(stroke_types, width, padding_idx=0)
        )
        self.stroke_shape = nn.Sequential(nn.Linear(STROKE_NUMBERS, width), nn.ReLU(), nn.Linear(width, width))
        self.names = nn.Embedding(components, 2 * width, padding_idx=0)
        self.component_shape = nn.Sequential(
            nn.Linear(COMPONENT_NUMBERS, width), nn.ReLU(), nn.Linear(width, 2 * width)
        )
        self.reasoning = GraphReasoning(2 * width) if reasoning else None

    def strokes(self, types_NS: Tensor, points_NSP2: Tensor) -> Tensor:
        """(N, S, width), 0 of padding; points are in 0..1 of the picture."""
        middle_NS2 = points_NSP2.mean(2) - 0.5
        way_NS2 = points_NSP2[:, :, -1] - points_NSP2[:, :, 0]
        shape_NSF = torch.cat([points_NSP2.flatten(2) - 0.5, middle_NS2, way_NS2], dim=2)
        kinds = types_NS if self.canonical is None else self.canonical(types_NS)
        strokes_NSD = functional.relu(self.types(kinds) + self.stroke_shape(shape_NSF))
        return strokes_NSD * (types_NS > 0).unsqueeze(2)

    def components(self, names_NK: Tensor, numbers_NK5: Tensor) -> Tensor:
        """(N, K, 2 · width), 0 of padding; boxes are in 0..1 of the picture."""
        components_NKD = functional.relu(self.names(names_NK) + self.component_shape(numbers_NK5 - 0.5))
        if self.reasoning is not None:
            components_NKD = self.reasoning(components_NKD, neighbour_shares(numbers_NK5, names_NK > 0))
        return components_NKD * (names_NK > 0).unsqueeze(2)


class TextTower(DescriptionTokens):
    """Padded descriptions (descriptions.arrays.DescriptionArrays) → levels; padding changes nothing.

    With ``canonical`` types the stroke level is how much of each type lies at each place, blurred as is learned.
    """

    def __init__(
        self,
        vocabulary: tuple[int, int],
        width: int,
        sizes: tuple[int, int, int],
        *,
        canonical: bool,
        reasoning: bool,
    ) -> None:
        super().__init__(vocabulary, width, canonical=canonical, reasoning=reasoning)
        stroke, radical, character = sizes
        self.places = nn.Sequential(
            nn.Conv2d(width, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(), ResidualBlock(width)
        )
        self.stroke = (
            nn.Conv2d(stroke, stroke, 3, padding=1, groups=stroke) if canonical else nn.Conv2d(width, stroke, 1)
        )
        self.narrow = nn.Sequential(nn.Conv2d(width, 2 * width, 2, 2, bias=False), nn.BatchNorm2d(2 * width))
        self.named = nn.BatchNorm2d(2 * width)
        self.slots = nn.Sequential(nn.ReLU(), ResidualBlock(2 * width))
        self.radical = nn.Conv2d(2 * width, radical, 1)
        self.pool = nn.Conv2d(2 * width, 2 * width, RADICAL_SIDE, groups=2 * width, bias=False)
        self.norm = nn.BatchNorm1d(2 * width)
        self.character = nn.Linear(4 * width, character)

    def forward(self, types_NS: Tensor, points_NSP2: Tensor, names_NK: Tensor, numbers_NK5: Tensor) -> Levels:
        """Levels of the descriptions; points and boxes are in 0..1 of the picture."""
        strokes_NSD = self.strokes(types_NS, points_NSP2)
        components_NKD = self.components(names_NK, numbers_NK5)
        on_places_NSGG = _on_places(points_NSP2)
        places_NDGG = self.places(_spread(strokes_NSD, on_places_NSGG))
        named_NDGG = self.named(_spread(components_NKD, _in_slots(numbers_NK5)))
        slots_NDGG = self.slots(self.narrow(places_NDGG) + named_NDGG)
        whole_ND = functional.relu(self.norm(self.pool(slots_NDGG).flatten(1)))
        known_NK1 = (names_NK > 0).unsqueeze(2).to(components_NKD.dtype)
        mean_ND = components_NKD.sum(1) / known_NK1.sum(1).clamp(min=1)
        laid_NDGG = places_NDGG if self.canonical is None else _spread(self.canonical(types_NS), on_places_NSGG)
        return Levels(
            self.stroke(laid_NDGG).flatten(1),
            self.radical(slots_NDGG).flatten(1),
            self.character(torch.cat([whole_ND, mean_ND], dim=1)),
        )


def _spread(tokens_NTD: Tensor, weights_NTGG: Tensor) -> Tensor:
    """(N, T, D) tokens, each laid where its weights are → (N, D, G, G)."""
    return torch.einsum("ntgh,ntd->ndgh", weights_NTGG.to(tokens_NTD.dtype), tokens_NTD)


def _on_places(points_NSP2: Tensor) -> Tensor:
    """(N, S, 8, 8): how much of a stroke lies at each place, by its points and the middles between them, bilinear."""
    between = (points_NSP2[:, :, 1:] + points_NSP2[:, :, :-1]) / 2
    at_NSQ2 = torch.cat([points_NSP2, between], dim=2) * STROKE_SIDE - 0.5
    at_NSQ21 = at_NSQ2.clamp(0, STROKE_SIDE - 1).unsqueeze(4)
    near_NSQ2G = functional.relu(1 - (at_NSQ21 - torch.arange(STROKE_SIDE, device=at_NSQ21.device)).abs())
    return torch.einsum("nsqg,nsqh->nsgh", near_NSQ2G[:, :, :, 1], near_NSQ2G[:, :, :, 0]) * (2 / at_NSQ2.shape[2])


def _in_slots(numbers_NK5: Tensor) -> Tensor:
    """(N, K, 4, 4): the share of each slot that a component's box covers."""
    side_NK2 = numbers_NK5[:, :, 2:4].clamp(min=SMALLEST_SIDE)
    edges = torch.arange(RADICAL_SIDE + 1, device=numbers_NK5.device) / RADICAL_SIDE
    first_NK21 = (numbers_NK5[:, :, :2] - side_NK2 / 2).unsqueeze(3)
    end_NK21 = (numbers_NK5[:, :, :2] + side_NK2 / 2).unsqueeze(3)
    inside_NK2G = functional.relu(torch.minimum(end_NK21, edges[1:]) - torch.maximum(first_NK21, edges[:-1]))
    inside_NK2G = inside_NK2G * RADICAL_SIDE
    return torch.einsum("nkg,nkh->nkgh", inside_NK2G[:, :, 1], inside_NK2G[:, :, 0])
