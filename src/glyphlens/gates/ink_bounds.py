"""Where the ink of many pictures lies, and whether it is a plausible amount.

N images · H×W pixels
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.gates.check import Outcome, at_most, first_rows


def ink_bounds(rows_NH: NDArray[np.bool_], columns_NW: NDArray[np.bool_]) -> dict[str, NDArray[np.int64]]:
    """``top``, ``left``, ``bottom``, ``right`` of each picture in pixels, half-open; all 0 where there is no ink."""
    inked_N = rows_NH.any(axis=1)
    return {
        "top": rows_NH.argmax(axis=1),
        "left": columns_NW.argmax(axis=1),
        "bottom": (rows_NH.shape[1] - rows_NH[:, ::-1].argmax(axis=1)) * inked_N,
        "right": (columns_NW.shape[1] - columns_NW[:, ::-1].argmax(axis=1)) * inked_N,
    }


def ink_within(facts: pd.DataFrame, low: float, high: float, most_outside: float, *shown: str) -> Outcome:
    """At most a share of the pictures has a ``measured_ink_share`` outside ``low`` … ``high``."""
    outside = ~facts["measured_ink_share"].between(low, high)
    message = f"share of pictures with ink outside {low} … {high}; {outside.sum()} of them"
    rows = first_rows(facts, outside, *shown, "measured_ink_share")
    return at_most(float(outside.mean()), most_outside, message, rows)
