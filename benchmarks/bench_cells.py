"""Assignment of every cell to its nearest primitive, against a loop over the cells and a chunked matrix product."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.ratio import Ratio, timed
from glyphlens.core.storage import load_array
from glyphlens.tracks.arabic.primitives.cells import pack_cells, unpack_cells
from glyphlens.tracks.arabic.primitives.codebook import Codebook

RASTERS = Path("data/arabic/rasters/pixels.npy")
PRIMITIVES = Path("data/arabic/primitives")
GLYPHS = 50_000
LOOP_CELLS = 20_000
PRODUCT_CELLS = 1_000_000
CHUNK = 8192


def one_by_one(cells_N64: NDArray[np.float32], centroids_K64: NDArray[np.float32]) -> NDArray[np.int64]:
    """The straightforward assignment (docs/SPEC.md#primitives): one cell, one subtraction from all, one argmin."""
    ids = np.zeros(len(cells_N64), np.int64)
    for number, cell in enumerate(cells_N64):
        if cell.sum() != 0:
            ids[number] = np.argmin(((centroids_K64 - cell) ** 2).sum(axis=1)) + 1
    return ids


def by_product(cells_N64: NDArray[np.float32], centroids_K64: NDArray[np.float32]) -> NDArray[np.int64]:
    """All cells times all centroids, a chunk at a time."""
    half_norms_K = np.square(centroids_K64).sum(axis=1) / 2
    ids = np.empty(len(cells_N64), np.int64)
    for start in range(0, len(cells_N64), CHUNK):
        cells = cells_N64[start : start + CHUNK]
        best = (cells @ centroids_K64.T - half_norms_K).argmax(axis=1) + 1
        ids[start : start + CHUNK] = np.where(cells.any(axis=1), best, 0)
    return ids


def measure() -> list[Ratio]:
    """Both plain ways run on the first cells of a fixed shuffle; their time is scaled to all cells."""
    codebook = Codebook.open(PRIMITIVES)
    pixels = load_array(RASTERS, mmap=True)
    glyphs = np.sort(np.random.default_rng(0).permutation(len(pixels))[:GLYPHS])
    words = np.random.default_rng(1).permutation(pack_cells(pixels[glyphs]).ravel())
    fast_s, ids = timed(lambda: codebook.assign(words), repeats=3)
    ratios = []
    for name, way, count, target in (
        ("cells: per-cell loop", one_by_one, LOOP_CELLS, 40.0),
        ("cells: chunked matrix product", by_product, PRODUCT_CELLS, 10.0),
    ):
        cells = unpack_cells(words[:count]).reshape(-1, 64).astype(np.float32)
        plain_s, expected = timed(lambda way=way, cells=cells: way(cells, codebook.centroids_K64))
        if not np.array_equal(ids[:count], expected):
            raise AssertionError(f"{name}: {int((ids[:count] != expected).sum())} of {count} ids differ")
        scale = len(words) / len(cells)
        note = f"{len(words) / fast_s / 1e6:.0f}M cells/s; {len(words)} cells, plain way timed on {len(cells)}"
        ratios.append(Ratio(name, plain_s * scale, fast_s, target, note))
    return ratios
