"""The codebook: k-means centroids of binary cells, and the exact nearest one for every cell.

Centroids are multiples of 1/256. A score x·c − |c|²/2 of a binary cell is then a multiple of 2⁻¹⁷ below 64, which
float32 holds without rounding: the nearest centroid is exact and the same on every machine, BLAS and thread count.

D distinct cell words · K centroids · 64 pixels a cell
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_array, save_array
from glyphlens.tracks.arabic.primitives.cells import CELL_BITS, unpack_cells

CENTROID_LEVELS = 256
EMPTY_ID = 0
MAX_CENTROIDS = np.iinfo(np.uint16).max
CENTROIDS_FILE = "centroids.npy"
_CHUNK = 2048


def on_grid(centroids_K64: NDArray[Any]) -> NDArray[np.float32]:
    """Centroids rounded to the nearest multiple of 1/256, half to even."""
    rounded: NDArray[np.float32] = (np.rint(centroids_K64 * CENTROID_LEVELS) / CENTROID_LEVELS).astype(np.float32)
    return rounded


def cell_pixels(words_D: NDArray[np.uint64]) -> NDArray[np.float32]:
    """(D,) words → (D, 64) float32 of 0 and 1, row-major."""
    return unpack_cells(words_D).reshape(len(words_D), CELL_BITS).astype(np.float32)


def nearest(cells_D64: NDArray[np.float32], centroids_K64: NDArray[np.float32]) -> NDArray[np.int64]:
    """(D,) position of the centroid at the smallest squared distance, the first one where several share it."""
    half_norm_K = np.square(centroids_K64).sum(axis=1) / np.float32(2)
    weights_65K = np.vstack([centroids_K64.T, -half_norm_K])
    best_D = np.empty(len(cells_D64), np.int64)
    for start in range(0, len(cells_D64), _CHUNK):
        chunk = cells_D64[start : start + _CHUNK]
        scores = np.hstack([chunk, np.ones((len(chunk), 1), np.float32)]) @ weights_65K
        best_D[start : start + _CHUNK] = scores.argmax(axis=1)
    return best_D


@dataclass(frozen=True)
class Codebook:
    """Centroids of the primitives 1..K; primitive 0 is the empty cell."""

    centroids_K64: NDArray[np.float32]

    def __post_init__(self) -> None:
        _check_centroids(self.centroids_K64)

    def __len__(self) -> int:
        return len(self.centroids_K64)

    @classmethod
    def open(cls, folder: Path) -> "Codebook":
        """Read ``centroids.npy``; raises InputError where it is missing, broken or no codebook."""
        path = folder / CENTROIDS_FILE
        centroids = load_array(path)
        try:
            return cls(centroids)
        except InputError as error:
            raise InputError(f"{path}: {error}; run `dvc repro primitives` to rebuild it") from error

    def save(self, folder: Path) -> None:
        """Write ``centroids.npy``, float32 (K, 64)."""
        save_array(folder / CENTROIDS_FILE, self.centroids_K64)

    @cached_property
    def sha256(self) -> str:
        """Hexadecimal SHA-256 of the centroids as little-endian float32, row after row."""
        return hashlib.sha256(np.ascontiguousarray(self.centroids_K64, "<f4").tobytes()).hexdigest()

    @cached_property
    def prototypes_K(self) -> NDArray[np.uint64]:
        """(K,) the binary cell of every primitive: ink where the centroid is at least one half."""
        bits = np.packbits(self.centroids_K64 >= 0.5, axis=1)
        return bits.view(">u8")[:, 0].astype(np.uint64)

    def assign(self, words: NDArray[np.uint64]) -> NDArray[np.uint16]:
        """uint64 words of any shape → uint16 primitive ids of the same shape.

        0 for the empty cell, else 1 + the nearest centroid's position (the lowest id where several are equally near).
        Glyphs share few distinct cells, so the nearest centroid is sought once per distinct word.
        """
        if words.dtype != np.uint64:
            raise InputError(f"cell words: found {words.dtype}, expected uint64")
        flat = words.ravel()
        inked = np.flatnonzero(flat)
        inked_words = flat[inked]
        distinct_D = np.unique(inked_words)
        ids_D = (nearest(cell_pixels(distinct_D), self.centroids_K64) + 1).astype(np.uint16)
        ids = np.zeros(flat.shape, np.uint16)
        ids[inked] = ids_D[np.searchsorted(distinct_D, inked_words)]
        return ids.reshape(words.shape)


def _check_centroids(centroids: NDArray[Any]) -> None:
    if centroids.dtype != np.float32 or centroids.ndim != 2 or centroids.shape[1] != CELL_BITS:
        raise InputError(f"centroids: found {centroids.dtype} {centroids.shape}, expected float32 (K, {CELL_BITS})")
    if not 1 <= len(centroids) <= MAX_CENTROIDS:
        raise InputError(f"centroids: found {len(centroids)}, expected 1 to {MAX_CENTROIDS}")
    finite = np.isfinite(centroids).all(axis=1)
    if not finite.all():
        raise InputError(
            f"centroids: {int((~finite).sum())} are not finite, the first one is id {int(finite.argmin()) + 1}"
        )
    if centroids.min() < 0 or centroids.max() > 1:
        raise InputError(f"centroids: values from {centroids.min()} to {centroids.max()}, expected 0 to 1")
    if not np.array_equal(on_grid(centroids), centroids):
        raise InputError(
            f"centroids: not multiples of 1/{CENTROID_LEVELS} (see on_grid), so ties would depend on rounding"
        )
