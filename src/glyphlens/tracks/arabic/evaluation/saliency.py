"""Occlusion maps: how the true class's probability changes when one cell of the picture is blanked.

R×C cells (16×16) of P×P pixels (8×8) · H×W pixels · N test samples · F geometry features. Zeiler & Fergus 2014,
"Visualizing and Understanding Convolutional Networks", section 4.2, with the cells of the primitive grid as the
patches: it needs the exported file alone.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.errors import near_misses
from glyphlens.evaluation.pages import records
from glyphlens.evaluation.pictures import Heat
from glyphlens.inference.recognizer import GEOMETRY, RASTER
from glyphlens.tracks.arabic.evaluation.outcomes import Reader

CELL_PX = 8


def occlusion_map(
    reader: Reader, image_HW: NDArray[np.uint8], geometry_F: NDArray[np.float32], class_index: int
) -> NDArray[np.float64]:
    """(R, C) probability of ``class_index`` with all cells minus that without the cell; 0 for cells without ink.

    Positive: the cell speaks for the class. Negative: it speaks against it. Raises InputError where the picture
    is not made of whole cells.
    """
    height, width = image_HW.shape
    if height % CELL_PX or width % CELL_PX:
        raise InputError(f"picture of {height}×{width} px is not made of {CELL_PX}×{CELL_PX} px cells")
    cells = image_HW.reshape(height // CELL_PX, CELL_PX, width // CELL_PX, CELL_PX)
    inked = np.argwhere(cells.any(axis=(1, 3)))
    views = np.repeat(image_HW[None], len(inked) + 1, axis=0)
    for view, (row, column) in zip(views[1:], inked, strict=True):
        view[row * CELL_PX : (row + 1) * CELL_PX, column * CELL_PX : (column + 1) * CELL_PX] = 0
    geometry = np.repeat(geometry_F[None].astype(np.float32), len(views), axis=0)
    probability = reader.probabilities({RASTER: views, GEOMETRY: geometry})[:, class_index].astype(np.float64)
    heat_RC = np.zeros((height // CELL_PX, width // CELL_PX))
    heat_RC[inked[:, 0], inked[:, 1]] = probability[0] - probability[1:]
    return heat_RC


def near_miss_heats(
    reader: Reader, samples: SampleSet, outcomes: pd.DataFrame, geometry_NF: NDArray[np.float32], shown: int
) -> list[Heat]:
    """Occlusion maps of the nearest misses; ``geometry_NF`` belongs to the rows of ``outcomes``."""
    heats = []
    numbered = outcomes.assign(position=np.arange(len(outcomes)))
    for miss in records(near_misses(numbered, shown)):
        image_HW = samples.images(np.array([miss["row"]]))[0]
        heat_RC = occlusion_map(reader, image_HW, geometry_NF[miss["position"]], miss["class_index"])
        truth, guess = 100 * miss["true_probability"], 100 * miss["confidence"]
        note = f"{miss['group']}\ntruth {truth:.0f} %, guess {guess:.0f} %"
        heats.append(Heat(image_HW, heat_RC, miss["label"], miss["predicted_label"], note))
    return heats
