"""Pictures from primitives are exact; glyphs that only phase 1 spoilt are mended and its mistakes counted."""

import numpy as np
import pandas as pd

from glyphlens.data.sample_set import pack_bits
from glyphlens.tracks.arabic.evaluation.cell_errors import cell_errors, confused_primitives, drawn_from_primitives
from glyphlens.tracks.arabic.primitives.cells import pack_cells
from glyphlens.tracks.arabic.primitives.codebook import Codebook

FULL, LEFT = np.ones(64, np.float32), np.tile(np.repeat([1.0, 0.0], 4), 8).astype(np.float32)
CODEBOOK = Codebook(np.stack([FULL, LEFT]))


def test_a_picture_of_primitives_has_their_grid_again():
    grids = np.random.default_rng(0).integers(0, 3, (5, 16, 16)).astype(np.uint16)
    pictures = drawn_from_primitives(CODEBOOK, grids)
    assert pictures.shape == (5, 128, 128) and set(np.unique(pictures)) == {0, 255}
    assert (CODEBOOK.assign(pack_cells(pack_bits(pictures > 0))) == grids).all()


def test_mistakes_of_mended_glyphs_are_counted(reader):
    true = np.zeros((4, 16, 16), np.uint16)
    true[[0, 1, 2], 2, 0] = 1  # band 1
    true[3, 4, 0] = 1  # band 2
    read = true.copy()
    read[0, 2, 0], read[1, 2, 0], read[3, 4, 0] = 2, 2, 0
    outcomes = pd.DataFrame({"top1": [False, False, True, False], "class_index": [1, 1, 1, 3]})
    found = cell_errors(reader, CODEBOOK, outcomes, np.zeros((4, 7), np.float32), true, read, 5)
    assert (found.misread, found.mended, found.right, found.broken) == (3, 2, 1, 0)
    assert found.pairs.values.tolist() == [[1, 2, 2, 2]]


def test_no_errors_are_no_pairs(reader):
    none = np.zeros((1, 16, 16), np.uint16)
    outcomes = pd.DataFrame({"top1": [True], "class_index": [1]})
    found = cell_errors(reader, CODEBOOK, outcomes, np.zeros((1, 7), np.float32), none, none, 5)
    assert found.misread == found.right == 0 and confused_primitives(none, none, 3).empty
