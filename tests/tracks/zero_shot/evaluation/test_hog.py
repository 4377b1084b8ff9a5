"""The baseline: directions and cells of edges, lengths, empty pictures, templates that are missing."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from glyphlens.core.storage import save_array
from glyphlens.tracks.zero_shot.evaluation.hog import BLOCK, CELLS, DIRECTIONS, gradient_histograms
from glyphlens.tracks.zero_shot.export.views import Floats, exemplars

SIDE = 64


def reference(image_HW: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Pixel by pixel."""
    grey, sums = image_HW.astype(float), np.zeros((CELLS, CELLS, DIRECTIONS))
    for y in range(SIDE):
        for x in range(SIDE):
            across = grey[y, x + 1] - grey[y, x - 1] if 0 < x < SIDE - 1 else 0.0
            down = grey[y + 1, x] - grey[y - 1, x] if 0 < y < SIDE - 1 else 0.0
            direction = (np.arctan2(down, across) % np.pi) / np.pi * DIRECTIONS
            lower, share = int(direction) % DIRECTIONS, direction - int(direction)
            cell = sums[y * CELLS // SIDE, x * CELLS // SIDE]
            cell[lower] += np.hypot(across, down) * (1 - share)
            cell[(lower + 1) % DIRECTIONS] += np.hypot(across, down) * share
    values = np.sqrt(sums).ravel()
    return np.asarray(values / np.linalg.norm(values))


@pytest.fixture
def pictures() -> NDArray[np.uint8]:
    rng = np.random.default_rng(0)
    return (rng.integers(0, 256, (3, SIDE, SIDE)) * (rng.random((3, SIDE, SIDE)) < 0.2)).astype(np.uint8)


def test_histograms_are_those_of_the_definition(pictures: NDArray[np.uint8]) -> None:
    found = gradient_histograms(pictures)
    assert found.dtype == np.float32 and found.shape == (3, CELLS * CELLS * DIRECTIONS)
    np.testing.assert_allclose(found, [reference(each) for each in pictures], atol=1e-5)


def test_an_upright_edge_and_a_level_one_point_elsewhere() -> None:
    upright = np.zeros((SIDE, SIDE), np.uint8)
    upright[:, 20:24] = 255
    for picture, direction in ((upright, 0), (upright.T, DIRECTIONS // 2)):
        found = gradient_histograms(picture[None]).reshape(CELLS, CELLS, DIRECTIONS)
        assert found[:, :, direction].sum() > 0.9 * found.sum()


def test_what_is_empty_has_no_direction_and_nothing_at_all_no_row(pictures: NDArray[np.uint8]) -> None:
    assert not gradient_histograms(np.zeros((1, SIDE, SIDE), np.uint8)).any()
    assert gradient_histograms(pictures[:0]).shape == (0, CELLS * CELLS * DIRECTIONS)


def test_blocks_do_not_matter(pictures: NDArray[np.uint8]) -> None:
    many = np.tile(pictures, (BLOCK // 2, 1, 1))
    found = gradient_histograms(many)
    np.testing.assert_array_equal(found[-3:], found[:3])


def template_histograms(folder: Path, templates_CTHW: NDArray[np.uint8], has_CT: NDArray[np.bool_]) -> Floats:
    save_array(folder / "templates.npy", templates_CTHW)
    save_array(folder / "has_CT.npy", has_CT)
    return exemplars(folder, gradient_histograms)


def test_templates_that_are_missing_have_no_say(pictures: NDArray[np.uint8], tmp_path: Path) -> None:
    templates = np.stack([pictures, np.zeros_like(pictures)], axis=1)
    has = np.array([[True, False], [True, False], [False, False]])
    found = template_histograms(tmp_path, templates, has)
    np.testing.assert_allclose(found[:2], gradient_histograms(pictures[:2]), atol=1e-6)
    assert not found[2].any()
    both = template_histograms(tmp_path, np.stack([pictures, pictures[::-1]], axis=1), np.ones((3, 2), bool))
    sums = gradient_histograms(pictures) + gradient_histograms(pictures[::-1])
    np.testing.assert_allclose(both, sums / np.linalg.norm(sums, axis=1, keepdims=True), atol=1e-6)
