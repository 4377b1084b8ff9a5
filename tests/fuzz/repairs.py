"""What a file holds packed is broken before it is packed: else most inputs would fail at a checksum."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

import brotli
import numpy as np

WOFF2_HEADER = 48
PNG_HEADER = 8


def with_png_sums(data: bytes) -> bytes:
    """The checksum of every chunk put right, as far as lengths lead to one."""
    found, place = bytearray(data), PNG_HEADER
    while place + 12 <= len(found):
        (length,) = struct.unpack_from(">I", found, place)
        end = place + 8 + length
        if end + 4 > len(found):
            break
        struct.pack_into(">I", found, end, zlib.crc32(found[place + 4 : end]))
        place = end + 4
    return bytes(found)


def png_unpacked(data: bytes) -> tuple[bytes, bytes, bytes]:
    """What stands before the pixels of a PNG with one IDAT, the filtered rows, and what follows."""
    at = data.index(b"IDAT")
    (length,) = struct.unpack_from(">I", data, at - 4)
    return data[: at - 4], zlib.decompress(data[at + 4 : at + 4 + length]), data[at + 8 + length :]


def png_packed(head: bytes, rows: bytes, tail: bytes) -> bytes:
    """The reverse."""
    body = zlib.compress(rows, 1)
    return head + struct.pack(">I", len(body)) + b"IDAT" + body + bytes(4) + tail


def woff2_tables(data: bytes) -> tuple[bytes, bytes]:
    """The head of a woff2 with its directory, and its tables unpacked; nothing follows them in ours."""
    (packed,) = struct.unpack_from(">I", data, 20)
    for begin in range(len(data) - packed - 3, len(data) - packed + 1):
        try:
            return data[:begin], brotli.decompress(data[begin : begin + packed])
        except brotli.error:
            continue
    raise ValueError("no stream of tables at the end of the file")


def woff2_packed(head: bytes, tables: bytes) -> bytes:
    """The reverse, with the length of what is packed put right."""
    packed = brotli.compress(tables, quality=1)
    found = bytearray(head + packed + bytes(-(len(head) + len(packed)) % 4))
    if len(head) >= WOFF2_HEADER:
        struct.pack_into(">I", found, 8, len(found))
        struct.pack_into(">I", found, 20, len(packed))
    return bytes(found)


def zipped(files: Mapping[str, bytes], rng: np.random.Generator) -> bytes:
    """An archive of files, packed or as they are."""
    buffer = io.BytesIO()
    kind = zipfile.ZIP_DEFLATED if rng.random() < 0.5 else zipfile.ZIP_STORED
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, kind)
    return buffer.getvalue()
