"""The baseline: histograms of oriented gradients of the lines seen so far, and a linear classifier for so many lines.

Dalal and Triggs 2005, doi:10.1109/CVPR.2005.177, without overlapping blocks: every line has one contrast already.
N scans · L lines · S samples of a line · R×Q cells · D directions
"""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from glyphlens.tracks.scan_lines.samples.lines import standardized
from glyphlens.tracks.scan_lines.samples.scan_set import ScanSet
from glyphlens.tracks.scan_lines.stopping.answers import MARKS, marked_line

CELLS, DIRECTIONS = 8, 8  # cells along a line, and along all lines; directions without sign, half a turn
BLOCK = 128  # scans; their gradients stay in the processor's cache
Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


def line_histograms(lines_NLS: Floats, lines: int) -> Floats:
    """(N, R·Q·D) of length 1, all 0 where nothing is to be seen, of scans of which L of ``lines`` lines were read.

    A gradient goes to the two nearest directions by its distance to them; a cell has 1 / CELLS of a whole scan's lines.
    """
    count, seen, samples = lines_NLS.shape
    down_NLS, across_NLS = np.gradient(standardized(lines_NLS), axis=(1, 2)) if seen > 1 else _flat(lines_NLS)
    strength_NLS = np.hypot(down_NLS, across_NLS)
    direction_NLS = np.arctan2(down_NLS, across_NLS) % np.pi / np.pi * DIRECTIONS
    rows = np.unique(np.arange(CELLS) * lines // CELLS)
    columns = np.unique(np.arange(CELLS) * samples // CELLS)
    parts = []
    for direction in range(DIRECTIONS):
        away_NLS = np.abs((direction_NLS - direction + DIRECTIONS / 2) % DIRECTIONS - DIRECTIONS / 2)
        share_NLS = strength_NLS * np.clip(1 - away_NLS, 0, None)
        cells_NRS = np.add.reduceat(share_NLS, rows[rows < seen], axis=1)
        parts.append(np.add.reduceat(cells_NRS, columns, axis=2).reshape(count, -1))
    features_NF = np.sqrt(np.concatenate(parts, axis=1))
    length_N1 = np.linalg.norm(features_NF, axis=1, keepdims=True)
    unit_NF: Floats = (features_NF / np.where(length_N1 > 0, length_N1, 1)).astype(np.float32)
    return unit_NF


def baseline_top1(scans: ScanSet) -> dict[float, float]:
    """Top-1 on the test split at each of MARKS, of a classifier that learned from so many lines of the train split."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    train, test = (scans.samples.rows(split) for split in ("train", "test"))
    classes = scans.samples.class_indices
    found = {}
    for share in MARKS:
        seen = marked_line(share, scans.shape_LS[0])
        linear = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.1)
        linear.fit(_features(scans, train, seen), classes[train])
        found[share] = float((linear.predict(_features(scans, test, seen)) == classes[test]).mean())
    return found


def _features(scans: ScanSet, rows_N: Ints, seen: int) -> Floats:
    blocks = [rows_N[start : start + BLOCK] for start in range(0, len(rows_N), BLOCK)]
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        found = pool.map(lambda block: line_histograms(scans.lines(block)[:, :seen], scans.shape_LS[0]), blocks)
        return np.concatenate(list(found))


def _flat(lines_N1S: Floats) -> tuple[Floats, Floats]:
    """Gradients of a single line: there is none down."""
    across_N1S = np.gradient(standardized(lines_N1S), axis=2)
    return np.zeros_like(across_N1S), across_N1S
