"""Font files of any kind → plain TrueType/OpenType bytes."""

import io
import struct
import zlib

import brotli  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont, TTLibError

from glyphlens.errors import InputError

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


class FontFileError(InputError):
    """Bytes that are no font that can be used; the message says why."""


def uncompressed(data: bytes) -> bytes:
    """The font as plain TrueType/OpenType bytes; woff and woff2 are unpacked, a collection is left as it is.

    Raises FontFileError where the bytes are no font or do not unpack.
    """
    signature = data[:4]
    if signature in (b"\x00\x01\x00\x00", b"true", b"OTTO", b"ttcf"):
        return data
    if signature not in (b"wOFF", b"wOF2"):
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


def _opening(data: bytes) -> str:
    return f"begins with {data[:4].hex(' ')}" if data else "is empty"
