"""Skeletons of drawn shapes: thin, connected, as long as the shape, and at its middle."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import label

from glyphlens.imaging.skeleton import skeletons, thin

EIGHT = np.ones((3, 3))


def drawing(*lines: list[tuple[int, int]], width: int = 9, side: int = 96) -> NDArray[np.bool_]:
    picture = np.zeros((side, side), np.uint8)
    cv2.polylines(picture, [np.array(line, np.int32) for line in lines], False, 1, width)
    return picture.astype(np.bool_)


CROSS = drawing([(20, 48), (76, 48)], [(48, 20), (48, 76)])
RING = drawing([(24, 24), (72, 24), (72, 72), (24, 72), (24, 24)])
BEND = drawing([(20, 20), (60, 30), (40, 76)])


@pytest.mark.parametrize("shape", [CROSS, RING, BEND], ids=["cross", "ring", "bend"])
def test_a_skeleton_is_thin_inside_and_has_the_shape_s_parts_and_holes(shape: NDArray[np.bool_]) -> None:
    thin_YX = thin(shape)
    assert not (thin_YX & ~shape).any()
    blocks = thin_YX[:-1, :-1] & thin_YX[1:, :-1] & thin_YX[:-1, 1:] & thin_YX[1:, 1:]
    assert blocks.sum() <= 2  # at a crossing
    assert label(thin_YX, EIGHT)[1] == label(shape, EIGHT)[1]
    assert label(~thin_YX)[1] == label(~shape)[1]


def test_a_line_keeps_its_length_and_its_middle() -> None:
    bar = np.zeros((96, 96), np.bool_)
    bar[36:45, 16:75] = True
    found = skeletons(bar[None])
    assert found.points_P2[:, 0].min() == pytest.approx(16, abs=2.5)
    assert found.points_P2[:, 0].max() == pytest.approx(74, abs=2.5)
    middle = (found.points_P2[:, 0] > 24) & (found.points_P2[:, 0] < 66)
    np.testing.assert_allclose(found.points_P2[middle, 1], 40, atol=0.6)
    assert np.median(found.radius_P) == pytest.approx(5, abs=0.1)


def test_a_short_thick_tick_stays_a_tick() -> None:
    """What a dakuten is in a bold font."""
    found = skeletons(drawing([(40, 40), (46, 48)], width=8)[None])
    assert np.hypot(*np.ptp(found.points_P2, axis=0)) > 10


def test_images_do_not_touch_and_a_dot_is_linked_to_itself() -> None:
    dot = np.zeros((96, 96), np.bool_)
    dot[50, 40] = True
    found = skeletons(np.stack([CROSS, dot, BEND]))
    assert np.array_equal(np.unique(found.image_P), [0, 1, 2])
    assert (found.image_P[found.links_E2[:, 0]] == found.image_P[found.links_E2[:, 1]]).all()
    point = int(np.flatnonzero(found.image_P == 1)[0])
    assert found.links_E2[found.image_P[found.links_E2[:, 0]] == 1].tolist() == [[point, point]]
    assert found.points_P2[point].tolist() == [40, 50]


def test_a_shape_at_the_border_is_refused() -> None:
    shape = np.zeros((1, 8, 8), np.bool_)
    shape[0, 0, 3] = True
    with pytest.raises(ValueError, match="blank pixel on all sides"):
        skeletons(shape)
