"""Deformed copies of outlines: slant, width, weight and a smooth displacement, as other fonts would have them.

G glyphs (copies counted) · P points · K waves · coordinates in font units, y up
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from glyphlens.core.params import Section
from glyphlens.imaging.freetype_outlines import STEPS, FixedOutlines
from glyphlens.imaging.outlines import Outlines

WAVES = 3  # superposed for the displacement along each axis
CYCLES_PER_EM = 2.0  # highest frequency of a wave: bends strokes, does not roughen them
THINNEST = 0.4  # a stroke is never thinned by more than this share of its width


class DeformParams(Section):
    """How far a copy may differ; 0 switches a deformation off."""

    slant: float = Field(ge=0, le=1)
    width: float = Field(ge=0, lt=1)
    weight: float = Field(ge=0, le=0.2)
    jitter: float = Field(ge=0, le=0.1)


class Deformations(NamedTuple):
    """What is done to each copy: shear (tangent), horizontal scale, emboldening (em), displacement (em) and its waves.

    ``waves_G2K3``: for the x and the y displacement K waves: cycles per em along x and y, phase in turns.
    """

    shear_G: NDArray[np.float64]
    x_scale_G: NDArray[np.float64]
    weight_G: NDArray[np.float64]
    jitter_G: NDArray[np.float64]
    waves_G2K3: NDArray[np.float64]

    def without_weight(self, where_G: NDArray[np.bool_]) -> "Deformations":
        """No emboldening where asked."""
        return self._replace(weight_G=np.where(where_G, 0, self.weight_G))

    def neutral(self, where_G: NDArray[np.bool_]) -> "Deformations":
        """Nothing is deformed where asked."""
        shear_G, weight_G, jitter_G = (np.where(where_G, 0, v) for v in (self.shear_G, self.weight_G, self.jitter_G))
        return Deformations(shear_G, np.where(where_G, 1, self.x_scale_G), weight_G, jitter_G, self.waves_G2K3)


def draw_deformations(seed: int, glyph_ids_N: NDArray[np.int64], copies: int, params: DeformParams) -> Deformations:
    """Deformations of every copy of every glyph (copies of one glyph in a row), uniform within ``params``.

    Each has its own generator, from (seed, glyph id, copy): the same whoever computes it, in whatever order.
    """
    numbers = 3 + 2 * WAVES * 3
    keys = ([seed, glyph, copy] for glyph in glyph_ids_N.tolist() for copy in range(copies))
    signed = 2 * np.array([np.random.default_rng(key).random(numbers) for key in keys]).reshape(-1, numbers) - 1
    return Deformations(
        shear_G=signed[:, 0] * params.slant,
        x_scale_G=1 + signed[:, 1] * params.width,
        weight_G=signed[:, 2] * params.weight,
        jitter_G=np.full(len(signed), params.jitter),
        waves_G2K3=signed[:, 3:].reshape(-1, 2, WAVES, 3) * [CYCLES_PER_EM, CYCLES_PER_EM, 0.5],
    )


def deform(outlines: Outlines, deformations: Deformations, upem_G: NDArray[np.float64]) -> Outlines:
    """The deformed outlines: displaced, slanted, stretched, then made bolder or lighter."""
    x_P, y_P = (outlines.points_P2 + displacement(outlines, deformations, upem_G)).T
    stretched_P = (x_P + outlines.per_point(deformations.shear_G) * y_P) * outlines.per_point(deformations.x_scale_G)
    shaped = outlines.with_points(np.stack([stretched_P, y_P], axis=1))
    thinning_limit_G = THINNEST * stroke_widths(shaped)
    return embolden(shaped, np.maximum(deformations.weight_G * upem_G, -thinning_limit_G))


def embolden(outlines: Outlines, strengths_G: NDArray[np.float64]) -> Outlines:
    """Strokes wider by ``strengths_G`` font units (thinner where negative), edges moved on both sides."""
    fixed = FixedOutlines(outlines)
    fixed.embolden(strengths_G)
    return outlines.with_points(fixed.points_P2 / STEPS)


def displacement(outlines: Outlines, deformations: Deformations, upem_G: NDArray[np.float64]) -> NDArray[np.float64]:
    """(P, 2) smooth displacement in font units: a sum of plane waves of random direction, frequency and phase."""
    em_P2 = outlines.points_P2 / outlines.per_point(upem_G)[:, None]
    waves_P2K3 = outlines.per_point(deformations.waves_G2K3)
    turns_P2K = waves_P2K3[..., 0] * em_P2[:, 0, None, None] + waves_P2K3[..., 1] * em_P2[:, 1, None, None]
    height_P2 = np.sin(2 * np.pi * (turns_P2K + waves_P2K3[..., 2])).sum(axis=-1)
    amplitude_G = deformations.jitter_G * upem_G * np.sqrt(2 / WAVES)  # a sine's variance is 1/2
    displacement_P2: NDArray[np.float64] = height_P2 * outlines.per_point(amplitude_G)[:, None]
    return displacement_P2


def stroke_widths(outlines: Outlines) -> NDArray[np.float64]:
    """(G,) typical stroke width in font units: twice the area over the perimeter, of the polygon of all points."""
    ends_P = _contour_ends(outlines)
    following_P = np.arange(1, len(outlines.points_P2) + 1)
    following_P[ends_P] = np.concatenate([[0], ends_P[:-1] + 1])[: len(ends_P)]
    here, there = outlines.points_P2, outlines.points_P2[following_P]
    area_P = (here[:, 0] * there[:, 1] - there[:, 0] * here[:, 1]) / 2
    length_P = np.hypot(*(there - here).T)
    area_G, length_G = (_sum_per_glyph(outlines, values) for values in (area_P, length_P))
    return 2 * np.abs(area_G) / np.maximum(length_G, 1e-9)


def _contour_ends(outlines: Outlines) -> NDArray[np.int64]:
    """Index of every contour's last point among all points."""
    contours_G = np.diff(outlines.contour_starts_G1)
    return outlines.ends_C.astype(np.int64) + np.repeat(outlines.point_starts_G1[:-1], contours_G)


def _sum_per_glyph(outlines: Outlines, values_P: NDArray[np.float64]) -> NDArray[np.float64]:
    glyph_P = np.repeat(np.arange(len(outlines)), outlines.point_counts_G)
    return np.bincount(glyph_P, values_P, minlength=len(outlines)).astype(np.float64)
