"""Cells of records that show no character: noisy paper without one, and pieces of two where the sheet was displaced.

N cells · H×W pixels of a cell
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from glyphlens.imaging.handwriting import HandwritingParams
from glyphlens.imaging.ink import find_ink
from glyphlens.tracks.kanji.samples.edges import OWN, EdgeCells

# Only a cell of so little contrast, of 255, may be noise: its darkest pixel, and its full ink, against the paper.
DARKEST_CONTRAST, INK_CONTRAST, PAPER_PERCENT = 160, 96, 25
# Noise is many components, of which none is large (the faintest stroke on noisy paper has a tenth of all ink) or which
# cover much of the cell; and no character covers half of it.
NOISE_COMPONENTS, LARGEST_SHARE, MUCH_INK, MOST_INK, DARK_SHARE = 20, 0.08, 0.25, 0.5, 0.3
# A character is cut where the cell's border has so many pixels of it, as a share of the cell's side.
CUT_SHARE = 0.03


def noise_cells(cells_NHW: NDArray[np.uint8], params: HandwritingParams) -> NDArray[np.bool_]:
    """(N,) cells whose ink is the noise of their paper, whatever the preparation would make of it."""
    noise_N = np.zeros(len(cells_NHW), bool)
    if not len(cells_NHW):
        return noise_N
    paper_N = np.percentile(cells_NHW, PAPER_PERCENT, axis=(1, 2), method="lower")
    rows = np.flatnonzero(cells_NHW.max(axis=(1, 2)) - paper_N < DARKEST_CONTRAST)
    everything = params.model_copy(update={"edge_share": 0.0, "speck_share": 0.0})
    for row in rows.tolist():
        ink = find_ink(cells_NHW[row : row + 1], everything)
        if ink.range_N[0] < INK_CONTRAST:
            noise_N[row] = _is_noise(ink.strokes_NHW[0] >= max(1.0, DARK_SHARE * int(ink.range_N[0])))
    return noise_N


def cut_cells(edge: EdgeCells) -> NDArray[np.bool_]:
    """(N,) cells whose border runs through the character."""
    own_NHW = edge.pieces_NHW == OWN
    sides = (own_NHW[:, 0], own_NHW[:, -1], own_NHW[:, :, 0], own_NHW[:, :, -1])
    most_N = np.max([side.sum(axis=1) / side.shape[1] for side in sides], axis=0)
    return np.asarray(most_N >= CUT_SHARE)


def _is_noise(inked_HW: NDArray[np.bool_]) -> bool:
    count, _, facts, _ = cv2.connectedComponentsWithStats(inked_HW.astype(np.uint8), connectivity=8)
    share = inked_HW.mean()
    largest = facts[1:, cv2.CC_STAT_AREA].max(initial=0)
    scattered = largest < LARGEST_SHARE * inked_HW.sum() or share > MUCH_INK
    return bool(share > MOST_INK or (count - 1 >= NOISE_COMPONENTS and scattered))
