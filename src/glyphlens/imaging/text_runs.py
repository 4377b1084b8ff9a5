"""Text set in one face: shaped by HarfBuzz, its glyphs' outlines end to end; coordinates in em, y up.

G glyphs · P points · C contours
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np
import uharfbuzz as hb
from numpy.typing import NDArray

from glyphlens.imaging.contours import Outline
from glyphlens.imaging.deform import Deformations, deform
from glyphlens.imaging.freetype_outlines import FixedOutlines
from glyphlens.imaging.outlines import Outlines, join_outlines
from glyphlens.imaging.shaping import FontFace

DOTTED_CIRCLE = 0x25CC
BLOCK_POINTS = 200  # of the glyphs that are drawn together


class GlyphRun(NamedTuple):
    """Shaped text: glyph numbers, their origins in em, the place in the text of the character each begins with."""

    gids_G: NDArray[np.int64]
    origins_G2: NDArray[np.float64]
    characters_G: NDArray[np.int64]
    advance: float


class TextFace:
    """A face that sets left-to-right text."""

    def __init__(self, data: bytes) -> None:
        """Open the first face of uncompressed font bytes; raises FontFileError where that cannot be done."""
        self._face = FontFace(data)
        self._font = hb.Font(hb.Face(hb.Blob(data)))
        self.upem = self._face.metrics.upem
        self.characters = frozenset(self._face.code_points())
        self._circle = self._face.glyph(DOTTED_CIRCLE)

    def shape(self, text: str, script: str, language: str) -> GlyphRun:
        """The run of a text; ``script`` is ISO 15924, ``language`` BCP 47."""
        buffer = hb.Buffer()
        buffer.add_str(text)
        buffer.script, buffer.language, buffer.direction = script, language, "ltr"
        buffer.flags = hb.BufferFlags.REMOVE_DEFAULT_IGNORABLES
        buffer.cluster_level = hb.BufferClusterLevel.MONOTONE_CHARACTERS
        hb.shape(self._font, buffer)
        infos, positions = buffer.glyph_infos, buffer.glyph_positions
        gids_G = np.array([info.codepoint for info in infos], np.int64)
        characters_G = np.array([info.cluster for info in infos], np.int64)
        moves_G4 = np.array([place.position for place in positions], np.float64).reshape(-1, 4) / self.upem
        pens_G2 = np.cumsum(moves_G4[:, 2:], axis=0)
        origins_G2 = pens_G2 - moves_G4[:, 2:] + moves_G4[:, :2]
        return GlyphRun(gids_G, origins_G2, characters_G, float(pens_G2[-1, 0]) if len(pens_G2) else 0.0)

    def fault(self, run: GlyphRun, text: str) -> str:
        """Why the run does not show the text; empty where it does."""
        if (run.gids_G == 0).any():
            at = int(run.characters_G[run.gids_G == 0][0])
            return f"has no glyph for U+{ord(text[at]):04X}"
        if self._circle and chr(DOTTED_CIRCLE) not in text and (run.gids_G == self._circle).any():
            return "puts a dotted circle below a mark"
        return ""

    def outline(self, gid: int) -> Outline:
        """A glyph's contours in font units."""
        return self._face.outline(gid)


class SetGlyphs(NamedTuple):
    """Glyphs of any faces side by side: points in em, and how many points and contours each glyph has."""

    points_P2: NDArray[np.float64]
    tags_P: NDArray[np.uint8]
    lengths_C: NDArray[np.int64]
    points_G: NDArray[np.int64]
    contours_G: NDArray[np.int64]

    def moved(self, shifts_G: NDArray[np.float64]) -> "SetGlyphs":
        """Each glyph that far to the right."""
        points_P2 = self.points_P2.copy()
        points_P2[:, 0] += np.repeat(shifts_G, self.points_G)
        return self._replace(points_P2=points_P2)

    def some(self, kept_G: NDArray[np.bool_]) -> "SetGlyphs":
        """Only these glyphs."""
        kept_P, kept_C = np.repeat(kept_G, self.points_G), np.repeat(kept_G, self.contours_G)
        return SetGlyphs(
            self.points_P2[kept_P],
            self.tags_P[kept_P],
            self.lengths_C[kept_C],
            self.points_G[kept_G],
            self.contours_G[kept_G],
        )


def set_glyphs(face: TextFace, run: GlyphRun, scale: float = 1.0, deformation: Deformations | None = None) -> SetGlyphs:
    """The outlines of a run where its glyphs stand; ``deformation``, of one row, makes all of them another face's."""
    outlines = [face.outline(gid) for gid in run.gids_G.tolist()]
    if deformation is not None and outlines:
        outlines = _deformed(outlines, run.gids_G, deformation, face.upem)
    points_G = np.array([len(outline.tags_P) for outline in outlines], np.int64)
    points_P2 = np.concatenate([np.empty((0, 2)), *(outline.points_P2 for outline in outlines)]) * (scale / face.upem)
    points_P2 += np.repeat(run.origins_G2 * scale, points_G, axis=0)
    ends_C = np.concatenate([np.empty(0, np.int16), *(outline.ends_C for outline in outlines)]).astype(np.int64)
    contours_G = np.array([len(outline.ends_C) for outline in outlines], np.int64)
    lengths_C = np.diff(ends_C, prepend=-1)
    first_C = np.cumsum(contours_G)[:-1]
    first_C = first_C[(first_C < len(ends_C)) & (contours_G[1:] > 0)] if len(contours_G) else first_C
    lengths_C[first_C] = ends_C[first_C] + 1
    tags_P = np.concatenate([np.empty(0, np.uint8), *(outline.tags_P for outline in outlines)])
    return SetGlyphs(points_P2, tags_P, lengths_C, points_G, contours_G)


def _deformed(
    outlines: Sequence[Outline], gids_G: NDArray[np.int64], deformation: Deformations, upem: int
) -> list[Outline]:
    """Every glyph changed as if it stood at the origin, so that it looks the same wherever it stands."""
    _, first_U, which_G = np.unique(gids_G, return_index=True, return_inverse=True)
    distinct = join_outlines([outlines[first] for first in first_U])
    rows = Deformations(*(np.repeat(column, len(distinct), axis=0) for column in deformation))
    changed = deform(distinct, rows, np.full(len(distinct), float(upem)))
    return [changed.glyph(which) for which in which_G.tolist()]


def side_by_side(parts: Sequence[SetGlyphs]) -> SetGlyphs:
    """The glyphs of all parts, in their order."""
    return SetGlyphs(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def coverage(glyphs: SetGlyphs, height_px: int, width_px: int, bold_px: float = 0.0) -> NDArray[np.uint8]:
    """(H, W) uint8 of glyphs whose points are in pixels from the lower left corner; 255 = all of a pixel is covered.

    ``bold_px``: drawn once more so far to the right, as systems make the bold face that a font lacks.
    """
    picture_HW = np.zeros((height_px, width_px), np.uint8)
    for move_px in (0.0, bold_px) if bold_px else (0.0,):
        for left, part_HW in _drawn_blocks(glyphs, height_px, move_px):
            begin, end = max(0, left), min(width_px, left + part_HW.shape[1])
            if begin < end:
                target_HW, source_HW = picture_HW[:, begin:end], part_HW[:, begin - left : end - left]
                # neighbours that touch cover the pixel between them together, the two strokes of bold cover it twice
                target_HW[:] = np.maximum(target_HW, source_HW) if move_px else cv2.add(target_HW, source_HW)
    return picture_HW


def _drawn_blocks(glyphs: SetGlyphs, height_px: int, move_px: float) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Left edge and coverage of each block of neighbouring glyphs.

    FreeType goes through an outline again for every band of a wide picture, so that one outline of a whole line would
    take several times as long.
    """
    drawn = glyphs.some(glyphs.points_G > 0)
    if not len(drawn.points_G):
        return
    starts_G = np.cumsum(drawn.points_G) - drawn.points_G
    first_B = np.flatnonzero(np.diff(starts_G // BLOCK_POINTS, prepend=-1))
    points_B1 = np.append(starts_G[first_B], len(drawn.points_P2))
    contours_B1 = np.append((np.cumsum(drawn.contours_G) - drawn.contours_G)[first_B], len(drawn.lengths_C))
    before_C = np.repeat(points_B1[:-1], np.diff(contours_B1))
    ends_C = (np.cumsum(drawn.lengths_C) - before_C - 1).astype(np.int16)
    across_P = drawn.points_P2[:, 0] + move_px
    left_B = np.floor(np.minimum.reduceat(across_P, points_B1[:-1])).astype(np.int64)
    widths_B = np.ceil(np.maximum.reduceat(across_P, points_B1[:-1])).astype(np.int64) - left_B
    local_P2 = np.column_stack([across_P - np.repeat(left_B, np.diff(points_B1)), drawn.points_P2[:, 1]])
    fixed = FixedOutlines(Outlines(local_P2, drawn.tags_P, ends_C, points_B1, contours_B1))
    parts_BHW = fixed.coverage(height_px, max(1, int(widths_B.max())), slice(0, len(left_B)))
    for left, width, part_HW in zip(left_B.tolist(), widths_B.tolist(), parts_BHW, strict=True):
        yield left, part_HW[:, :width]
