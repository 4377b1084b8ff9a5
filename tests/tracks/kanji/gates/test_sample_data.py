"""Measures of pictures: the same numbers as plain loops over single pictures."""

import numpy as np
import pytest

from glyphlens.tracks.kanji.gates import sample_data
from glyphlens.tracks.kanji.gates.sample_data import measure_pictures, nearest_trained, thumbnails


def test_measures_agree_with_plain_loops() -> None:
    rng = np.random.default_rng(0)
    images = (rng.random((5, 64, 64)) ** 40 * 255).astype(np.uint8)
    images[4] = 0
    found = measure_pictures(images, 64).table
    for row, image in enumerate(images[:4]):
        y, x = np.nonzero(image >= 64)
        bounds = (y.min(), x.min(), y.max() + 1, x.max() + 1)
        assert tuple(found.loc[row, ["top", "left", "bottom", "right"]]) == bounds
        assert found.loc[row, "ink_share"] == (image >= 64).mean()
        assert found.loc[row, "peak"] == image.max()
        rim = np.concatenate([image[:2].ravel(), image[-2:].ravel(), image[2:-2, :2].ravel(), image[2:-2, -2:].ravel()])
        assert found.loc[row, "margin"] == pytest.approx(rim.mean())
    assert found.loc[4].eq(0).all()


def test_thumbnails_are_means_of_four_by_four_pixels() -> None:
    images = np.random.default_rng(1).integers(0, 256, (7, 64, 64)).astype(np.uint8) // 2
    small = images.reshape(7, 16, 4, 16, 4).mean(axis=(2, 4)).round()
    expected = np.packbits((small >= 64).reshape(7, -1), axis=1)
    assert (thumbnails(images).view(np.uint8) != expected).mean() < 0.02  # means of exactly a half may round either way


def test_the_nearest_training_picture_is_found_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    words = rng.integers(0, 2**64, (60, 4), dtype=np.uint64)
    classes, split = rng.integers(0, 4, 60), rng.choice(["train", "val", "test"], 60).astype(object)
    split[classes == 3] = "test"
    monkeypatch.setattr(sample_data, "PAIRS", 7)
    found = nearest_trained(words, classes, split)
    for row in range(60):
        others = words[(classes == classes[row]) & (split == "train")]
        known = split[row] != "train" and len(others)
        bits = np.unpackbits((others ^ words[row]).view(np.uint8), axis=1).sum(axis=1).min() if known else -1
        assert found[row] == bits
