"""A line is seen relative to itself: its own mean and deviation are taken away, whatever the gain of the instrument.

N scans · L lines · S samples of a line
"""

import numpy as np
from numpy.typing import NDArray


def standardized(lines_NLS: NDArray[np.float32]) -> NDArray[np.float32]:
    """(…, S) lines in any unit → float32 of the same shape, each line with mean 0 and deviation 1.

    A line of one value becomes zeros, and so does a missing line: one with NaN or an infinite value anywhere.
    """
    missing_NL1 = ~np.isfinite(lines_NLS).all(axis=-1, keepdims=True)
    known_NLS = np.where(missing_NL1, 0, lines_NLS).astype(np.float64)
    flat_NL1 = known_NLS.max(axis=-1, keepdims=True) == known_NLS.min(axis=-1, keepdims=True)
    known_NLS -= known_NLS.mean(axis=-1, keepdims=True)
    deviation_NL1 = np.where(flat_NL1, 1, known_NLS.std(axis=-1, keepdims=True))
    return np.where(flat_NL1, 0, known_NLS / deviation_NL1).astype(np.float32)
