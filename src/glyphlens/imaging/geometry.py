"""Where and how large a glyph is relative to the em: six numbers beside the picture, which was scaled to its canvas.

G glyphs · F = 7 features
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

GEOMETRY = ("em_left", "em_right", "em_bottom", "em_top", "em_advance", "em_major")
FEATURES = len(GEOMETRY) + 1


def em_geometry(
    boxes_G4: NDArray[np.float64], advances_G: NDArray[np.float64], upem_G: NDArray[np.float64]
) -> NDArray[np.float32]:
    """(G, 6) float32 columns of GEOMETRY from boxes (min_x, min_y, max_x, max_y) and advances in font units.

    An advance that is not known (NaN) counts as 0.
    """
    left, bottom, right, top = boxes_G4.T
    major = np.maximum(right - left, top - bottom)
    columns = (left, right, bottom, top, np.nan_to_num(advances_G), major)
    return (np.stack(columns, axis=1) / upem_G[:, None]).astype(np.float32)


def mark_known(geometry_G6: NDArray[np.float32]) -> NDArray[np.float32]:
    """(…, 7): the six and a last 1 = known. All seven 0 stand for a picture of unknown geometry."""
    known = np.ones((*geometry_G6.shape[:-1], 1), np.float32)
    return np.concatenate([geometry_G6.astype(np.float32, copy=False), known], axis=-1)


def geometry_features(frame: pd.DataFrame) -> NDArray[np.float32]:
    """(G, 7) float32 network input from the GEOMETRY columns of a rasters index."""
    return mark_known(frame[list(GEOMETRY)].to_numpy(np.float32))
