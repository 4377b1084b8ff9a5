"""Outlines → 128×128 binary pictures, anchored top-left, row 0 at the top (docs/SPEC.md#rasters).

A main glyph's longer side fills the canvas, a diacritic's half of it. A pixel is ink where the outline, filled
non-zero, covers at least half of it.

G glyphs · H×W pixels · B = W/8 bytes a row of packed pixels · coordinates in font units
"""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from glyphlens.core.params import Section
from glyphlens.data.sample_set import pack_bits
from glyphlens.imaging.freetype_outlines import FixedOutlines
from glyphlens.imaging.outlines import Outlines

CANVAS_PX = 128
DIACRITIC_PX = 64
INK_LEVEL = 127  # half of the pixel: FreeType gives 127 or 128, depending on the outline's direction
BLOCK = 64  # glyphs drawn at a time: 1 MiB of grey pixels stays in the processor's cache
HYBRID_ADVANCE = 100  # font units, and
HYBRID_RATIO = 0.15  # of the em: the rule measured on 524,364 glyphs (97.98 % of the diacritics, ratio alone 94 %)
NO_EXTENT, NO_INK = "the outline has no extent", "the outline leaves no ink"


class DiacriticRule(Section):
    """``ratio``: longer side / em height < diacritic_ratio; ``hybrid``: advance < 100 units or ratio < .15."""

    diacritic_rule: Literal["ratio", "hybrid"]
    diacritic_ratio: float = Field(gt=0, lt=1)


class Placements(NamedTuple):
    """Where G glyphs are drawn: pixels per font unit (0 where an outline has no extent), boxes in font units, longer
    side / em, and the pixels that the longer side fills."""

    scale_G: NDArray[np.float64]
    boxes_G4: NDArray[np.float64]
    ratio_G: NDArray[np.float64]
    is_diacritic_G: NDArray[np.bool_]
    target_px_G: NDArray[np.int64]


class Rasters(NamedTuple):
    """Drawn glyphs: packed (G, 128, 16) uint8, their placements, and {position: reason} of those left blank."""

    packed_GHB: NDArray[np.uint8]
    placements: Placements
    faults: dict[int, str]


def rasterise(
    outlines: Outlines,
    em_heights_G: NDArray[np.float64],
    advances_G: NDArray[np.float64],
    rule: DiacriticRule,
    faults: dict[int, str] | None = None,
) -> Rasters:
    """Place and draw; ``faults`` that are known already are kept, blank pictures are added with their reason."""
    placements = place_many(outlines, em_heights_G, advances_G, rule)
    packed_GHB = draw_outlines(outlines, placements)
    blank = np.flatnonzero(~packed_GHB.any(axis=(1, 2)))
    found = {int(glyph): NO_INK if placements.scale_G[glyph] else NO_EXTENT for glyph in blank}
    return Rasters(packed_GHB, placements, found | (faults or {}))


def place_many(
    outlines: Outlines, em_heights_G: NDArray[np.float64], advances_G: NDArray[np.float64], rule: DiacriticRule
) -> Placements:
    """Bounding boxes, the diacritic rule and the scale of G glyphs."""
    boxes_G4 = FixedOutlines(outlines).bounding_boxes()
    ratio_G = _major(boxes_G4) / em_heights_G
    if rule.diacritic_rule == "ratio":
        is_diacritic_G = ratio_G < rule.diacritic_ratio
    else:
        is_diacritic_G = (advances_G < HYBRID_ADVANCE) | (ratio_G < HYBRID_RATIO)
    return _fit(boxes_G4, ratio_G, is_diacritic_G)


def fit_boxes(outlines: Outlines, is_diacritic_G: NDArray[np.bool_]) -> Placements:
    """Placements where it is known which glyphs are diacritics (ratio NaN: not asked)."""
    boxes_G4 = FixedOutlines(outlines).bounding_boxes()
    return _fit(boxes_G4, np.full(len(outlines), np.nan), is_diacritic_G)


def _fit(boxes_G4: NDArray[np.float64], ratio_G: NDArray[np.float64], is_diacritic_G: NDArray[np.bool_]) -> Placements:
    """Scale the longer side of every box to its target."""
    target_px_G = np.where(is_diacritic_G, DIACRITIC_PX, CANVAS_PX)
    major_G = _major(boxes_G4)
    scale_G = np.divide(target_px_G, major_G, out=np.zeros(len(major_G)), where=major_G > 0)
    return Placements(scale_G, boxes_G4, ratio_G, is_diacritic_G, target_px_G)


def draw_outlines(outlines: Outlines, placements: Placements) -> NDArray[np.uint8]:
    """(G, 128, 16) uint8 packed pictures, most significant bit leftmost."""
    left_top_G2 = placements.boxes_G4[:, [0, 3]]
    points_P2 = (outlines.points_P2 - outlines.per_point(left_top_G2)) * outlines.per_point(placements.scale_G)[:, None]
    points_P2[:, 1] += CANVAS_PX
    fixed = FixedOutlines(outlines, points_P2)
    packed_GHB = np.empty((len(outlines), CANVAS_PX, CANVAS_PX // 8), np.uint8)
    for start in range(0, len(outlines), BLOCK):
        block = slice(start, min(start + BLOCK, len(outlines)))
        packed_GHB[block] = pack_bits(fixed.coverage(CANVAS_PX, CANVAS_PX, block) >= INK_LEVEL)
    return packed_GHB


def _major(boxes_G4: NDArray[np.float64]) -> NDArray[np.float64]:
    """Longer side of each bounding box."""
    longer_G: NDArray[np.float64] = (boxes_G4[:, 2:] - boxes_G4[:, :2]).max(axis=1)
    return longer_G
