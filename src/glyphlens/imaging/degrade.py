"""Clean binary rasters → what a camera or a poor rasteriser would give: shifted, blurred, with another gamma.

N images · H×W pixels
"""

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from glyphlens.core.params import Section
from glyphlens.core.share import ALL_ROWS, Share

BLUR_RADIUS = 2


class DegradeParams(Section):
    """Largest shift in pixels (each axis, both directions), largest blur sigma in pixels, largest change of gamma."""

    shift_px: int = Field(ge=0)
    blur_sigma_px: float = Field(ge=0)
    gamma: float = Field(ge=0)


def random_shifts(count: int, params: DegradeParams, generator: torch.Generator, share: Share = ALL_ROWS) -> Tensor:
    """(N, 2) int64 shifts (down, right) in pixels; ``count`` is N, the images of this share of a batch."""
    shifts = torch.randint(-params.shift_px, params.shift_px + 1, (count * share.world, 2), generator=generator)
    return shifts[share.own]


def shift(images_NHW: Tensor, shifts_N2: Tensor) -> Tensor:
    """Move every image down and right by its own whole pixels; what leaves is lost, what comes in is background."""
    height, width = images_NHW.shape[1:]
    rows_NH = torch.arange(height) - shifts_N2[:, :1]
    columns_NW = torch.arange(width) - shifts_N2[:, 1:]
    row_inside_NH = (rows_NH >= 0) & (rows_NH < height)
    column_inside_NW = (columns_NW >= 0) & (columns_NW < width)
    number_N11 = torch.arange(len(images_NHW)).view(-1, 1, 1)
    rows_NH1 = rows_NH.clamp(0, height - 1).unsqueeze(2)
    columns_N1W = columns_NW.clamp(0, width - 1).unsqueeze(1)
    return images_NHW[number_N11, rows_NH1, columns_N1W] * (row_inside_NH.unsqueeze(2) & column_inside_NW.unsqueeze(1))


def degrade(images_NHW: Tensor, params: DegradeParams, generator: torch.Generator, share: Share = ALL_ROWS) -> Tensor:
    """(N, H, W) ink 0 or 1 → (N, H, W) uint8 grey 0..255, blurred (σ uniform in 0..max) and gamma-changed per image.

    ``images_NHW`` are the images of ``share`` of a batch; each is changed as it would be in the whole batch.
    """
    count = len(images_NHW)
    sigma_N1 = torch.rand(count * share.world, 1, generator=generator)[share.own] * params.blur_sigma_px + 1e-3
    offsets = torch.arange(-BLUR_RADIUS, BLUR_RADIUS + 1)
    kernel_NK = torch.softmax(-(offsets**2) / (2 * sigma_N1**2), dim=1)
    image = images_NHW.float().unsqueeze(0)
    image = functional.conv2d(image, kernel_NK.view(count, 1, -1, 1), padding=(BLUR_RADIUS, 0), groups=count)
    image = functional.conv2d(image, kernel_NK.view(count, 1, 1, -1), padding=(0, BLUR_RADIUS), groups=count)
    gamma_N11 = 1 + params.gamma * (2 * torch.rand(count * share.world, 1, 1, generator=generator)[share.own] - 1)
    return (image.squeeze(0).clamp(0, 1) ** gamma_N11 * 255).round().to(torch.uint8)
