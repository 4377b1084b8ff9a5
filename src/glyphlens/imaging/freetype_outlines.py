"""FreeType's bounding boxes, coverage pictures and emboldening for many outlines, without a font.

The C structures FT_Outline and FT_Bitmap of all glyphs are filled as numpy records, so that a glyph costs one plain
call. FreeType's smooth rasteriser computes the exact area of each pixel that is covered, filling non-zero
(freetype.org, reference of FT_Outline_Get_Bitmap). The calls keep the interpreter's lock: one FT_Library serves all
threads.

G glyphs · P points · coordinates in 64ths (26.6), y up
"""

import ctypes
from typing import Any

import freetype
import freetype.raw as ft
import numpy as np
from numpy.typing import NDArray

from glyphlens.imaging.outlines import Outlines

STEPS = 64  # FreeType's 26.6 fixed point
POSITION = np.dtype(ctypes.c_long)  # FT_Pos
OUTLINE = np.dtype(
    [
        ("n_contours", np.int16),
        ("n_points", np.int16),
        ("points", np.uintp),
        ("tags", np.uintp),
        ("contours", np.uintp),
        ("flags", np.intc),
    ],
    align=True,
)
BITMAP = np.dtype(
    [
        ("rows", np.intc),
        ("width", np.intc),
        ("pitch", np.intc),
        ("buffer", np.uintp),
        ("num_grays", np.int16),
        ("pixel_mode", np.uint8),
        ("palette_mode", np.uint8),
        ("palette", np.uintp),
    ],
    align=True,
)
GREY_LEVELS = 256


def _function(name: str, *arguments: Any) -> Any:
    """A FreeType function that takes plain addresses."""
    address = ctypes.cast(getattr(ft, name), ctypes.c_void_p).value
    if address is None:
        raise ImportError(f"the FreeType library of freetype-py has no {name}")
    return ctypes.PYFUNCTYPE(ctypes.c_int, *arguments)(address)


_get_bbox = _function("FT_Outline_Get_BBox", ctypes.c_void_p, ctypes.c_void_p)
_get_bitmap = _function("FT_Outline_Get_Bitmap", ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
_embolden = _function("FT_Outline_EmboldenXY", ctypes.c_void_p, ctypes.c_long, ctypes.c_long)


class FixedOutlines:
    """G outlines as FreeType sees them. ``points_P2`` (26.6) may be changed in place."""

    def __init__(self, outlines: Outlines, points_P2: NDArray[np.float64] | None = None) -> None:
        """``points_P2``: other coordinates than the outlines' own, in the unit of one pixel."""
        source = outlines.points_P2 if points_P2 is None else points_P2
        self.outlines = outlines
        self.points_P2 = np.ascontiguousarray(np.rint(source * STEPS).astype(POSITION))
        self._tags_P = np.ascontiguousarray(outlines.tags_P)
        self._ends_C = np.ascontiguousarray(outlines.ends_C)
        starts, contours = outlines.point_starts_G1, outlines.contour_starts_G1
        self._records_G = np.zeros(len(outlines), OUTLINE)
        self._records_G["n_points"] = np.diff(starts)
        self._records_G["n_contours"] = np.diff(contours)
        self._records_G["points"] = _addresses(self.points_P2, starts[:-1])
        self._records_G["tags"] = _addresses(self._tags_P, starts[:-1])
        self._records_G["contours"] = _addresses(self._ends_C, contours[:-1])

    def __len__(self) -> int:
        return len(self._records_G)

    def bounding_boxes(self) -> NDArray[np.float64]:
        """(G, 4) float64 exact min_x, min_y, max_x, max_y of the curves, in points' units; zeros without an outline."""
        boxes_G4 = np.zeros((len(self), 4), POSITION)
        for record, box in zip(self._each(), _each_address(boxes_G4), strict=True):
            _get_bbox(record, box)
        return boxes_G4 / STEPS

    def coverage(self, height_px: int, width_px: int, block: slice) -> NDArray[np.uint8]:
        """(g, H, W) uint8 of a block of glyphs, 255 = the whole pixel is covered; the origin is the lower left corner.

        Row 0 is the highest.
        """
        records = self._each()[block]
        grey_GHW = np.zeros((len(records), height_px, width_px), np.uint8)
        bitmaps_G = np.zeros(len(records), BITMAP)
        bitmaps_G["rows"], bitmaps_G["width"], bitmaps_G["pitch"] = height_px, width_px, width_px
        bitmaps_G["num_grays"], bitmaps_G["pixel_mode"] = GREY_LEVELS, ft.FT_PIXEL_MODE_GRAY
        bitmaps_G["buffer"] = _addresses(grey_GHW, np.arange(len(records)))
        library = ctypes.cast(freetype.get_handle(), ctypes.c_void_p).value
        for record, bitmap in zip(records, _each_address(bitmaps_G), strict=True):
            _get_bitmap(library, record, bitmap)
        return grey_GHW

    def embolden(self, strengths_G: NDArray[np.float64]) -> None:
        """Move each outline's edges outwards (negative: inwards) by half its strength, in points' units.

        FreeType keeps the left and lower edges in place and grows to the right and upwards; here both sides move.
        """
        steps_G = np.rint(strengths_G * STEPS).astype(POSITION)
        for record, strength in zip(self._each(), steps_G.tolist(), strict=True):
            _embolden(record, strength, strength)
        self.points_P2 -= np.repeat(steps_G // 2, self.outlines.point_counts_G)[:, None]

    def _each(self) -> range:
        return _each_address(self._records_G)


def _addresses(array: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[np.uintp]:
    """Memory addresses of rows of an array."""
    return (array.ctypes.data + rows * array.strides[0]).astype(np.uintp)


def _each_address(array: NDArray[Any]) -> range:
    begin, step = array.ctypes.data, array.strides[0]
    return range(begin, begin + step * len(array), step)
