"""A training whose numbers are no longer finite stops there, and neither a state nor best weights are made of them."""

import math
from collections.abc import Mapping
from typing import NamedTuple

from torch import Tensor

from glyphlens.core.errors import DivergenceError

ADVICE = (
    "the same settings come to the same end, also from an earlier state: lower `lr`, raise `warmup_share`, lower "
    "`clip`, set `precision` to 32-true where it is bf16-mixed, or look for broken samples where it is an early step"
)


class StepNumbers(NamedTuple):
    """What tells whether a step went well. ``gradient_norm``: before clipping, finite only where every gradient is."""

    step: int
    lr: float
    loss: Tensor
    gradient_norm: Tensor


def require_finite_step(stage: str, numbers: StepNumbers) -> None:
    """Raise DivergenceError for a step whose loss or gradient is not finite; waits for the device to have made it."""
    loss, gradient_norm = float(numbers.loss), float(numbers.gradient_norm)
    if not (math.isfinite(loss) and math.isfinite(gradient_norm)):
        raise DivergenceError(
            f"{stage}: step {numbers.step}: the loss is {loss:g} and the norm of its gradient {gradient_norm:g}, at a "
            f"learning rate of {numbers.lr:.3g}; {ADVICE}"
        )


def require_finite_scores(stage: str, step: int, scores: Mapping[str, float]) -> None:
    """Raise DivergenceError for a validation with a score that is not finite."""
    bad = [f"{name} is {value:g}" for name, value in scores.items() if not math.isfinite(value)]
    if bad:
        raise DivergenceError(f"{stage}: validation after step {step}: {', '.join(bad)}; {ADVICE}")


def require_finite_weights(stage: str, step: int, weights: Mapping[str, Tensor]) -> None:
    """Raise DivergenceError for weights that no state may be made of."""
    bad = [name for name, tensor in weights.items() if tensor.is_floating_point() and not tensor.isfinite().all()]
    if bad:
        raise DivergenceError(
            f"{stage}: step {step}: {len(bad)} of {len(weights)} tensors of the network are not finite, the first is "
            f"{bad[0]}; {ADVICE}"
        )
