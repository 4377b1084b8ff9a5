"""Character pictures as other hands would have written them: bent, slanted, thicker or thinner, paler, noisier.

N pictures · H×W pixels · G×G control points of the bending
"""

import math

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from glyphlens.core.params import Section
from glyphlens.core.share import ALL_ROWS, Share

THREE_PX = 3


class AugmentParams(Section):
    """Largest or typical amounts; 0 leaves out a change."""

    rotate_deg: float = Field(ge=0)
    shear: float = Field(ge=0)
    zoom: float = Field(ge=0, lt=1)
    stretch: float = Field(ge=0, lt=1)
    shift_px: float = Field(ge=0)
    warp_px: float = Field(ge=0)
    warp_points: int = Field(ge=2)
    thickness: float = Field(ge=0, le=1)
    gamma: float = Field(ge=0)
    noise: float = Field(ge=0)


def augment(images_N1HW: Tensor, params: AugmentParams, generator: torch.Generator, share: Share = ALL_ROWS) -> Tensor:
    """(N, 1, H, W) float ink in 0..1 → the same shape and range; each picture changed in its own way.

    ``images_N1HW`` are the pictures of ``share`` of a batch; each is changed as it would be in the whole batch.
    """
    side_px = images_N1HW.shape[-1]
    shape, total = list(images_N1HW.shape), len(images_N1HW) * share.world
    maps = _affine(_uniform((6, total), generator)[:, share.own], params, side_px)
    places = functional.affine_grid(maps, shape, align_corners=False)
    controls = torch.randn((total, 2, params.warp_points, params.warp_points), generator=generator)[share.own]
    places = places + _warp(controls, params, side_px)
    bent = functional.grid_sample(images_N1HW, places, align_corners=False)
    bent = _thicken(bent, params.thickness * _uniform((total, 1, 1, 1), generator)[share.own])
    powers = torch.exp(params.gamma * _uniform((total, 1, 1, 1), generator)[share.own])
    noise = params.noise * torch.randn((total, *shape[1:]), generator=generator)[share.own]
    return (bent.clamp(0, 1) ** powers + noise).clamp(0, 1).contiguous(memory_format=torch.channels_last)


def _affine(amounts_6N: Tensor, params: AugmentParams, side_px: int) -> Tensor:
    """Amounts in −1..1 → (N, 2, 3) maps from places of the new picture to places of the old one, in −1..1."""
    turn, shear, zoom, stretch, *shifts = amounts_6N
    right, down = (2 * params.shift_px / side_px * shift for shift in shifts)
    angle = math.radians(params.rotate_deg) * turn
    width = torch.exp(params.zoom * zoom + params.stretch * stretch)
    height = torch.exp(params.zoom * zoom - params.stretch * stretch)
    slant = params.shear * shear
    cosine, sine = torch.cos(angle), torch.sin(angle)
    rows = [
        torch.stack([cosine / width, (sine + slant * cosine) / width, right], dim=1),
        torch.stack([-sine / height, (cosine - slant * sine) / height, down], dim=1),
    ]
    return torch.stack(rows, dim=1)


def _warp(controls_N2GG: Tensor, params: AugmentParams, side_px: int) -> Tensor:
    """(N, H, W, 2) smooth displacements whose control points have the standard deviation ``warp_px``."""
    control = 2 * params.warp_px / side_px * controls_N2GG
    smooth = functional.interpolate(control, size=(side_px, side_px), mode="bicubic", align_corners=True)
    return smooth.permute(0, 2, 3, 1)


def _thicken(images_N1HW: Tensor, amount: Tensor) -> Tensor:
    """Towards the largest (or, below 0, the smallest) ink among the neighbours, ``amount`` (N, 1, 1, 1) of the way."""
    thick = functional.max_pool2d(images_N1HW, THREE_PX, 1, 1)
    thin = -functional.max_pool2d(-images_N1HW, THREE_PX, 1, 1)
    return images_N1HW + amount.clamp(min=0) * (thick - images_N1HW) + (-amount).clamp(min=0) * (thin - images_N1HW)


def _uniform(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Numbers in −1..1."""
    return 2 * torch.rand(shape, generator=generator) - 1
