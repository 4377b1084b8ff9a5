import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glyphlens.imaging.area import resize_area


def overlap(length: int, out: int) -> np.ndarray:
    """(out, length) the share that each pixel has in each of the result, in floats."""
    edges = np.arange(out + 1) * length / out
    low = np.maximum(edges[:-1, None], np.arange(length))
    high = np.minimum(edges[1:, None], np.arange(length) + 1)
    return np.asarray(np.maximum(high - low, 0) / (length / out))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 140), st.integers(1, 140), st.integers(1, 80), st.integers(1, 80), st.integers(0, 99))
def test_it_is_the_mean_over_the_area(height: int, width: int, out_height: int, out_width: int, seed: int) -> None:
    images = np.random.default_rng(seed).integers(0, 256, (3, height, width), dtype=np.uint8)
    images[0] = 255
    expected = overlap(height, out_height) @ images @ overlap(width, out_width).T
    found = resize_area(images, out_height, out_width)
    assert found.dtype == np.uint8 and found.shape == (3, out_height, out_width)
    assert np.abs(found - expected).max() <= 0.5 + 1e-6
    assert (found[0] == 255).all()


@pytest.mark.parametrize("shape", [(127, 128), (63, 64), (60, 60), (76, 72)])
def test_the_cells_of_etl(shape: tuple[int, int]) -> None:
    """More of them than are computed at once, and an image does not depend on its neighbours."""
    images = np.random.default_rng(0).integers(0, 256, (150, *shape), dtype=np.uint8)
    found = resize_area(images, 64, 64)
    expected = np.floor(overlap(shape[0], 64) @ images @ overlap(shape[1], 64).T + 0.5 + 1e-9)
    assert np.array_equal(found, expected)
    assert np.array_equal(resize_area(images[::-7], 64, 64), found[::-7])


def test_views_and_no_image() -> None:
    images = np.random.default_rng(0).integers(0, 256, (4, 20, 32), dtype=np.uint8)
    assert np.array_equal(resize_area(images[:, :, ::2], 10, 8), resize_area(images[:, :, ::2].copy(), 10, 8))
    assert np.array_equal(resize_area(images, 20, 32), images)
    assert resize_area(images[:0], 5, 5).shape == (0, 5, 5)


def test_sizes_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="no size of 1 or more"):
        resize_area(np.zeros((1, 4, 4), np.uint8), 0, 4)
    with pytest.raises(ValueError, match="do not fit 32 bits"):
        resize_area(np.zeros((1, 4099, 4111), np.uint8), 4096, 4096)
