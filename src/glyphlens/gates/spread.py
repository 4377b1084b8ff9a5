"""A few rows out of many, the same ones in every run."""

import numpy as np
from numpy.typing import NDArray


def spread(count: int, wanted: int) -> NDArray[np.int64]:
    """At most ``wanted`` of the numbers 0 … count − 1, evenly spread and ascending, first and last among them."""
    return np.unique(np.linspace(0, count - 1, min(wanted, count)).astype(np.int64))
