"""Lines as other pages and cameras would give them: a little slanted, stretched, blurred, paler, noisier.

N lines · H×W pixels
"""

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from glyphlens.core.params import Section
from glyphlens.core.share import Share
from glyphlens.training.lines import LineBatch

NEIGHBOURS = 3


class LineAugmentParams(Section):
    """Largest or typical amounts; ``share`` of the lines is changed, the rest shown as it is.

    ``zoom``, ``stretch``: logs of the height's and the width's scale. ``shear``: tangent. ``blur``: largest share of
    the way to the mean of nine neighbours. ``thickness``: likewise to the darkest or the lightest of them. ``pale``:
    largest loss of ink. ``gamma``: log of the power. ``noise``: largest standard deviation.
    """

    share: float = Field(ge=0, le=1)
    zoom: float = Field(ge=0, lt=1)
    stretch: float = Field(ge=0, lt=1)
    shear: float = Field(ge=0)
    shift_px: float = Field(ge=0)
    blur: float = Field(ge=0, le=1)
    thickness: float = Field(ge=0, le=1)
    pale: float = Field(ge=0, lt=1)
    gamma: float = Field(ge=0)
    noise: float = Field(ge=0)


def augment_lines(batch: LineBatch, params: LineAugmentParams, generator: torch.Generator, share: Share) -> LineBatch:
    """The same lines, each changed in its own way; as wide as before, or a little narrower or wider within the batch.

    ``batch`` holds the lines of ``share``; each is changed as it would be in the whole batch.
    """
    total = len(batch.texts) * share.world
    amounts_9N = 2 * torch.rand((9, total), generator=generator)[:, share.own] - 1
    is_left_N = torch.rand(total, generator=generator)[share.own] >= params.share
    amounts_9N[:, is_left_N] = 0
    zoom, stretch, shear, shift, *others = amounts_9N
    width_px = batch.images_N1HW.shape[3]
    scales_N = torch.minimum(torch.exp(params.stretch * stretch), width_px / batch.widths_N)
    heights_N = torch.exp(params.zoom * zoom)
    bent = _bend(batch.images_N1HW, scales_N, heights_N, params.shear * shear, params.shift_px * shift)
    blur, thickness, pale, gamma, noise = (amount.reshape(-1, 1, 1, 1) for amount in others)
    inked = _smear(bent, params.blur * blur.abs(), params.thickness * thickness)
    inked = (1 - params.pale * pale.abs()) * inked.clamp(1e-3, 1) ** torch.exp(params.gamma * gamma)
    grain = torch.randn((total, *inked.shape[1:]), generator=generator)[share.own]
    images = (inked + params.noise * noise.abs() * grain).clamp(0, 1)
    widths_N = torch.ceil(batch.widths_N * scales_N - 1e-4).long().clamp(1, width_px)
    return batch._replace(images_N1HW=images, widths_N=widths_N)


def _bend(images_N1HW: Tensor, widths_N: Tensor, heights_N: Tensor, shears_N: Tensor, shifts_N: Tensor) -> Tensor:
    """Scaled from the left edge and about the middle of the height, slanted and shifted down."""
    height_px, width_px = images_N1HW.shape[2:]
    nothing_N = torch.zeros_like(widths_N)
    slant_N = shears_N * height_px / width_px / widths_N
    maps_N23 = torch.stack(
        [
            torch.stack([1 / widths_N, slant_N, 1 / widths_N - 1], dim=1),
            torch.stack([nothing_N, 1 / heights_N, -2 * shifts_N / height_px], dim=1),
        ],
        dim=1,
    )
    places = functional.affine_grid(maps_N23, list(images_N1HW.shape), align_corners=False)
    return functional.grid_sample(images_N1HW, places, align_corners=False)


def _smear(images_N1HW: Tensor, blur: Tensor, thickness: Tensor) -> Tensor:
    """Blurred, then thicker (above 0) or thinner, by amounts (N, 1, 1, 1)."""
    mean = functional.avg_pool2d(images_N1HW, NEIGHBOURS, 1, 1, count_include_pad=True)
    soft = torch.lerp(images_N1HW, mean, blur)
    thick = functional.max_pool2d(soft, NEIGHBOURS, 1, 1)
    thin = -functional.max_pool2d(-soft, NEIGHBOURS, 1, 1)
    return soft + thickness.clamp(min=0) * (thick - soft) + (-thickness).clamp(min=0) * (thin - soft)
