"""Word lists out of ICU's data file: a package of items, in which a dictionary is a trie of bytes.

Formats: ICU's source, ``common/ucmndata.h`` (package), ``common/dictionarydata.h`` (dictionary) and
``common/unicode/bytestrie.h`` (trie).
"""

import struct
from collections.abc import Iterator
from pathlib import Path

from glyphlens.core.errors import InputError

TRIE_OF_BYTES = 0  # in the lowest three bits of the dictionary's type
TRANSFORM_KIND, BY_OFFSET, OFFSET = 0x7F000000, 0x1000000, 0x1FFFFF
JOINERS = {0xFF: "\u200d", 0xFE: "\u200c"}  # lie outside the script's block
LINEAR_MATCH, VALUE = 0x10, 0x20  # lead bytes from which on a node is a run of bytes, a value; below: a branch
LONGEST_LINEAR_BRANCH = 5  # of more branches, half are chosen by one comparison


def dictionary_words(data_file: Path, name: str) -> list[str]:
    """The words of the dictionary ``name`` (``khmerdict``) in an ICU data file, in the order of their code points.

    Raises InputError where the file, the item or its format is not what is expected.
    """
    data = data_file.read_bytes()
    try:
        begin = _item(data, f"/brkitr/{name}.dict")
        if begin is None:
            raise InputError(f"{data_file}: no dictionary {name}")
        begin += struct.unpack_from("<H", data, begin)[0]
        trie_at, _, _, end, kind, transform, *_ = struct.unpack_from("<8i", data, begin)
        if kind & 7 != TRIE_OF_BYTES or transform & TRANSFORM_KIND != BY_OFFSET:
            raise InputError(f"{data_file}: {name} is of type {kind}, {transform:#x}; a trie of bytes is expected")
        first = transform & OFFSET
        words = _ByteTrie(data[begin + trie_at : begin + end]).strings()
        return ["".join(JOINERS.get(byte) or chr(first + byte) for byte in word) for word in words]
    except (IndexError, struct.error, ValueError) as error:
        raise InputError(f"{data_file}: not ICU's data ({error})") from error


def _item(data: bytes, ending: str) -> int | None:
    """Where the item of the package begins whose name ends so."""
    if data[12:16] != b"CmnD":
        raise ValueError("it does not begin as a package does")
    table = struct.unpack_from("<H", data)[0]
    for number in range(struct.unpack_from("<I", data, table)[0]):
        name_at, item_at = struct.unpack_from("<II", data, table + 4 + 8 * number)
        if data[table + name_at : data.index(b"\0", table + name_at)].endswith(ending.encode()):
            return int(table + item_at)
    return None


class _ByteTrie:
    """Strings in a trie: nodes that branch, that have a run of bytes, that end a string."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def strings(self) -> Iterator[bytes]:
        """All of them, sorted."""
        waiting = [(0, b"")]
        while waiting:
            at, prefix = waiting.pop()
            lead = self._data[at]
            if lead >= VALUE:
                yield prefix
                if not lead & 1:  # the value is not final: longer strings follow
                    waiting.append((self._value(at + 1, lead >> 1)[1], prefix))
            elif lead >= LINEAR_MATCH:
                end = at + 1 + lead - LINEAR_MATCH + 1
                waiting.append((end, prefix + self._data[at + 1 : end]))
            else:
                count, at = (self._data[at + 1], at + 2) if lead == 0 else (lead, at + 1)
                waiting += reversed(list(self._branches(at, count + 1, prefix)))

    def _branches(self, at: int, count: int, prefix: bytes) -> Iterator[tuple[int, bytes]]:
        """Places of the nodes behind a branch, with the strings up to them."""
        while count > LONGEST_LINEAR_BRANCH:
            delta, behind = self._delta(at + 1)
            yield from self._branches(behind + delta, count >> 1, prefix)
            at, count = behind, count - (count >> 1)
        for _ in range(count - 1):
            byte, lead = self._data[at : at + 2]
            value, behind = self._value(at + 2, lead >> 1)
            yield at + 1 if lead & 1 else behind + value, prefix + bytes([byte])
            at = behind
        yield at + 1, prefix + self._data[at : at + 1]

    def _value(self, at: int, lead: int) -> tuple[int, int]:
        """A value and where it ends; bounds of lead bytes from bytestrie.h."""
        for low, size in ((0x7F, 4), (0x7E, 3), (0x6C, 2), (0x51, 1)):
            if lead >= low:
                high = lead - low if low < 0x7E else 0
                return high << 8 * size | int.from_bytes(self._data[at : at + size], "big"), at + size
        return lead - 0x10, at

    def _delta(self, at: int) -> tuple[int, int]:
        """A distance to jump and where it ends."""
        lead = self._data[at]
        for low, size in ((0xFF, 4), (0xFE, 3), (0xF0, 2), (0xC0, 1)):
            if lead >= low:
                high = lead - low if low < 0xFE else 0
                return high << 8 * size | int.from_bytes(self._data[at + 1 : at + 1 + size], "big"), at + 1 + size
        return lead, at + 1
