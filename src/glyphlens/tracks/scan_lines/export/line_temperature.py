"""The temperature of an answer after some lines: what the confidence of the first class says of its being right.

After a few lines many classes are as likely, and the likelihood of all of them, which a temperature is usually fitted
by, leaves the first one too sure of itself. Rules of stopping and people look at the first one alone.

N samples · C classes
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from glyphlens.export.temperature import HIGHEST, LOWEST, TOLERANCE, fit_temperature

SUREST = 1 - 1e-6  # of a confidence, so that one wrong answer is not infinitely bad


def fit_first_temperature(logits_NC: NDArray[np.floating[Any]], classes_N: NDArray[np.integer[Any]]) -> float:
    """The T in .05 … 20 under which the first class's probability best predicts, by logarithmic loss, that it is right.

    Where all first answers are right, or all wrong, it is that of ``fit_temperature``: any limit would fit best.
    Raises InputError as that does.
    """
    of_all = fit_temperature(logits_NC, classes_N)
    right_N = logits_NC.argmax(axis=1) == classes_N
    if right_N.all() or not right_N.any():
        return of_all
    below_NC = (logits_NC - logits_NC.max(axis=1, keepdims=True)).astype(np.float64)

    def loss(log_t: float) -> float:
        confidence_N = np.minimum(1 / np.exp(below_NC / np.exp(log_t)).sum(axis=1), SUREST)
        return float(-np.log(np.where(right_N, confidence_N, 1 - confidence_N)).mean())

    bounds = np.log(LOWEST), np.log(HIGHEST)
    best = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": TOLERANCE})
    return float(np.exp(best.x))
