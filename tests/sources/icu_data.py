"""ICU's data file, forged: a package with one dictionary, whose words are a trie of bytes."""

import struct
from collections.abc import Sequence

FIRST = 0x1780
BRANCHES = 5  # of a branch that is gone through one by one


def icu_file(words: Sequence[str], name: str = "khmerdict", kind: int = 0, transform: int = 0x1000000 | FIRST) -> bytes:
    """The bytes of a data file with a dictionary of these words."""
    encoded = sorted(bytes({0x200D: 0xFF, 0x200C: 0xFE}.get(ord(c), ord(c) - FIRST) for c in word) for word in words)
    trie = node(encoded)
    header = struct.pack("<H2x4x4s12x", 24, b"Dict")
    item = header + struct.pack("<8i", 32, 0, 0, 32 + len(trie), kind, transform, 0, 0) + trie
    names = f"icudt/brkitr/other.dict\0icudt/brkitr/{name}.dict\0".encode()
    second = names.index(b"\0") + 1
    start = 4 + 2 * 8 + len(names)
    table = struct.pack("<IIIII", 2, 20, start, 20 + second, start) + names
    return struct.pack("<H2x4x4x4s8x", 24, b"CmnD")[:24] + table + item


def node(words: Sequence[bytes]) -> bytes:
    """The node from which sorted words go on."""
    if words[0] == b"":
        return bytes([0x21]) if len(words) == 1 else bytes([0x20]) + node(words[1:])
    heads = sorted({word[0] for word in words})
    if len(heads) > 1:
        count = len(heads) - 1
        lead = bytes([count]) if count < 0x10 else bytes([0, count])
        return lead + branches({head: [word[1:] for word in words if word[0] == head] for head in heads})
    run = next(
        length
        for length in range(16, 0, -1)
        if len(words[0]) >= length and all(w[:length] == words[0][:length] for w in words)
    )
    return bytes([0x10 + run - 1]) + words[0][:run] + node([word[run:] for word in words])


def branches(rests: dict[int, list[bytes]]) -> bytes:
    """What follows each byte: by one comparison where there are many, else one after the other."""
    heads = list(rests)
    if len(heads) > BRANCHES:
        half = len(heads) // 2
        low, high = ({head: rests[head] for head in part} for part in (heads[:half], heads[half:]))
        behind = branches(high)
        return bytes([heads[half]]) + delta(len(behind)) + behind + branches(low)
    nodes = [node(rests[head]) for head in heads]
    out = bytes([heads[-1]]) + nodes[-1]
    for head, content in zip(heads[-2::-1], nodes[-2::-1], strict=True):
        ends_here = content == b"\x21"
        out = bytes([head, 0x21]) + out if ends_here else bytes([head]) + value(len(out)) + out + content
    return out


def value(number: int) -> bytes:
    """A value that is not final."""
    if number <= 0x40:
        return bytes([(0x10 + number) << 1])
    if number <= 0x1AFF:
        return bytes([(0x51 + (number >> 8)) << 1, number & 0xFF])
    return bytes([(0x6C + (number >> 16)) << 1, number >> 8 & 0xFF, number & 0xFF])


def delta(number: int) -> bytes:
    """A distance to jump."""
    if number < 0xC0:
        return bytes([number])
    if number < 0x3000:
        return bytes([0xC0 + (number >> 8), number & 0xFF])
    return bytes([0xF0 + (number >> 16), number >> 8 & 0xFF, number & 0xFF])
