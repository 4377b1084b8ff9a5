"""Reliability table: how often a recogniser is right when it says it is p sure.

Bins have equal width: bin b of B holds the confidences in [b/B, (b+1)/B), the last one also 1.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.core.errors import InputError

TOLERANCE = 1e-5  # float32 softmax rows may exceed 1 by rounding


def reliability_bins(confidence_N: NDArray[np.floating[Any]], hits_N: NDArray[np.bool_], bins: int) -> pd.DataFrame:
    """One row a bin: lower, upper, samples, confidence (mean), accuracy; the last two are NaN in an empty bin.

    Raises InputError for fewer than one bin and for a confidence outside 0 … 1 or NaN.
    """
    if bins < 1:
        raise InputError(f"evaluate.calibration_bins: {bins}, needs at least 1")
    wrong = np.flatnonzero(~((confidence_N >= -TOLERANCE) & (confidence_N <= 1 + TOLERANCE)))
    if wrong.size:
        raise InputError(f"row {int(wrong[0])}: confidence {confidence_N[wrong[0]]} is not a probability (0 … 1)")
    confidence = np.clip(confidence_N.astype(float), 0, 1)
    place = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    samples = np.bincount(place, minlength=bins)
    return pd.DataFrame(
        {
            "lower": np.arange(bins) / bins,
            "upper": np.arange(1, bins + 1) / bins,
            "samples": samples,
            "confidence": _means(place, confidence, samples),
            "accuracy": _means(place, hits_N.astype(float), samples),
        }
    )


def calibration_error(bins: pd.DataFrame) -> float:
    """Expected calibration error of a reliability table, NaN for no sample.

    Mean distance between confidence and accuracy, weighted by the samples of the bins. Guo et al. 2017, "On
    Calibration of Modern Neural Networks", equation 3.
    """
    filled = bins[bins["samples"] > 0]
    gaps = (filled["accuracy"] - filled["confidence"]).abs() * filled["samples"]
    return float(gaps.sum() / filled["samples"].sum()) if len(filled) else float("nan")


def _means(place: NDArray[np.int64], values: NDArray[np.float64], samples: NDArray[np.int64]) -> NDArray[np.float64]:
    """(B,) mean of ``values`` in each bin, NaN where the bin is empty."""
    result = np.full(len(samples), np.nan)
    sums = np.bincount(place, weights=values, minlength=len(samples))
    np.divide(sums, samples, out=result, where=samples > 0)
    return result
