"""Temperature scaling: the one number that makes a model's confidence mean what it says (Guo et al. 2017,
arXiv:1706.04599, section 4.2).

N samples · C classes
"""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from scipy.optimize import minimize_scalar

from glyphlens.core.errors import InputError
from glyphlens.export.onnx_parts import FLOAT, Shape, make_piece

TEMPERATURE = "temperature/value"  # the graph's constant that holds it
LOWEST, HIGHEST = 0.05, 20.0  # beyond it the logits, not their scale, are at fault
TOLERANCE = 1e-6


def fit_temperature(logits_NC: NDArray[np.floating[Any]], classes_N: NDArray[np.integer[Any]]) -> float:
    """The T in .05 … 20 that minimises the mean negative log-likelihood of softmax(logits / T).

    Raises InputError without samples, for a class outside 0 … C-1, and for logits that are not finite.
    """
    if logits_NC.ndim != 2 or not len(logits_NC) or classes_N.shape != logits_NC.shape[:1]:
        raise InputError(
            f"temperature: logits {logits_NC.shape} and classes {classes_N.shape} are not (N, C) and (N,), N ≥ 1"
        )
    if classes_N.min() < 0 or classes_N.max() >= logits_NC.shape[1]:
        raise InputError(
            f"temperature: classes {classes_N.min()} … {classes_N.max()}, expected 0 … {logits_NC.shape[1] - 1}"
        )
    if not np.isfinite(logits_NC).all():
        raise InputError("temperature: logits are not finite; the model that gave them is broken")
    centred_NC = logits_NC - logits_NC.max(axis=1, keepdims=True)
    best = minimize_scalar(
        lambda log_t: negative_log_likelihood(centred_NC, classes_N, float(np.exp(log_t))),
        bounds=(np.log(LOWEST), np.log(HIGHEST)),
        method="bounded",
        options={"xatol": TOLERANCE},
    )
    return float(np.exp(best.x))


def negative_log_likelihood(
    logits_NC: NDArray[np.floating[Any]], classes_N: NDArray[np.integer[Any]], temperature: float
) -> float:
    """Mean -log softmax(logits / temperature) at the true classes, in nats."""
    scaled_NC = logits_NC / temperature
    scaled_NC -= scaled_NC.max(axis=1, keepdims=True)
    total_N = np.log(np.exp(scaled_NC).sum(axis=1, dtype=np.float64))
    own_N = scaled_NC[np.arange(len(classes_N)), classes_N]
    return float(np.mean(total_N - own_N))


def temperature_piece(classes: int) -> onnx.ModelProto:
    """``raw_logits`` float (N, C) → ``logits`` float (N, C), temperature 1."""
    node = helper.make_node("Div", ["raw_logits", "value"], ["logits"])
    shape: Shape = ["batch", classes]
    ends_in, ends_out = {"raw_logits": (FLOAT, shape)}, {"logits": (FLOAT, shape)}
    return make_piece("temperature", [node], ends_in, ends_out, {"value": np.array(1, np.float32)})


def with_temperature(model: onnx.ModelProto, temperature: float) -> onnx.ModelProto:
    """The same graph with its logits divided by ``temperature``; raises ValueError where that is no positive number."""
    if not (np.isfinite(temperature) and temperature > 0):
        raise ValueError(f"temperature {temperature} is not a positive number")
    scaled = onnx.ModelProto()
    scaled.CopyFrom(model)
    place = next(constant for constant in scaled.graph.initializer if constant.name == TEMPERATURE)
    place.CopyFrom(numpy_helper.from_array(np.array(temperature, np.float32), TEMPERATURE))
    return scaled
