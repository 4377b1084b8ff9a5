import numpy as np
import pytest

from glyphlens.core.errors import InputError
from glyphlens.tracks.arabic.primitives.codebook import Codebook
from glyphlens.tracks.arabic.primitives.quality import grid_quality

FULL, LEFT = np.uint64(2**64 - 1), np.uint64(0xF0F0F0F0F0F0F0F0)


def two_primitives() -> Codebook:
    centroids = np.zeros((2, 64), np.float32)
    centroids[0] = 1
    centroids[1] = np.tile([1, 1, 1, 1, 0, 0, 0, 0], 8)
    return Codebook(centroids)


def test_numbers_of_a_known_grid():
    words = np.array([[[FULL, 0], [LEFT, FULL]], [[0, 0], [LEFT ^ np.uint64(3), 0]]], np.uint64)
    codebook = two_primitives()
    quality = grid_quality(codebook, words, codebook.assign(words), np.array([True, False]))
    assert quality["train_bit_error"] == 0
    assert quality["mean_bit_error"] == pytest.approx(2 / 64)
    assert quality["perplexity"] == pytest.approx(2)
    assert quality["empty_share"] == 0.5 and quality["top_id_share"] == 0.5 and quality["used"] == 2


def test_perplexity_counts_only_used_ids():
    words = np.full((3, 1, 1), FULL)
    quality = grid_quality(two_primitives(), words, two_primitives().assign(words), np.ones(3, bool))
    assert quality["perplexity"] == pytest.approx(1) and quality["used"] == 1 and quality["mean_bit_error"] == 0


def test_nothing_but_empty_cells_is_an_error():
    words = np.zeros((3, 16, 16), np.uint64)
    with pytest.raises(InputError, match="all 768 cells are empty"):
        grid_quality(two_primitives(), words, two_primitives().assign(words), np.ones(3, bool))


def test_unequal_lengths_are_an_error():
    words = np.full((3, 1, 1), FULL)
    with pytest.raises(InputError, match="do not match"):
        grid_quality(two_primitives(), words, two_primitives().assign(words), np.ones(2, bool))
