"""What a producer of kanji samples hands over: prepared pictures, a row for each, and strokes where it knows them.

N samples · H×W = 64×64 pixels · M samples with strokes · S = 24 strokes · F = 17 numbers a stroke
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

PRODUCED_COLUMNS = ("label", "group", "source", "set", "file", "record", "writer", "code", "quality", "sex", "age")
STROKES, STROKE_POINTS = 24, 8
STROKE_NUMBERS = 2 * STROKE_POINTS + 1


@dataclass(frozen=True)
class Produced:
    """``pixels_NHW`` uint8, 255 is ink; ``index`` has PRODUCED_COLUMNS (docs/DATA.md); ``stroke_rows_M`` ascending."""

    pixels_NHW: NDArray[np.uint8]
    index: pd.DataFrame
    strokes_MSF: NDArray[np.float32]
    stroke_rows_M: NDArray[np.int64]
