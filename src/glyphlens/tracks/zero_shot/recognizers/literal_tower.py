"""A picture → its levels as Hi-GITA's open description has it: patches, learned groups of them, attention over groups.

It stands beside image_tower as what that is measured against: two 3×3 convolutions at full size without normalisation,
64 patches that are gated and projected, an assignment to 16 radicals that is learned and the same for every picture,
attention over the radicals (Zhu et al. 2025, arXiv:2505.24837).

N samples · P = 64 patches · K = 16 radicals · S, R, D numbers of the levels
"""

import torch
from torch import Tensor, nn

from glyphlens.nets.blocks import attend
from glyphlens.tracks.zero_shot.recognizers.levels import RADICAL_SIDE, STROKE_SIDE, Levels
from glyphlens.tracks.zero_shot.recognizers.reasoning import SlotReasoning

CHANNELS = (16, 32)
PATCH_PX = 8
HEADS = 4


class LiteralImageTower(nn.Module):
    """(N, 1, 64, 64) float ink in 0..1 → levels."""

    def __init__(self, sizes: tuple[int, int, int], *, reasoning: bool) -> None:
        super().__init__()
        stroke, radical, character = sizes
        first, second = CHANNELS
        slots = RADICAL_SIDE**2
        self.pixels = nn.Sequential(
            nn.Conv2d(1, first, 3, padding=1), nn.ReLU(), nn.Conv2d(first, second, 3, padding=1), nn.ReLU()
        )
        self.pixel_gate = nn.Conv2d(second, 1, 1)
        self.patches = nn.Conv2d(second, stroke, PATCH_PX, PATCH_PX)
        self.grouped = nn.Linear(stroke, radical)
        self.assignment_PK = nn.Parameter(torch.randn(STROKE_SIDE**2, slots))
        self.radical_gate = nn.Linear(radical, 1)
        self.attention = nn.Linear(radical, 3 * radical)
        self.joined = nn.Linear(radical, radical)
        self.character = nn.Linear(radical, character)
        self.reasoning = SlotReasoning(slots, radical) if reasoning else None

    def forward(self, images_N1HW: Tensor) -> Levels:
        """Levels of the pictures."""
        pixels_NCHW = self.pixels(images_N1HW)
        strokes_NSP = self.patches(pixels_NCHW * torch.sigmoid(self.pixel_gate(pixels_NCHW))).flatten(2)
        grouped_NPR = self.grouped(strokes_NSP.transpose(1, 2))
        radicals_NKR = torch.softmax(self.assignment_PK, dim=0).T @ grouped_NPR
        radicals_NKR = radicals_NKR * torch.sigmoid(self.radical_gate(radicals_NKR))
        if self.reasoning is not None:
            radicals_NKR = self.reasoning(radicals_NKR)
        fused_NR = self._fused(radicals_NKR).mean(1)
        return Levels(strokes_NSP.flatten(1), radicals_NKR.transpose(1, 2).flatten(1), self.character(fused_NR))

    def _fused(self, radicals_NKR: Tensor) -> Tensor:
        """Attention of several heads among the radicals, (N, K, R)."""
        _, slots, features = radicals_NKR.shape
        split = self.attention(radicals_NKR).view(-1, slots, 3, HEADS, features // HEADS)
        query, key, value = split.permute(2, 0, 3, 1, 4).unbind(0)
        fused_NKR = attend(query, key, value).transpose(1, 2).reshape(-1, slots, features)
        joined: Tensor = self.joined(fused_NKR)
        return joined
