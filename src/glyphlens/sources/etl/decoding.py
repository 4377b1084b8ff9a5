"""Records as numbers, texts and pixels, many at a time: no loop over records or pixels.

N records · B bytes · H×W pixels
"""

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from glyphlens.sources.etl.codes import T56
from glyphlens.sources.etl.records import CHARACTER_BITS, Field, RecordType

# Bytes of packed image unpacked at once: what is in between stays near the core, calls stay few (measured: 1 << 20).
BLOCK_BYTES = 1 << 20
# One 16-bit word holds the two pixels of a byte, the left one first in memory.
PIXEL_PAIR = np.dtype("<u2")
ALPHABETS: dict[str, NDArray[np.uint32]] = {
    "ascii": np.arange(256, dtype=np.uint32),  # Latin-1: a byte that is no ASCII stays visible
    "t56": np.array([ord(char) for char in T56], dtype=np.uint32),
}


def field_values(raw_NB: NDArray[np.uint8], field: Field) -> NDArray[Any]:
    """A field of all records: int64 numbers, or texts with what pads them stripped."""
    if field.kind == "number":
        return _number(raw_NB, field.bit, field.bits)
    step = CHARACTER_BITS[field.kind]
    codes = [_number(raw_NB, field.bit + start, step) for start in range(0, field.bits, step)]
    letters = np.ascontiguousarray(ALPHABETS[field.kind][np.stack(codes, axis=1)])
    return np.char.strip(letters.view(f"<U{len(codes)}")[:, 0])


def pixels(raw_NB: NDArray[np.uint8], record: RecordType, *, scaled: bool = False) -> NDArray[np.uint8]:
    """The images, uint8 (N, H, W), larger is more ink: 0..1, 0..15 or 0..63 as recorded, 0..255 where ``scaled``.

    Scaling repeats the bits of a value (4 bits: times 17; 6 bits: v << 2 | v >> 4), so nothing is rounded together.
    """
    packed_NB = raw_NB[:, record.image_byte : record.image_byte + record.image_bytes]
    flat_NP = np.empty((len(raw_NB), record.height_px * record.width_px), np.uint8)
    step = max(1, BLOCK_BYTES // record.image_bytes)
    unpack = {1: _unpack_1, 4: _unpack_4, 6: _unpack_6}[record.depth_bits]
    for start in range(0, len(raw_NB), step):
        unpack(packed_NB[start : start + step], flat_NP[start : start + step], scaled)
    return flat_NP.reshape(len(raw_NB), record.height_px, record.width_px)


def _number(raw_NB: NDArray[np.uint8], bit: int, bits: int) -> NDArray[np.int64]:
    first, last = bit // 8, (bit + bits - 1) // 8
    value = raw_NB[:, first].astype(np.int64)
    for byte in range(first + 1, last + 1):
        value = value << 8 | raw_NB[:, byte]
    return cast("NDArray[np.int64]", value >> (8 * (last + 1) - bit - bits) & ((1 << bits) - 1))


def _unpack_1(packed_NB: NDArray[np.uint8], out_NP: NDArray[np.uint8], scaled: bool) -> None:
    out_NP[:] = np.unpackbits(packed_NB, axis=1)
    if scaled:
        np.multiply(out_NP, 255, out=out_NP)


def _unpack_4(packed_NB: NDArray[np.uint8], out_NP: NDArray[np.uint8], scaled: bool) -> None:
    words = packed_NB.astype(PIXEL_PAIR)
    pairs = out_NP.view(PIXEL_PAIR)
    np.left_shift(words, 8, out=pairs)
    words >>= 4
    pairs |= words
    pairs &= 0x0F0F
    if scaled:
        pairs *= 17


def _unpack_6(packed_NB: NDArray[np.uint8], out_NP: NDArray[np.uint8], scaled: bool) -> None:
    first, second, third = (packed_NB[:, start::3] for start in range(3))
    out_NP[:, 0::4] = first >> 2
    out_NP[:, 1::4] = (first & 3) << 4 | second >> 4
    out_NP[:, 2::4] = (second & 15) << 2 | third >> 6
    out_NP[:, 3::4] = third & 63
    if scaled:
        out_NP[:] = out_NP << 2 | out_NP >> 4
