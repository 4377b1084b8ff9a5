"""Coverage by ink → cells as a scanner of 16 grey levels sees them: darkness, grain, blur, noise, neighbours, frames.

N cells · H×W pixels of a cell
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from glyphlens.sources.standin.params import PaperParams

LEVELS = 15
GRAIN_PX = 4  # side of a patch of even ink
FRAGMENT_PX = 16  # widest piece of a neighbour
FRAME_PX = 4  # farthest of a frame line from the border


def scan(coverage_NHW: NDArray[np.uint8], params: PaperParams, rng: np.random.Generator) -> NDArray[np.uint8]:
    """(N, H, W) uint8 in steps of 17 (0 … 255 are 16 levels): one writer's cells after scanning."""
    dark = rng.uniform(*params.darkness)
    grain = rng.uniform(0, 0.25)
    blur_px = rng.uniform(0.3, 1.0)
    paper = rng.uniform(0, 1.5 * params.noise)
    cells_NHW = add_neighbours(coverage_NHW, params, rng)
    result_NHW = np.empty_like(cells_NHW)
    for cell_HW, result_HW in zip(cells_NHW, result_NHW, strict=True):
        soft_HW = cv2.GaussianBlur(cell_HW, (0, 0), blur_px)
        ink_HW = soft_HW * (
            _grain(soft_HW.shape, grain, rng) * np.float32(LEVELS / 255 * dark * rng.uniform(0.85, 1.1))
        )
        noise_HW = rng.standard_normal(soft_HW.shape, np.float32) * np.float32(params.noise) + np.float32(paper)
        result_HW[:] = np.clip(np.rint(ink_HW + noise_HW), 0, LEVELS).astype(np.uint8) * 17
    return result_NHW


def add_neighbours(coverage_NHW: NDArray[np.uint8], params: PaperParams, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Now and then the edge of another character of the same writer at a side, or a line of the printed frame."""
    cells_NHW = coverage_NHW.copy()
    count, height, width = cells_NHW.shape
    for number in np.flatnonzero(rng.random(count) < params.neighbours):
        other_HW = coverage_NHW[rng.integers(count)]
        inked = np.flatnonzero(other_HW.any(axis=0))
        wide = int(rng.integers(2, FRAGMENT_PX + 1))
        if not len(inked) or inked[-1] - inked[0] < wide:
            continue
        cell_HW = cells_NHW[number]
        if rng.random() < 0.5:
            np.maximum(cell_HW[:, :wide], other_HW[:, inked[-1] + 1 - wide : inked[-1] + 1], out=cell_HW[:, :wide])
        else:
            np.maximum(cell_HW[:, -wide:], other_HW[:, inked[0] : inked[0] + wide], out=cell_HW[:, -wide:])
    for number in np.flatnonzero(rng.random(count) < params.frames):
        place = int(rng.integers(FRAME_PX))
        lines = (np.s_[:, place], np.s_[:, width - 1 - place], np.s_[place], np.s_[height - 1 - place])
        cells_NHW[number][lines[rng.integers(len(lines))]] = rng.integers(60, 200)
    return cells_NHW


def _grain(shape: tuple[int, ...], strength: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """(H, W) around 1: how well the pen gave ink, in soft patches."""
    rows, columns = shape[0] // GRAIN_PX + 1, shape[1] // GRAIN_PX + 1
    patches = 1 + strength * rng.standard_normal((rows, columns), np.float32)
    return np.asarray(cv2.resize(patches, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR), np.float32)
