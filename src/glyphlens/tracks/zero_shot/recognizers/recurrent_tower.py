"""A description → its levels, read in writing order: one recurrent network over strokes, one over components.

It stands beside text_tower, which lays strokes and components out instead. Where a level wants places or slots, each
of them is a learned question to all strokes or components.

N descriptions · T tokens · D features · Q places or slots
"""

import torch
from torch import Tensor, nn

from glyphlens.tracks.zero_shot.recognizers.levels import RADICAL_SIDE, STROKE_SIDE, Levels
from glyphlens.tracks.zero_shot.recognizers.text_tower import DescriptionTokens

ABSENT = -1e4  # added to a score: no weight is left, and a description without any token gives numbers all the same


class RecurrentTextTower(DescriptionTokens):
    """Padded descriptions (descriptions.arrays.DescriptionArrays) → levels; padding changes nothing."""

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
        self.stroke_reader = BidirectionalGRU(width, width)
        self.component_reader = BidirectionalGRU(2 * width, 2 * width)
        self.stroke = QuestionPooling(STROKE_SIDE**2, 2 * width, stroke)
        self.radical = QuestionPooling(RADICAL_SIDE**2, 4 * width, radical)
        self.weight = nn.Linear(4 * width, 1, bias=False)  # shares would not change with one
        self.character = nn.Sequential(nn.Linear(4 * width, 4 * width), nn.ReLU(), nn.Linear(4 * width, character))

    def forward(self, types_NS: Tensor, points_NSP2: Tensor, names_NK: Tensor, numbers_NK5: Tensor) -> Levels:
        """Levels of the descriptions."""
        is_stroke_NS, is_component_NK = types_NS > 0, names_NK > 0
        strokes_NSD = self.stroke_reader(self.strokes(types_NS, points_NSP2), is_stroke_NS)
        components_NKD = self.component_reader(self.components(names_NK, numbers_NK5), is_component_NK)
        weights_NK1 = self.weight(components_NKD).float() + _absent(is_component_NK).unsqueeze(2)
        whole_ND = (torch.softmax(weights_NK1, dim=1).to(components_NKD.dtype) * components_NKD).sum(1)
        return Levels(
            self.stroke(strokes_NSD, is_stroke_NS),
            self.radical(components_NKD, is_component_NK),
            self.character(whole_ND),
        )


class BidirectionalGRU(nn.Module):
    """Reads tokens forwards and backwards; padding, which stands behind them, comes last in both directions.

    (Packed sequences would do the same, but cannot be exported.)
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.forwards = nn.GRU(inputs, hidden, batch_first=True)
        self.backwards = nn.GRU(inputs, hidden, batch_first=True)

    def forward(self, tokens_NTD: Tensor, is_token_NT: Tensor) -> Tensor:
        """(N, T, inputs) and (N, T) bool → (N, T, 2 × hidden)."""
        places_T = torch.arange(tokens_NTD.shape[1], device=tokens_NTD.device)
        last_N1 = is_token_NT.sum(1, keepdim=True) - 1
        turned_NT1 = torch.where(places_T <= last_N1, last_N1 - places_T, places_T).unsqueeze(2)
        ahead_NTD, _ = self.forwards(tokens_NTD)
        back_NTD, _ = self.backwards(tokens_NTD.gather(1, turned_NT1.expand(-1, -1, tokens_NTD.shape[2])))
        back_NTD = back_NTD.gather(1, turned_NT1.expand(-1, -1, back_NTD.shape[2]))
        return torch.cat([ahead_NTD, back_NTD], dim=2)


class QuestionPooling(nn.Module):
    """Each of Q learned questions attends to the tokens that are there; the answers are projected, (N, outputs · Q)."""

    def __init__(self, questions: int, features: int, outputs: int) -> None:
        super().__init__()
        self.questions_QD = nn.Parameter(torch.randn(questions, features))
        self.output = nn.Linear(features, outputs)

    def forward(self, tokens_NTD: Tensor, is_token_NT: Tensor) -> Tensor:
        """In the order of the image towers: all places of the first number, then of the second."""
        scores_NQT = self.questions_QD.to(tokens_NTD.dtype) @ tokens_NTD.transpose(1, 2) * tokens_NTD.shape[2] ** -0.5
        weights_NQT = torch.softmax(scores_NQT.float() + _absent(is_token_NT).unsqueeze(1), dim=2)
        answers: Tensor = self.output(weights_NQT.to(tokens_NTD.dtype) @ tokens_NTD)
        return answers.transpose(1, 2).flatten(1)


def _absent(is_token_NT: Tensor) -> Tensor:
    """(N, T) float: 0 of a token, ABSENT of padding."""
    return torch.where(is_token_NT, 0.0, ABSENT)
