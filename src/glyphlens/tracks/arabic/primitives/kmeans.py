"""k-means over binary cells, weighted and exact: the same seed gives the same centroids on every machine.

Only distinct words are clustered, each weighing as many cells as it stands for. Seeding is greedy k-means++ (Arthur &
Vassilvitskii 2007, with their several trials per centre) on Hamming distances, which for binary cells are the squared
distances; then Lloyd's iterations. Weights, pixel sums and scores are whole numbers or exact in float32, so no result
depends on the order of a summation.

D distinct words · K centroids · 64 pixels a cell
"""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from tqdm import tqdm

from glyphlens.core.errors import InputError
from glyphlens.core.params import Section
from glyphlens.tracks.arabic.primitives.cells import CELL_BITS
from glyphlens.tracks.arabic.primitives.codebook import MAX_CENTROIDS, Codebook, cell_pixels, nearest, on_grid


class PrimitiveParams(Section):
    """Section ``primitives`` of params.yaml."""

    count: Annotated[int, Field(ge=1, le=MAX_CENTROIDS)]
    sampled_cells: Annotated[int, Field(ge=1)]
    iterations: Annotated[int, Field(ge=1)]
    tolerance: Annotated[float, Field(ge=0, lt=1)]


def fit_codebook(words: NDArray[np.uint64], params: PrimitiveParams, seed: int) -> Codebook:
    """Cluster the non-empty ones of ``words`` (any shape); ids go by falling usage, then by the cell itself.

    Raises InputError where there are fewer distinct non-empty cells than centroids are asked for.
    """
    rng = np.random.default_rng([seed, params.count])
    words_D, weights_D = sample_words(words, params.sampled_cells, rng)
    if len(words_D) < params.count:
        raise InputError(
            f"primitives.count: {params.count} centroids need as many distinct non-empty cells, found {len(words_D)}; "
            "lower primitives.count, raise primitives.sampled_cells or add fonts"
        )
    cells_D64 = cell_pixels(words_D)
    centroids_K64 = cells_D64[spread_seeds(words_D, weights_D, params.count, rng)]
    centroids_K64 = lloyd(cells_D64, weights_D, centroids_K64, params.iterations, params.tolerance)
    return Codebook(_by_usage(cells_D64, weights_D, centroids_K64))


def sample_words(
    words: NDArray[np.uint64], limit: int, rng: np.random.Generator
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Distinct non-empty words, ascending, and how many of at most ``limit`` cells drawn at random have each."""
    if words.dtype != np.uint64:
        raise InputError(f"cell words: found {words.dtype}, expected uint64")
    distinct_D, counts_D = np.unique(words[words != 0], return_counts=True)
    counts_D = counts_D.astype(np.int64)
    if counts_D.sum() > limit:
        counts_D = rng.multivariate_hypergeometric(counts_D, limit, method="marginals")
        distinct_D, counts_D = distinct_D[counts_D > 0], counts_D[counts_D > 0]
    return distinct_D, counts_D


def spread_seeds(
    words_D: NDArray[np.uint64], weights_D: NDArray[np.int64], count: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """(count,) positions of distinct words far apart: each the best of a few drawn by weight × distance."""
    trials = 2 + int(np.log(count))
    chosen = np.empty(count, np.int64)
    chosen[0] = _draw(weights_D, 1, rng)[0]
    distance_D = _hamming(words_D, words_D[chosen[0]])
    for number in range(1, count):
        candidates = _draw(weights_D * distance_D, trials, rng)
        distances = [np.minimum(distance_D, _hamming(words_D, words_D[candidate])) for candidate in candidates]
        best = int(np.argmin([int(weights_D @ distance) for distance in distances]))
        chosen[number], distance_D = candidates[best], distances[best]
    return chosen


def lloyd(
    cells_D64: NDArray[np.float32],
    weights_D: NDArray[np.int64],
    centroids_K64: NDArray[np.float32],
    iterations: int,
    tolerance: float,
) -> NDArray[np.float32]:
    """Lloyd's iterations until the squared error falls by less than ``tolerance`` of itself, at most ``iterations``."""
    previous = np.inf
    progress = tqdm(range(iterations), desc="k-means", unit="iteration", leave=False)
    for _ in progress:
        best_D = nearest(cells_D64, centroids_K64)
        errors_D = np.square(cells_D64 - centroids_K64[best_D]).sum(axis=1, dtype=np.float64)
        inertia = float(weights_D @ errors_D)
        progress.set_postfix(bit_error=inertia / float(weights_D.sum()) / CELL_BITS)
        if previous - inertia <= tolerance * inertia:
            break
        previous = inertia
        centroids_K64 = _means(cells_D64, weights_D, best_D, errors_D, len(centroids_K64))
    return centroids_K64


def _means(
    cells_D64: NDArray[np.float32],
    weights_D: NDArray[np.int64],
    best_D: NDArray[np.int64],
    errors_D: NDArray[np.float64],
    count: int,
) -> NDArray[np.float32]:
    """Weighted mean of each cluster; a cluster left empty takes the cell with the largest weighted error."""
    mass_K = np.bincount(best_D, weights_D, minlength=count)
    sums_K64 = np.stack([np.bincount(best_D, weights_D * pixel_D, minlength=count) for pixel_D in cells_D64.T], axis=1)
    means_K64 = on_grid(sums_K64 / np.maximum(mass_K, 1)[:, None])
    orphans = np.flatnonzero(mass_K == 0)
    if len(orphans):
        farthest = np.argsort(-weights_D * errors_D, kind="stable")[: len(orphans)]
        means_K64[orphans] = cells_D64[farthest]
    return means_K64


def _by_usage(
    cells_D64: NDArray[np.float32], weights_D: NDArray[np.int64], centroids_K64: NDArray[np.float32]
) -> NDArray[np.float32]:
    usage_K = np.bincount(nearest(cells_D64, centroids_K64), weights_D, minlength=len(centroids_K64))
    order = np.lexsort([*centroids_K64.T[::-1], -usage_K])
    return np.ascontiguousarray(centroids_K64[order])


def _draw(weights_D: NDArray[np.int64], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Positions drawn in proportion to whole-number weights."""
    cumulative = np.cumsum(weights_D)
    return np.searchsorted(cumulative, rng.integers(int(cumulative[-1]), size=count), side="right").astype(np.int64)


def _hamming(words_D: NDArray[np.uint64], word: np.uint64) -> NDArray[np.int64]:
    distance_D: NDArray[np.int64] = np.bitwise_count(words_D ^ word).astype(np.int64)
    return distance_D
