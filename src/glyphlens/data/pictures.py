"""Pictures of one size → one array on disk, in chunks, so that memory does not grow with their number.

n rows · P×P pixels
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.storage import writing

CHUNK = 4096
HASH_DIGITS = 16


class PictureRows(Protocol):
    """Pictures of which consecutive rows can be had: an array, or a file read in slices."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice, /) -> NDArray[np.uint8]: ...


def save_pictures(path: Path, parts: Sequence[tuple[PictureRows, NDArray[np.int64]]], image_px: int) -> list[str]:
    """One .npy array of the ascending rows of each part, part after part; returns the hash of every picture."""
    header = {"descr": "|u1", "fortran_order": False, "shape": (sum(len(rows) for _, rows in parts), *[image_px] * 2)}
    hashes = []
    with writing(path) as partial, partial.open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, header)
        for pictures, rows_n in parts:
            for chunk_nPP in _chunks(pictures, rows_n):
                stream.write(chunk_nPP.tobytes())
                hashes += [hashlib.sha256(picture_PP).hexdigest()[:HASH_DIGITS] for picture_PP in chunk_nPP]
    return hashes


def _chunks(pictures: PictureRows, rows_n: NDArray[np.int64]) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, len(pictures), CHUNK):
        wanted = rows_n[np.searchsorted(rows_n, start) : np.searchsorted(rows_n, start + CHUNK)]
        yield pictures[start : start + CHUNK][wanted - start]
