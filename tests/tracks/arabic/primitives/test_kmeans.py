import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glyphlens.core.errors import InputError, ParamsError
from glyphlens.core.params import PARAMS_FILE, load_params
from glyphlens.tracks.arabic.primitives.codebook import cell_pixels, nearest
from glyphlens.tracks.arabic.primitives.kmeans import PrimitiveParams, fit_codebook, lloyd, sample_words, spread_seeds


def params(**changes) -> PrimitiveParams:
    return PrimitiveParams(**{"count": 8, "sampled_cells": 10_000, "iterations": 20, "tolerance": 1e-4, **changes})


def noisy_cells(seed: int, prototypes: int = 8, copies: int = 60) -> np.ndarray:
    """Words around a few prototypes, each with up to two flipped pixels, and some empty cells."""
    rng = np.random.default_rng(seed)
    words = np.repeat(rng.integers(1, 2**64, size=prototypes, dtype=np.uint64), copies)
    for _ in range(2):
        words = words ^ (np.uint64(1) << rng.integers(64, size=len(words), dtype=np.uint64))
    return np.concatenate([words, np.zeros(50, np.uint64)])


def squared_error(words_D, weights_D, centroids_K64) -> float:
    cells = cell_pixels(words_D)
    return float(weights_D @ np.square(cells - centroids_K64[nearest(cells, centroids_K64)]).sum(axis=1))


def test_well_separated_prototypes_are_found():
    words = noisy_cells(1)
    codebook = fit_codebook(words, params(), seed=3)
    groups = codebook.assign(words[:480]).reshape(8, 60)
    assert (groups == groups[:, :1]).all() and len(np.unique(groups)) == 8


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000))
def test_the_order_of_the_cells_does_not_matter(seed):
    words = noisy_cells(seed)
    shuffled = np.random.default_rng(seed).permutation(words)
    assert fit_codebook(words, params(), 1).sha256 == fit_codebook(shuffled, params(), 1).sha256


def test_the_seed_decides():
    words = np.random.default_rng(0).integers(1, 2**64, size=400, dtype=np.uint64)
    assert fit_codebook(words, params(), 1).sha256 == fit_codebook(words, params(), 1).sha256
    assert fit_codebook(words, params(), 1).sha256 != fit_codebook(words, params(), 2).sha256


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000))
def test_more_iterations_never_make_it_worse(seed):
    rng = np.random.default_rng(seed)
    words_D, weights_D = sample_words(noisy_cells(seed, prototypes=30, copies=10), 10_000, rng)
    cells = cell_pixels(words_D)
    start = cells[spread_seeds(words_D, weights_D, 10, rng)]
    errors = [squared_error(words_D, weights_D, lloyd(cells, weights_D, start, n, 0.0)) for n in (1, 3, 30)]
    # centroids are rounded to 1/256, which costs each pixel at most (1/512)²
    slack = float(weights_D.sum()) * 64 / 512**2
    assert errors[0] + slack >= errors[1] and errors[1] + slack >= errors[2]


def test_seeds_are_distinct_words():
    words_D, weights_D = sample_words(noisy_cells(4), 10_000, np.random.default_rng(0))
    seeds = spread_seeds(words_D, weights_D, len(words_D), np.random.default_rng(0))
    assert sorted(seeds) == list(range(len(words_D)))


def test_an_empty_cluster_takes_the_farthest_cell():
    words_D = np.array([0xFF, 0xFF00, 0xFFFF << 48], np.uint64)
    weights_D = np.array([5, 5, 1])
    cells = cell_pixels(words_D)
    twice = np.stack([cells[0], cells[0], cells[1]])
    assert squared_error(words_D, weights_D, lloyd(cells, weights_D, twice, 5, 0.0)) == 0


def test_sampling_counts_cells_and_leaves_out_empties():
    words = noisy_cells(2)
    words_D, counts_D = sample_words(words, 10_000, np.random.default_rng(0))
    assert counts_D.sum() == 480 and (words_D != 0).all() and (np.diff(words_D.astype(object)) > 0).all()
    drawn_D, counts_D = sample_words(words, 100, np.random.default_rng(0))
    assert counts_D.sum() == 100 and (counts_D > 0).all() and np.isin(drawn_D, words_D).all()


def test_centroids_go_by_falling_usage():
    words = np.concatenate([np.full(n, w, np.uint64) for n, w in ((3, 7), (9, 0xFF00FF), (5, 1 << 60))])
    codebook = fit_codebook(words, params(count=3), 0)
    assert codebook.assign(np.array([0xFF00FF, 1 << 60, 7], np.uint64)).tolist() == [1, 2, 3]


@pytest.mark.parametrize("words", [np.zeros(100, np.uint64), np.zeros(0, np.uint64), np.arange(8, dtype=np.uint64)])
def test_too_few_distinct_cells_are_an_error(words):
    with pytest.raises(InputError, match=r"primitives\.count: 8 centroids .* found [07];"):
        fit_codebook(words, params(), 0)


def test_words_of_another_type_are_refused():
    with pytest.raises(InputError, match="float64, expected uint64"):
        fit_codebook(np.zeros(3), params(), 0)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("count: 0", r"primitives\.count"),
        ("count: 70000", r"primitives\.count"),
        ("count: many", r"primitives\.count"),
        ("kount: 3", r"primitives\.kount"),
        ("tolerance: 1.0", r"primitives\.tolerance"),
    ],
)
def test_bad_parameters_are_named(tmp_path, line, message):
    keys = {"count": "8", "sampled_cells": "100", "iterations": "3", "tolerance": "0.1"}
    keys.update([line.split(": ")])
    path = tmp_path / "params.yaml"
    path.write_text("primitives:\n" + "".join(f"  {key}: {value}\n" for key, value in keys.items()))
    with pytest.raises(ParamsError, match=message):
        load_params(PrimitiveParams, "primitives", path)


def test_the_committed_parameters_load():
    assert load_params(PrimitiveParams, "primitives", PARAMS_FILE).count == 1023
