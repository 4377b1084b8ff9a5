"""Distinct cells and their places are the raster; cells without ink are primitive 0."""

from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glyphlens.tracks.arabic.export.distinct import cells_piece, grid_piece
from tests.export import tiny

CPU = ["CPUExecutionProvider"]


def run(piece: onnx.ModelProto, **feeds: Any) -> dict[str, Any]:
    session = onnxruntime.InferenceSession(piece.SerializeToString(), providers=CPU)
    return dict(zip([end.name for end in session.get_outputs()], session.run(None, feeds), strict=True))


def cells_of(rasters_NHW: np.ndarray) -> np.ndarray:
    return rasters_NHW.reshape(-1, 16, 8, 16, 8).swapaxes(2, 3).reshape(-1, 64)


@given(st.integers(1, 5), st.integers(0, 2**31), st.booleans())
@settings(deadline=None, max_examples=20)
def test_distinct_cells_at_their_places_are_the_raster(count: int, seed: int, grey: bool) -> None:
    rasters = tiny.rasters(count, seed, grey=grey)
    found = run(cells_piece(), raster=rasters)
    np.testing.assert_array_equal(found["cells"][found["places"]], cells_of(rasters))
    assert len(found["cells"]) == len(np.unique(cells_of(rasters), axis=0))
    np.testing.assert_array_equal(found["inked"], found["cells"].any(axis=1))


def test_cells_that_differ_in_little_are_told_apart() -> None:
    """One grey level, two swapped pixels, the same sum: each cell is its own."""
    cells = np.zeros((256, 64), np.uint8)
    for number in range(1, 65):
        cells[number, number - 1] = 1
        cells[64 + number, number - 1] = 2
        cells[128 + number % 64, [number % 64, (number + 1) % 64]] = 1
    raster = cells.reshape(1, 16, 16, 8, 8).swapaxes(2, 3).reshape(1, 128, 128)
    assert len(run(cells_piece(), raster=raster)["cells"]) == len(np.unique(cells, axis=0))


@pytest.mark.parametrize("distinct", [True, False])
def test_a_raster_without_ink_is_a_grid_of_zeros(distinct: bool) -> None:
    found = run(cells_piece(distinct=distinct), raster=np.zeros((2, 128, 128), np.uint8))
    ids = np.full(len(found["cells"]), 7)
    grid = run(grid_piece(), ids=ids, inked=found["inked"], places=found["places"])["grid"]
    assert grid.shape == (2, 16, 16) and not grid.any()


def test_without_the_distinct_step_every_cell_is_its_own() -> None:
    rasters = tiny.rasters(2)
    found = run(cells_piece(distinct=False), raster=rasters)
    np.testing.assert_array_equal(found["cells"], cells_of(rasters))
    np.testing.assert_array_equal(found["places"], np.arange(512))
