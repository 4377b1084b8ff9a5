"""Type 1 (pfa, pfb), bare CFF and dfont files → plain TrueType/OpenType bytes, whose glyph numbers are the font's own.

A CFF keeps its bytes and gets the tables around it that OpenType asks for. The outlines of a Type 1 font, as FreeType
reads them, become a CFF. The faces of a dfont become a collection. What comes out has an empty cmap.
"""

import io
import re
import struct
from typing import NamedTuple

import freetype
from fontTools import t1Lib
from fontTools.cffLib import CFFFontSet, TopDict
from fontTools.fontBuilder import FontBuilder
from fontTools.misc import eexec
from fontTools.misc.macRes import ResourceError, ResourceReader
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.ttLib import newTable
from fontTools.ttLib.tables.DefaultTable import DefaultTable

from glyphlens.imaging.font_bytes import SFNT_SIGNATURES, UNPACKING_ERRORS, FontFileError

PFB, PFA = b"\x80\x01", b"%!"
CFF_MAJOR, CFF_HEADER, DFONT = 1, 4, b"\x00\x00\x01\x00"
EEXEC_KEY, PADDING = 55_665, 4  # Adobe Type 1 Font Format, 7.2
SEGMENT_END = 3  # of a pfb, after those of text (1) and of binary data (2)
MAX_GLYPHS = 65_535


class _Glyph(NamedTuple):
    """A glyph's name, and the number by which FreeType knows it: of a CID-keyed CFF that is the CID."""

    name: str
    number: int


def is_postscript_font(data: bytes) -> bool:
    """Whether the bytes begin as a Type 1 font or a bare CFF."""
    is_cff = (
        len(data) > CFF_HEADER
        and data[0] == CFF_MAJOR
        and data[1] <= 1
        and 4 <= data[2] < 32
        and data[3] in (1, 2, 3, 4)
    )
    return data[:2] in (PFB, PFA) or is_cff


def is_mac_font(data: bytes) -> bool:
    """Whether the bytes begin as a Macintosh resource file whose data begin where those of a dfont do."""
    return data[:4] == DFONT


def opentype_bytes(data: bytes) -> bytes:
    """A Type 1 font, bare CFF or dfont as plain TrueType/OpenType bytes; raises FontFileError where that cannot be."""
    try:
        if is_mac_font(data):
            return _collection(_mac_faces(data))
        return _from_type1(data) if data[:2] in (PFB, PFA) else _from_cff(data)
    except (*UNPACKING_ERRORS, t1Lib.T1Error, ResourceError, RecursionError) as error:
        if isinstance(error, FontFileError):
            raise
        raise FontFileError(f"{_kind(data)} that cannot be read ({type(error).__name__}: {error})") from error


def _kind(data: bytes) -> str:
    return "dfont" if is_mac_font(data) else "Type 1 font" if data[:2] in (PFB, PFA) else "CFF font"


# ── CFF ──────────────────────────────────────────────────────────────────────────────────────
def read_cff(data: bytes) -> TopDict:
    """The top dictionary of a CFF's first font; raises FontFileError where its glyphs end beyond the bytes."""
    fonts = CFFFontSet()
    fonts.decompile(io.BytesIO(data), None)
    top = fonts[0]
    _require_whole(data, top.rawDict.get("CharStrings", 0))
    return top


def cids_of(top: TopDict) -> dict[int, int]:
    """{gid: CID} of a CID-keyed CFF; empty for one whose glyphs have names."""
    if not hasattr(top, "ROS"):
        return {}
    return {gid: int(name.removeprefix("cid")) if gid else 0 for gid, name in enumerate(top.charset)}


def _from_cff(data: bytes) -> bytes:
    top = read_cff(data)
    face = _opened(data)
    cids = cids_of(top)
    glyphs = [_Glyph(name, cids.get(gid, gid)) for gid, name in enumerate(top.charset)]
    table = DefaultTable("CFF ")
    table.data = data
    return _wrapped(face, glyphs, table)


def _require_whole(data: bytes, start: int) -> None:
    """Raise FontFileError where the INDEX of glyphs (Adobe Technical Note 5176, 5) ends beyond the bytes."""
    if not 0 < start <= len(data) - 3:
        raise FontFileError(f"the file is cut off: its glyphs begin at byte {start:,}, the file ends at {len(data):,}")
    count, size = struct.unpack_from(">HB", data, start)
    last = start + 3 + count * size
    offset = int.from_bytes(data[last : last + size], "big")
    end = last + size + offset - 1
    if count and (len(data) < last + size or end > len(data)):
        raise FontFileError(f"the file is cut off: its glyphs end at byte {end:,}, the file at {len(data):,}")


# ── Type 1 ───────────────────────────────────────────────────────────────────────────────────
def _private_part(data: bytes) -> bytes:
    """The decrypted part of a Type 1 font; raises FontFileError where a part is cut off."""
    plain = _without_segments(data) if data[:2] == PFB else data
    start = plain.find(b"eexec")
    if start < 0:
        raise FontFileError("Type 1 font without a private part (eexec); the file is cut off, or no font")
    secret = plain[start + len(b"eexec") :].lstrip(b" \t\r\n")
    if re.fullmatch(rb"[0-9A-Fa-f\s]{8}", secret[:8]):
        digits = re.sub(rb"[^0-9A-Fa-f]", b"", secret)
        secret = bytes.fromhex(digits[: len(digits) // 2 * 2].decode("ascii"))
    return bytes(eexec.decrypt(secret, EEXEC_KEY)[0][PADDING:])


def _from_type1(data: bytes) -> bytes:
    private = _private_part(data)
    face = _opened(data)
    declared = re.search(rb"/CharStrings\s+(\d+)", private)
    if declared is None or (face.num_glyphs < int(declared[1]) and b"closefile" not in private):
        count = f"{declared[1].decode()} glyphs" if declared else "glyphs"
        raise FontFileError(f"the file is cut off: it announces {count} and holds {face.num_glyphs if declared else 0}")
    names: dict[str, int] = {}
    for gid in range(face.num_glyphs):
        name = face.get_glyph_name(gid).decode("latin-1") or f"glyph{gid:05}"
        names[name if name not in names else f"{name}.{gid}"] = gid
    return _wrapped(face, [_Glyph(name, gid) for name, gid in names.items()], None)


def _without_segments(data: bytes) -> bytes:
    """The content of a pfb's segments (Adobe Technical Note 5040); raises FontFileError where one is cut off."""
    parts, place = [], 0
    while place + 6 <= len(data) and data[place] == PFB[0] and data[place + 1] != SEGMENT_END:
        (length,) = struct.unpack_from("<I", data, place + 2)
        place += 6
        if place + length > len(data):
            raise FontFileError(
                f"the file is cut off: its segment ends at byte {place + length:,}, the file at {len(data):,}"
            )
        parts.append(data[place : place + length])
        place += length
    return b"".join(parts)


# ── dfont ────────────────────────────────────────────────────────────────────────────────────
def _mac_faces(data: bytes) -> list[bytes]:
    reader = ResourceReader(io.BytesIO(data))
    faces = [resource.data for resource in reader.get("sfnt", [])]
    if not faces:
        kinds = ", ".join(sorted(reader)) or "nothing"
        raise FontFileError(f"dfont without a TrueType or OpenType face (it holds {kinds})")
    bad = next((face for face in faces if face[:4] not in SFNT_SIGNATURES), None)
    if bad is not None:
        raise FontFileError(f"dfont whose face begins with {bad[:4].hex(' ')}")
    return faces


def _collection(faces: list[bytes]) -> bytes:
    """Several faces one after the other in a collection; a single one as it is."""
    if len(faces) == 1:
        return faces[0]
    starts: list[int] = []
    place = 12 + 4 * len(faces)
    for face in faces:
        starts.append(place)
        place += len(face) + -len(face) % 4
    header = struct.pack(f">4sII{len(faces)}I", b"ttcf", 0x10000, len(faces), *starts)
    return header + b"".join(map(_moved, faces, starts))


def _moved(face: bytes, start: int) -> bytes:
    """A face whose tables are found from the beginning of a file in which it stands later."""
    moved = bytearray(face + bytes(-len(face) % 4))
    count = int.from_bytes(face[4:6], "big")
    for record in range(12, min(12 + 16 * count, len(face) - 15), 16):
        (offset,) = struct.unpack_from(">I", face, record + 8)
        struct.pack_into(">I", moved, record + 8, (offset + start) & 0xFFFFFFFF)
    return bytes(moved)


# ── the tables around the outlines ───────────────────────────────────────────────────────────
def _opened(data: bytes) -> freetype.Face:
    try:
        face = freetype.Face(io.BytesIO(data))
    except freetype.FT_Exception as error:
        raise FontFileError(f"FreeType cannot open the font ({error})") from error
    if not 0 < face.num_glyphs <= MAX_GLYPHS:
        raise FontFileError(f"{face.num_glyphs} glyphs; a font has 1 to {MAX_GLYPHS:,}")
    return face


def _wrapped(face: freetype.Face, glyphs: list[_Glyph], cff: DefaultTable | None) -> bytes:
    """OpenType with a CFF as it is, or with one of the face's outlines where there is none."""
    builder = FontBuilder(face.units_per_EM, isTTF=False)
    builder.font.recalcBBoxes = False
    builder.setupGlyphOrder([glyph.name for glyph in glyphs])
    builder.setupCharacterMap({})
    advances: dict[str, int] = {}
    drawings = {}
    for name, number in glyphs:
        pen = T2CharStringPen(None, None)
        advances[name] = _load(face, number, None if cff else pen)
        drawings[name] = pen.getCharString(optimize=False)
    if cff is None:
        builder.setupCFF("Font", {}, drawings, {})
    else:
        builder.font.sfntVersion = "OTTO"
        builder.font["CFF "] = cff
    builder.setupHorizontalMetrics({name: (advance, 0) for name, advance in advances.items()})
    builder.setupHorizontalHeader(ascent=face.ascender, descent=face.descender)
    builder.font["post"] = newTable("post")
    builder.setupPost(keepGlyphNames=False)
    stream = io.BytesIO()
    builder.save(stream)
    return stream.getvalue()


def _load(face: freetype.Face, number: int, pen: T2CharStringPen | None) -> int:
    """The advance of a glyph, whose outline goes to the pen; a glyph that FreeType refuses is blank."""
    try:
        face.load_glyph(number, freetype.FT_LOAD_NO_SCALE)
    except freetype.FT_Exception:
        return 0
    if pen is not None:
        _draw(face.glyph.outline, pen)
    return max(0, min(int(face.glyph.advance.x), 0xFFFF))


def _draw(outline: freetype.Outline, pen: T2CharStringPen) -> None:
    is_open = False

    def move(to: freetype.Vector, _: object) -> None:
        nonlocal is_open
        if is_open:
            pen.closePath()
        is_open = True
        pen.moveTo((to.x, to.y))

    outline.decompose(
        None,
        move_to=move,
        line_to=lambda to, _: pen.lineTo((to.x, to.y)),
        conic_to=lambda control, to, _: pen.qCurveTo((control.x, control.y), (to.x, to.y)),
        cubic_to=lambda one, two, to, _: pen.curveTo((one.x, one.y), (two.x, two.y), (to.x, to.y)),
    )
    if is_open:
        pen.closePath()
