"""Occlusion maps point at the cells that matter, and only at cells with ink."""

import numpy as np
import pytest

from glyphlens.core.errors import InputError
from glyphlens.tracks.arabic.evaluation.saliency import occlusion_map


def test_ink_of_the_class_speaks_for_it_and_other_ink_against(reader: object) -> None:
    image = np.zeros((128, 128), np.uint8)
    image[:8, :16] = 255  # two cells of band 0
    image[16:24, 8:16] = 255  # one cell of band 1
    before = image.copy()
    heat = occlusion_map(reader, image, np.zeros(7, np.float32), 0)  # type: ignore[arg-type]
    assert heat.shape == (16, 16)
    assert heat[0, 0] == pytest.approx(2 / 3 - 1 / 2, abs=1e-3)
    assert heat[0, 1] == heat[0, 0]
    assert heat[2, 1] == pytest.approx(2 / 3 - 1, abs=1e-3)
    assert np.count_nonzero(heat) == 3
    assert (image == before).all()


def test_an_empty_picture_has_a_flat_map(reader: object) -> None:
    heat = occlusion_map(reader, np.zeros((128, 128), np.uint8), np.zeros(7, np.float32), 0)  # type: ignore[arg-type]
    assert not heat.any()


def test_a_picture_of_broken_cells_is_refused(reader: object) -> None:
    with pytest.raises(InputError, match="128×130 px is not made of 8×8"):
        occlusion_map(reader, np.zeros((128, 130), np.uint8), np.zeros(7, np.float32), 0)  # type: ignore[arg-type]
