"""One face of a font file: its metrics, its characters, shaped text, and outlines by glyph number.

HarfBuzz shapes, FreeType reads the outlines; both see the same uncompressed bytes. Everything is in font units, y up.

P points · C contours
"""

import io
import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import freetype
import numpy as np
import uharfbuzz as hb

from glyphlens.imaging.contours import Outline
from glyphlens.imaging.font_bytes import FontFileError as FontFileError
from glyphlens.imaging.font_bytes import face_count, uncompressed

SCRIPT, LANGUAGE, DIRECTION = "Arab", "ar", "rtl"
FAMILY_NAMES, STYLE_NAMES = (16, 1), (17, 2)  # name table: typographic before legacy
UPEM_LIMITS = (16, 16_384)  # OpenType, table head
MOST_KEPT_POINTS = 4_000_000  # 64 MiB; a small font can repeat an outline of 32,767 points in each of its glyphs
NO_POINTS = np.empty((0, 2))


class FontMetrics(NamedTuple):
    """The columns of glyphs.db's ``fonts`` table, in font units; a height that the font does not give is 0."""

    upem: int
    ascent: int
    descent: int
    typo_ascent: int
    typo_descent: int
    x_height: int
    cap_height: int
    line_gap: int


class Part(NamedTuple):
    """One glyph of shaped text: its number, its origin, its advance and the first character it came from."""

    gid: int
    x: int
    y: int
    advance: int
    cluster: int


EMPTY = Outline(NO_POINTS, np.empty(0, np.uint8), np.empty(0, np.int16))


class FontFace:
    """One face, opened for shaping and drawing; outlines are read once and kept."""

    def __init__(self, data: bytes, index: int = 0) -> None:
        """Open face ``index`` of uncompressed font bytes; raises FontFileError where that cannot be done."""
        try:
            self._freetype = freetype.Face(io.BytesIO(data), index)
        except freetype.FT_Exception as error:
            raise FontFileError(f"FreeType cannot open the font ({error})") from error
        self._face = hb.Face(hb.Blob(data), index)
        self._font = hb.Font(self._face)
        self.glyph_count = min(int(self._face.glyph_count), int(self._freetype.num_glyphs))
        if self.glyph_count == 0:
            raise FontFileError("the font has no glyphs")
        self.metrics = self._read_metrics()
        self._outlines: dict[int, Outline] = {}
        self._kept_points = 0

    def code_points(self) -> set[int]:
        """The characters that the font's cmap maps."""
        return set(self._face.unicodes)

    def table(self, tag: str) -> bytes:
        """A table's bytes, empty where the font lacks it."""
        blob = self._face.reference_table(tag)
        return bytes(blob.data) if blob else b""

    def name(self, name_ids: Sequence[int]) -> str:
        """The first of these entries of the name table that is there, English before others; else empty."""
        entries = {(entry.name_id, entry.language or ""): "" for entry in self._face.list_names()}
        for name_id in name_ids:
            languages = sorted((language for number, language in entries if number == name_id), key=_english_first)
            for language in languages:
                text = self._face.get_name(name_id, language)
                if text and text.strip():
                    return str(text.strip())
        return ""

    @property
    def weight(self) -> int:
        """OS/2 usWeightClass, 0 where the font lacks it."""
        return _number(self.table("OS/2"), 4, "H")

    def shape(self, code_points: Sequence[int]) -> tuple[Part, ...]:
        """Shape as Arabic text of its own, joiners removed; parts stand in visual order, left to right."""
        buffer = hb.Buffer()
        buffer.add_codepoints(list(code_points))
        buffer.script, buffer.language, buffer.direction = SCRIPT, LANGUAGE, DIRECTION
        buffer.flags = hb.BufferFlags.REMOVE_DEFAULT_IGNORABLES | hb.BufferFlags.DO_NOT_INSERT_DOTTED_CIRCLE
        buffer.cluster_level = hb.BufferClusterLevel.MONOTONE_CHARACTERS
        hb.shape(self._font, buffer)
        parts, pen_x, pen_y = [], 0, 0
        for info, position in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
            origin = pen_x + position.x_offset, pen_y + position.y_offset
            parts.append(Part(info.codepoint, *origin, position.x_advance, info.cluster))
            pen_x, pen_y = pen_x + position.x_advance, pen_y + position.y_advance
        return tuple(parts)

    def glyph(self, code_point: int) -> int:
        """Glyph number that the cmap gives, 0 where it gives none."""
        return int(self._font.get_nominal_glyph(code_point) or 0)

    def glyph_name(self, gid: int) -> str:
        """The name that the font gives a glyph, bytes that are no UTF-8 as PEP 383 holds them; empty where none."""
        if not self._freetype.has_glyph_names:
            return ""
        try:
            name: bytes = self._freetype.get_glyph_name(gid)
        except freetype.FT_Exception:  # of a number beyond the names
            return ""
        return name.decode("utf-8", "surrogateescape")

    def advance(self, gid: int) -> int:
        """Horizontal advance of a glyph."""
        return int(self._font.get_glyph_h_advance(gid))

    def outline(self, gid: int) -> Outline:
        """A glyph's contours; empty where it has none. Raises FontFileError for a glyph that FreeType refuses."""
        outline = self._outlines.get(gid)
        if outline is None:
            outline = self._read_outline(gid)
            self._kept_points += len(outline.tags_P)
            if self._kept_points > MOST_KEPT_POINTS:
                self._outlines.clear()
                self._kept_points = len(outline.tags_P)
            self._outlines[gid] = outline
        return outline

    def merged(self, parts: Sequence[Part]) -> Outline:
        """The outlines of positioned parts as one."""
        if len(parts) == 1:
            points_P2, tags_P, ends_C = self.outline(parts[0].gid)
            origin = parts[0].x, parts[0].y
            return Outline(points_P2 + origin if any(origin) else points_P2, tags_P, ends_C)
        outlines = [self.outline(part.gid) for part in parts]
        starts = np.cumsum([0, *(len(outline.tags_P) for outline in outlines)])
        if starts[-1] > np.iinfo(np.int16).max:
            raise FontFileError(
                f"glyphs {[part.gid for part in parts]} have {starts[-1]} points, FreeType draws 32,767"
            )
        return Outline(
            np.concatenate(
                [outline.points_P2 + np.array([part.x, part.y]) for outline, part in zip(outlines, parts, strict=True)]
            ),
            np.concatenate([outline.tags_P for outline in outlines]),
            np.concatenate(
                [outline.ends_C + np.int16(start) for outline, start in zip(outlines, starts, strict=False)]
            ),
        )

    def _read_outline(self, gid: int) -> Outline:
        """FreeType's own arrays, copied before the next glyph overwrites them."""
        try:
            self._freetype.load_glyph(gid, freetype.FT_LOAD_NO_SCALE)
        except freetype.FT_Exception as error:
            raise FontFileError(f"glyph {gid} cannot be read ({error})") from error
        slot = self._freetype._FT_Face.contents.glyph.contents
        outline = slot.outline
        if slot.format != freetype.FT_GLYPH_FORMAT_OUTLINE or outline.n_contours <= 0:
            return EMPTY
        count = outline.n_points
        points_P2 = np.ctypeslib.as_array(
            freetype.cast(outline.points, freetype.POINTER(freetype.FT_Pos)), (count, 2)
        ).astype(np.float64)
        tags_P = np.frombuffer(freetype.string_at(outline.tags, count), np.uint8) & np.uint8(3)
        ends_C = np.ctypeslib.as_array(outline.contours, (outline.n_contours,)).astype(np.int16)
        return _closed(Outline(points_P2, tags_P, ends_C))

    def _read_metrics(self) -> FontMetrics:
        hhea, os2 = self.table("hhea"), self.table("OS/2")
        upem = int(self._face.upem)
        if not UPEM_LIMITS[0] <= upem <= UPEM_LIMITS[1]:
            raise FontFileError(f"{upem} units per em, OpenType allows {UPEM_LIMITS[0]} to {UPEM_LIMITS[1]}")
        has_heights = _number(os2, 0, "H") >= 2
        return FontMetrics(
            upem=upem,
            ascent=_number(hhea, 4),
            descent=_number(hhea, 6),
            typo_ascent=_number(os2, 68),
            typo_descent=_number(os2, 70),
            x_height=_number(os2, 86) if has_heights else 0,
            cap_height=_number(os2, 88) if has_heights else 0,
            line_gap=_number(hhea, 8),
        )


def open_faces(data: bytes) -> Iterable[FontFace]:
    """The faces of a font file of any kind, one after the other; raises FontFileError."""
    plain = uncompressed(data)
    return (FontFace(plain, index) for index in range(face_count(plain)))


def _closed(outline: Outline) -> Outline:
    """Without contours of a single point, which enclose nothing (anchors of old fonts)."""
    lengths = np.diff(outline.ends_C, prepend=np.int16(-1))
    if (lengths >= 2).all():
        return outline
    kept = lengths >= 2
    if not kept.any():
        return EMPTY
    points_kept = np.repeat(kept, np.maximum(lengths, 0))
    ends_C = (np.cumsum(lengths[kept]) - 1).astype(np.int16)
    return Outline(
        outline.points_P2[: len(points_kept)][points_kept], outline.tags_P[: len(points_kept)][points_kept], ends_C
    )


def _number(table: bytes, offset: int, kind: str = "h") -> int:
    """A 16-bit number of a table, 0 beyond its end."""
    return int(struct.unpack_from(f">{kind}", table, offset)[0]) if len(table) >= offset + 2 else 0


def _english_first(language: str) -> tuple[bool, str]:
    return not language.startswith("en"), language
