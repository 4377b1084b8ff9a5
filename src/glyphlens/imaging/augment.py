"""Character pictures as other hands would have written them: bent, slanted, thicker or thinner, paler, noisier.

N pictures · H×W pixels · G×G control points of the bending
"""

import math

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from glyphlens.core.params import Section

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


def augment(images_N1HW: Tensor, params: AugmentParams, generator: torch.Generator) -> Tensor:
    """(N, 1, H, W) float ink in 0..1 → the same shape and range; each picture changed in its own way."""
    side_px = images_N1HW.shape[-1]
    shape = list(images_N1HW.shape)
    places = functional.affine_grid(_affine(len(images_N1HW), params, side_px, generator), shape, align_corners=False)
    places = places + _warp(len(images_N1HW), params, side_px, generator)
    bent = functional.grid_sample(images_N1HW, places, align_corners=False)
    bent = _thicken(bent, params.thickness, generator)
    powers = torch.exp(params.gamma * _uniform((len(bent), 1, 1, 1), generator))
    noisy = bent.clamp(0, 1) ** powers + params.noise * torch.randn(bent.shape, generator=generator)
    return noisy.clamp(0, 1).contiguous(memory_format=torch.channels_last)


def _affine(count: int, params: AugmentParams, side_px: int, generator: torch.Generator) -> Tensor:
    """(N, 2, 3) maps from places of the new picture to places of the old one, in −1..1."""
    turn, shear, zoom, stretch, *shifts = _uniform((6, count), generator)
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


def _warp(count: int, params: AugmentParams, side_px: int, generator: torch.Generator) -> Tensor:
    """(N, H, W, 2) smooth displacements whose control points have the standard deviation ``warp_px``."""
    points = (count, 2, params.warp_points, params.warp_points)
    control = 2 * params.warp_px / side_px * torch.randn(points, generator=generator)
    smooth = functional.interpolate(control, size=(side_px, side_px), mode="bicubic", align_corners=True)
    return smooth.permute(0, 2, 3, 1)


def _thicken(images_N1HW: Tensor, thickness: float, generator: torch.Generator) -> Tensor:
    """Towards the largest (or smallest) ink among the neighbours, by up to ``thickness`` of the way."""
    amount = thickness * _uniform((len(images_N1HW), 1, 1, 1), generator)
    thick = functional.max_pool2d(images_N1HW, THREE_PX, 1, 1)
    thin = -functional.max_pool2d(-images_N1HW, THREE_PX, 1, 1)
    return images_N1HW + amount.clamp(min=0) * (thick - images_N1HW) + (-amount).clamp(min=0) * (thin - images_N1HW)


def _uniform(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Numbers in −1..1."""
    return 2 * torch.rand(shape, generator=generator) - 1
