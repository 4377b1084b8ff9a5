"""Font files of any kind → plain TrueType/OpenType bytes."""

import io
import struct
import zlib

import brotli  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont, TTLibError

from glyphlens.core.errors import InputError

# fontTools passes on whatever a broken table makes its readers stumble over
UNPACKING_ERRORS = (
    TTLibError,
    AssertionError,
    AttributeError,
    LookupError,
    ArithmeticError,
    TypeError,
    ValueError,
    OSError,
    EOFError,
    struct.error,
    zlib.error,
    brotli.error,
)


SFNT_SIGNATURES = (b"\x00\x01\x00\x00", b"true", b"OTTO", b"ttcf")
COMPRESSED_SIGNATURES = (b"wOFF", b"wOF2")
OUTLINES = (b"glyf", b"CFF ", b"CFF2")
NEEDED = (*OUTLINES, b"loca", b"head", b"maxp")  # FreeType passes over a table that ends beyond the file
BITMAPS = (b"EBDT", b"CBDT", b"sbix", b"bdat", b"SVG ")


class FontFileError(InputError):
    """Bytes that are no font that can be used; the message says why."""


def uncompressed(data: bytes) -> bytes:
    """The font as plain TrueType/OpenType bytes; woff and woff2 are unpacked, a collection is left as it is.

    Raises FontFileError where the bytes are no font or do not unpack.
    """
    signature = data[:4]
    if signature in SFNT_SIGNATURES:
        return data
    if signature not in COMPRESSED_SIGNATURES:
        raise FontFileError(f"no font (ttf, otf, woff, woff2, ttc): the file {_opening(data)}")
    try:
        font = TTFont(io.BytesIO(data), lazy=True)
        font.flavor = None
        unpacked = io.BytesIO()
        font.save(unpacked, reorderTables=None)
    except UNPACKING_ERRORS as error:
        raise FontFileError(f"{signature.decode()} that does not unpack ({type(error).__name__}: {error})") from error
    return unpacked.getvalue()


def face_count(data: bytes) -> int:
    """Number of faces in uncompressed font bytes; more than one in a collection only."""
    if data[:4] != b"ttcf":
        return 1
    if len(data) < 12:
        raise FontFileError("a collection that ends within its header")
    return int(struct.unpack_from(">I", data, 8)[0])


def cut_off(data: bytes) -> str:
    """Which table of uncompressed font bytes ends beyond them, of those without which no glyph is drawn; else empty."""
    for tag, end in _tables(data).items():
        if tag in NEEDED and end > len(data):
            return f"the file is cut off: its table {tag.decode()} ends at byte {end:,}, the file at {len(data):,}"
    return ""


def without_outlines(data: bytes) -> str:
    """What a font has instead of outlines; empty where it has a table for them."""
    tables = _tables(data)
    if any(tag in OUTLINES for tag in tables):
        return ""
    pictures = [tag.decode().strip() for tag in tables if tag in BITMAPS]
    return f"a bitmap font ({', '.join(pictures)}) without outlines" if pictures else "it has no table of outlines"


def _tables(data: bytes) -> dict[bytes, int]:
    """Tag → end in bytes of the tables that the directories of all faces list, as far as these are there."""
    offsets = [0]
    if data[:4] == b"ttcf":
        listed = data[12 : 12 + 4 * face_count(data)]
        offsets = [offset for (offset,) in struct.iter_unpack(">I", listed[: len(listed) // 4 * 4])]
    found: dict[bytes, int] = {}
    for offset in offsets:
        count = int.from_bytes(data[offset + 4 : offset + 6], "big")
        for start in range(offset + 12, min(offset + 12 + 16 * count, len(data) - 15), 16):
            tag, _, begin, length = struct.unpack_from(">4sIII", data, start)
            found[tag] = max(found.get(tag, 0), begin + length)
    return found


def _opening(data: bytes) -> str:
    return f"begins with {data[:4].hex(' ')}" if data else "is empty"
