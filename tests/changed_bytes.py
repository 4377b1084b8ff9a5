"""Damaged files: one byte of a good one after the other is turned over."""

from collections.abc import Iterator
from pathlib import Path


def with_changed_bytes(path: Path, step: int = 1) -> Iterator[int]:
    """Yield the place of every ``step``-th byte while the file holds its opposite; the good file is put back."""
    content = path.read_bytes()
    for place in range(0, len(content), step):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        yield place
    path.write_bytes(content)
