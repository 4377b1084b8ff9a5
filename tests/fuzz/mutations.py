"""Real files → broken ones: bytes, numbers, pieces and words changed at random, the same for the same generator."""

from collections.abc import Sequence

import numpy as np

EDGES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
WORDS = (
    b"", b"0", b"-1", b"1e999", b"-1e400", b"nan", b"inf", b"null", b"true", b"9" * 40, b"9" * 5000, b"1e-400", b"0x10",
    b"2020-99-99", b"\xff\xfe", b"\x00", b"\xf0\x9f\x98\x80", b"\xed\xa0\x80", b"{}", b"[]", b'""', b"[" * 1100,
    b"{\"a\":" * 1100, b"&a [*a]", b"*a", b"!!python/name:os.system", b"<<: *a", b"? ", b"- ", b": ", b"\n", b"\r",
    b"\t", b"%s%n", b"../../etc/passwd", b"/dev/zero", b"A" * 4096, b"U+110000", b"\\ud800", b"<a>" * 1100, b"&x;",
)  # fmt: skip
SEPARATORS = b" \n\t,:;=<>()[]{}\"'/|&"
LARGEST = 1 << 20  # bytes of an input: a file of any length would only be slow


def mutated(data: bytes, others: Sequence[bytes], rng: np.random.Generator, *, is_text: bool = False) -> bytes:
    """The data with one to eight changes; half of the inputs keep their length, so that offsets in them still hold."""
    found = bytearray(data)
    keeps_length = not is_text and rng.random() < 0.5
    for _ in range(int(rng.choice([1, 1, 1, 2, 3, 8]))):
        if not found:
            break
        if keeps_length:
            _overwrite(found, rng)
        elif is_text and rng.random() < 0.7:
            _change_word(found, others, rng)
        else:
            _change_piece(found, others, rng)
    return bytes(found[:LARGEST])


def _overwrite(data: bytearray, rng: np.random.Generator) -> None:
    """A bit, a byte or a number in place."""
    place, kind = int(rng.integers(len(data))), rng.random()
    if kind < 0.3:
        data[place] ^= 1 << int(rng.integers(8))
    elif kind < 0.5:
        data[place] = int(rng.integers(256))
    elif kind < 0.6:
        length = min(int(rng.integers(1, 17)), len(data) - place)
        data[place : place + length] = rng.bytes(length)
    else:
        _change_number(data, place, rng)


def _change_number(data: bytearray, place: int, rng: np.random.Generator) -> None:
    """A whole number of 1, 2 or 4 bytes, often at an even place, becomes an extreme or a near one."""
    width = int(rng.choice([1, 2, 2, 4, 4]))
    place -= place % width if rng.random() < 0.7 else 0
    width = min(width, len(data) - place)
    order = "big" if rng.random() < 0.6 else "little"
    if rng.random() < 0.6:
        value = int(rng.choice(EDGES))
    else:
        value = int.from_bytes(data[place : place + width], order) + int(rng.integers(-17, 18))
    data[place : place + width] = (value % (1 << 8 * width)).to_bytes(width, order)


def _change_piece(data: bytearray, others: Sequence[bytes], rng: np.random.Generator) -> None:
    """A piece cut off, left out, repeated, moved, put in, or taken from another file; else a change in place."""
    begin, kind = int(rng.integers(len(data))), int(rng.integers(8))
    length = min(int(rng.geometric(1 / max(2, len(data) // int(rng.choice([4, 64]))))), len(data) - begin)
    piece = bytes(data[begin : begin + length])
    to = int(rng.integers(len(data)))
    if kind == 0:
        del data[begin:]
    elif kind == 1:
        del data[begin : begin + length]
    elif kind == 2:
        data[to:to] = piece * int(rng.choice([1, 2, 50]))
    elif kind == 3:
        data[to : to + length] = piece
    elif kind == 4:
        data[begin:begin] = rng.bytes(int(rng.integers(1, 33)))
    elif kind == 5:
        other = others[int(rng.integers(len(others)))]
        start = int(rng.integers(len(other) + 1))
        data[begin : begin + length] = other[start : start + length]
    else:
        _overwrite(data, rng)


def _change_word(data: bytearray, others: Sequence[bytes], rng: np.random.Generator) -> None:
    """A word, or what stands between two separators, replaced, repeated or swapped with another."""
    begin, end = _word(data, int(rng.integers(len(data))))
    kind = rng.random()
    if kind < 0.6:
        data[begin:end] = WORDS[int(rng.integers(len(WORDS)))]
    elif kind < 0.8:
        other = bytearray(others[int(rng.integers(len(others)))]) or data
        first, last = _word(other, int(rng.integers(len(other))))
        data[begin:end] = bytes(other[first:last])
    else:
        data[end:end] = bytes(data[begin : end + 1]) * int(rng.choice([1, 3, 200]))


def _word(data: bytearray, place: int) -> tuple[int, int]:
    begin, end = place, place
    while begin and data[begin - 1] not in SEPARATORS and place - begin < 40:
        begin -= 1
    while end < len(data) and data[end] not in SEPARATORS and end - place < 40:
        end += 1
    return begin, end
