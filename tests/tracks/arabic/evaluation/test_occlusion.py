"""Occlusion points at the cells that matter, only at cells with ink, and finds what changes the answer."""

import numpy as np
import pytest

from glyphlens.core.errors import InputError
from glyphlens.tracks.arabic.evaluation.occlusion import (
    cell_name,
    connected_parts,
    fewest_together,
    inked_cells,
    occlude,
    span_name,
)

UNKNOWN = np.zeros(7, np.float32)


def drawn(*boxes):
    """A picture with ink in these (top, bottom, left, right) boxes."""
    image = np.zeros((128, 128), np.uint8)
    for top, bottom, left, right in boxes:
        image[top:bottom, left:right] = 255
    return image


def test_ink_of_the_class_speaks_for_it_and_other_ink_against(reader):
    image = drawn((0, 8, 0, 16), (16, 24, 8, 16))  # two cells of band 0, one of band 1
    before = image.copy()
    found = occlude(reader, image, UNKNOWN)
    heat = found.heat_RC(0)
    assert heat.shape == (16, 16) and found.answer == 0
    assert heat[0, 0] == pytest.approx(2 / 3 - 1 / 2, abs=1e-3)
    assert heat[0, 1] == heat[0, 0]
    assert heat[2, 1] == pytest.approx(2 / 3 - 1, abs=1e-3)
    assert np.count_nonzero(heat) == 3
    assert (image == before).all()


def test_an_empty_picture_has_a_flat_map(reader):
    found = occlude(reader, drawn(), UNKNOWN)
    assert not found.heat_RC(0).any() and found.cells == [] and found.tipping() == []


def test_a_picture_of_broken_cells_is_refused(reader):
    with pytest.raises(InputError, match="128×130 px is not made of 8×8"):
        occlude(reader, np.zeros((128, 130), np.uint8), UNKNOWN)


def test_cells_that_tip_the_answer_are_named(reader):
    found = occlude(reader, drawn((16, 24, 0, 12), (32, 40, 0, 11)), UNKNOWN)  # 96 pixels of band 1, 88 of band 2
    assert found.answer == 1 and found.tipping() == [(2, 0), (2, 1)]
    dot = drawn((16, 24, 0, 8))
    assert fewest_together(reader, dot, UNKNOWN, occlude(reader, dot, UNKNOWN))[0] == []  # some ink has to stay


def test_where_no_cell_does_it_alone_they_go_together(reader):
    image = drawn((16, 24, 0, 32), (32, 40, 0, 12))  # four cells of band 1 against one and a half of band 2
    found = occlude(reader, image, UNKNOWN)
    assert found.tipping() == []
    cells, probabilities = fewest_together(reader, image, UNKNOWN, found)
    assert cells == [(2, 0), (2, 1), (2, 2)] and probabilities.argmax() == 2


def test_parts_are_what_touches_nowhere():
    image = drawn((0, 8, 0, 8), (8, 16, 8, 40), (60, 64, 60, 64))
    first, second = connected_parts(image)
    assert first.sum() == 8 * 8 + 8 * 32 and second.sum() == 16  # touching at a corner is one
    assert span_name(first) == "A1–E2" and span_name(second) == "H8"
    assert connected_parts(drawn()) == []


def test_cells_are_called_as_on_a_chess_board():
    assert [cell_name(cell) for cell in ((0, 0), (15, 15), (3, 7))] == ["A1", "P16", "H4"]
    assert inked_cells(drawn((7, 9, 15, 17))) == [(0, 1), (0, 2), (1, 1), (1, 2)]
