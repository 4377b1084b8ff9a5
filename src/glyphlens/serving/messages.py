"""What the server and its reading processes tell each other: a head in JSON and parts of any bytes, over a socket.

Nothing is unpickled: a reading process that was taken over by what it read could say nothing but wrong answers.
"""

import socket
import struct
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import orjson

LENGTHS = struct.Struct("<IQ")  # bytes of the head, and of all parts
SIZES = "sizes"  # the key of the head that says where parts end
AT_ONCE = 1 << 20


class Message(NamedTuple):
    """A head and its parts."""

    head: dict[str, Any]
    parts: list[bytes]


def packed(head: dict[str, Any], parts: Sequence[bytes] = ()) -> bytes:
    """The message as bytes.

    >>> Unpacker().feed(packed({"a": 1}, [b"x", b""]))
    [Message(head={'a': 1}, parts=[b'x', b''])]
    """
    text = orjson.dumps({**head, SIZES: [len(part) for part in parts]})
    return b"".join((LENGTHS.pack(len(text), sum(map(len, parts))), text, *parts))


class Unpacker:
    """Bytes as they arrive → messages as they are whole."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """The messages that end in these bytes."""
        self._buffer += data
        found = []
        while len(self._buffer) >= LENGTHS.size:
            head_bytes, part_bytes = LENGTHS.unpack_from(self._buffer)
            begin, end = LENGTHS.size + head_bytes, LENGTHS.size + head_bytes + part_bytes
            if len(self._buffer) < end:
                break
            head = orjson.loads(self._buffer[LENGTHS.size : begin])
            parts = []
            for size in head.pop(SIZES):
                parts.append(bytes(self._buffer[begin : begin + size]))
                begin += size
            del self._buffer[:end]
            found.append(Message(head, parts))
        return found


def arriving(connection: socket.socket) -> Iterator[Message]:
    """Messages of a blocking socket until its other end is closed."""
    unpacker = Unpacker()
    while data := connection.recv(AT_ONCE):
        yield from unpacker.feed(data)
