import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from glyphlens.core.errors import InputError
from glyphlens.core.storage import save_array
from glyphlens.tracks.arabic.primitives.cells import unpack_cells
from glyphlens.tracks.arabic.primitives.codebook import Codebook, on_grid

WORDS = hnp.arrays(np.uint64, hnp.array_shapes(min_dims=1, max_dims=3, max_side=6))


def random_codebook(seed: int, count: int = 12) -> Codebook:
    return Codebook(on_grid(np.random.default_rng(seed).random((count, 64))))


@settings(deadline=None)
@given(WORDS, st.integers(0, 1000))
def test_assignment_is_the_nearest_centroid_in_float64(words, seed):
    codebook = random_codebook(seed)
    cells = unpack_cells(words).reshape(-1, 1, 64).astype(np.float64)
    squared = np.square(cells - codebook.centroids_K64.astype(np.float64)).sum(axis=2)
    expected = np.where(words.ravel() == 0, 0, squared.argmin(axis=1) + 1)
    ids = codebook.assign(words)
    assert ids.dtype == np.uint16 and ids.shape == words.shape
    assert np.array_equal(ids.ravel(), expected)


@settings(deadline=None, max_examples=30)
@given(hnp.arrays(np.uint64, 40), st.randoms(use_true_random=False))
def test_a_permuted_input_gives_permuted_ids(words, random):
    order = np.array(random.sample(range(40), 40))
    codebook = random_codebook(3)
    assert np.array_equal(codebook.assign(words[order]), codebook.assign(words)[order])


def test_equally_near_centroids_give_the_lowest_id():
    centroids = np.zeros((3, 64), np.float32)
    centroids[0, 40] = centroids[1, 0] = centroids[2, 1] = 1
    both = np.array([(1 << 63) | (1 << 62)], np.uint64)
    assert Codebook(centroids).assign(both).tolist() == [2]


def test_no_cells_give_no_ids():
    assert random_codebook(0).assign(np.zeros((0, 16, 16), np.uint64)).shape == (0, 16, 16)
    assert not random_codebook(0).assign(np.zeros((2, 16, 16), np.uint64)).any()


def test_prototypes_are_the_centroids_at_one_half():
    codebook = random_codebook(5)
    expected = (codebook.centroids_K64 >= 0.5).reshape(-1, 8, 8)
    assert np.array_equal(unpack_cells(codebook.prototypes_K), expected)


def test_a_saved_codebook_opens_with_the_same_hash(tmp_path):
    codebook = random_codebook(7)
    codebook.save(tmp_path)
    assert Codebook.open(tmp_path).sha256 == codebook.sha256
    assert random_codebook(8).sha256 != codebook.sha256


def broken(**changes) -> np.ndarray:
    centroids = random_codebook(1).centroids_K64.copy()
    for value in changes.values():
        centroids[2, 5] = value
    return centroids


@pytest.mark.parametrize(
    ("centroids", "message"),
    [
        (broken(nan=np.nan), "not finite, the first one is id 3"),
        (broken(large=1.5), "expected 0 to 1"),
        (broken(fine=0.3), "not multiples of 1/256"),
        (random_codebook(1).centroids_K64.astype(np.float64), "float64"),
        (np.zeros((4, 32), np.float32), r"\(4, 32\)"),
        (np.zeros((0, 64), np.float32), "found 0"),
    ],
)
def test_a_broken_codebook_is_refused_with_its_file(tmp_path, centroids, message):
    save_array(tmp_path / "centroids.npy", centroids)
    with pytest.raises(InputError, match=message) as caught:
        Codebook.open(tmp_path)
    assert "centroids.npy" in str(caught.value)


def test_a_missing_codebook_is_named(tmp_path):
    with pytest.raises(InputError, match=r"centroids\.npy"):
        Codebook.open(tmp_path)


def test_words_of_another_type_are_refused():
    with pytest.raises(InputError, match="int64, expected uint64"):
        random_codebook(0).assign(np.zeros(3, np.int64))
