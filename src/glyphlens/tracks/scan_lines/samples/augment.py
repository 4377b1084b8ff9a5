"""Scans as another day would have brought them: noise, drift of gain and offset, lines that are lost, mirrored ones.

N scans · L lines · S samples of a line
"""

import torch
from pydantic import Field
from torch import Tensor

from glyphlens.core.params import Section
from glyphlens.core.share import ALL_ROWS, Share

FULL = 255.0  # range of the values as stored


class LineAugmentParams(Section):
    """``changed_share`` of the scans get noise and drift, the others stay clean; 0 leaves out a change.

    ``noise``: largest standard deviation, of 255. ``gain_drift``, ``offset_drift``: largest change from the middle of a
    line to its ends, of the logarithm of the gain and of 255; it moves on evenly from the first line to the last.
    ``drop_share``: of all lines are lost. ``flip_share``: of the scans are mirrored, the end of each line first.
    """

    changed_share: float = Field(ge=0, le=1)
    noise: float = Field(ge=0, le=1)
    gain_drift: float = Field(ge=0, le=2)
    offset_drift: float = Field(ge=0, le=1)
    drop_share: float = Field(ge=0, lt=1)
    flip_share: float = Field(ge=0, le=1)


def augment_lines(
    lines_NLS: Tensor, params: LineAugmentParams, generator: torch.Generator, share: Share = ALL_ROWS
) -> Tensor:
    """(N, L, S) float of 0 to 255, missing lines NaN → the same shape, each scan changed in its own way.

    Dropped lines are NaN, and lines that were missing stay so. Values are not cut off at 0 or 255. ``lines_NLS`` are
    the scans of ``share`` of a batch; each is changed as it would be in the whole batch.
    """
    count, lines, samples = lines_NLS.shape
    total = count * share.world
    chance_N11, level_N11 = (torch.rand((total, 1, 1), generator=generator)[share.own] for _ in range(2))
    slopes_4N11 = 2 * torch.rand((4, total, 1, 1), generator=generator)[:, share.own] - 1
    noise_NLS = torch.randn((total, lines, samples), generator=generator)[share.own]
    is_dropped_NL = torch.rand((total, lines), generator=generator)[share.own] < params.drop_share
    is_flipped_N11 = torch.rand((total, 1, 1), generator=generator)[share.own] < params.flip_share

    gain_NLS, offset_NLS = _ramps(slopes_4N11[:2], lines, samples), _ramps(slopes_4N11[2:], lines, samples)
    drifted_NLS = lines_NLS * torch.exp(params.gain_drift * gain_NLS) + FULL * params.offset_drift * offset_NLS
    changed_NLS = drifted_NLS + FULL * params.noise * level_N11 * noise_NLS
    changed_NLS = torch.where(chance_N11 < params.changed_share, changed_NLS, lines_NLS)
    changed_NLS = torch.where(is_flipped_N11, changed_NLS.flip(-1), changed_NLS)
    return changed_NLS.masked_fill(is_dropped_NL.unsqueeze(-1), torch.nan)


def _ramps(slopes_2N11: Tensor, lines: int, samples: int) -> Tensor:
    """(N, L, S) in −1..1: each line from −slope to slope; slopes go evenly from the first number to the second."""
    first_N11, last_N11 = slopes_2N11.unbind()
    along_L1, across_S = torch.linspace(0, 1, lines).unsqueeze(-1), torch.linspace(-1, 1, samples)
    slopes_NL1 = torch.lerp(first_N11, last_N11, along_L1)
    return slopes_NL1 * across_S
