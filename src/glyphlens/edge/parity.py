"""The gate of an edge file: it must decide as the released ONNX file does, on real samples.

N samples
"""

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from pydantic import Field

from glyphlens.core.errors import InputError
from glyphlens.core.params import Section
from glyphlens.edge.model import Decisions, EdgeModel
from glyphlens.edge.worker import Arrays
from glyphlens.evaluation.edits import edit_count


class EdgeParams(Section):
    """The section ``edge`` of params.yaml: see there."""

    samples: int = Field(ge=1)
    min_agreement: float = Field(gt=0, le=1)
    most_seconds: int = Field(ge=1)


class Parity(NamedTuple):
    """Shares of N samples' decisions, or of the characters of their texts: ``agreement`` of those that are the released
    file's, ``right`` of those that are true, and ``released_right`` of the released file's that are."""

    agreement: float
    right: float
    released_right: float


def alike(first: Sequence[Decisions], second: Sequence[Decisions], *, is_text: bool = False) -> float:
    """The share of the decisions of ``first`` that ``second`` has too: at the same step, or, of texts, one minus edits
    per character, 0 at the least.

    Raises InputError where there is none, or not as many.

    >>> alike([["a", "b"], ["c"]], [["a", "x"], ["c"]]), alike([list("abcd")], [list("bcd")], is_text=True)
    (0.6666666666666666, 0.75)
    """
    total = sum(map(len, first))
    if len(first) != len(second) or not total:
        raise InputError(f"parity: {len(first)} and {len(second)} samples with {total} decisions cannot be compared")
    if is_text:
        edits = sum(edit_count(own, other) for own, other in zip(first, second, strict=True))
        return max(0.0, 1 - edits / total)
    for number, (own, other) in enumerate(zip(first, second, strict=True)):
        if len(own) != len(other):
            raise InputError(f"parity: sample {number} has {len(own)} decisions in one file, {len(other)} in the other")
    pairs = zip(chain(*first), chain(*second), strict=True)
    return sum(own == other for own, other in pairs) / total


def parity_of(model: EdgeModel, released: Sequence[Arrays], converted: Sequence[Arrays]) -> Parity:
    """Of the outputs for all samples of ``model``. Raises InputError where outputs are missing, of another shape than
    the released file's, or not finite: no number of such a file means anything."""
    if len(released) != len(converted):
        raise InputError(f"{len(converted)} answers to {len(released)} samples")
    for number, (own, other) in enumerate(zip(released, converted, strict=True)):
        _require_like(number, own, other)
    decided, found = model.decisions(released), model.decisions(converted)
    return Parity(
        alike(decided, found, is_text=model.is_text),
        alike(model.truths, found, is_text=model.is_text),
        alike(model.truths, decided, is_text=model.is_text),
    )


def refusal(parity: Parity, params: EdgeParams) -> str:
    """Why a file is refused; "" where it is not."""
    if parity.agreement >= params.min_agreement:
        return ""
    return f"agrees with the released file on {parity.agreement:.2%}, at least {params.min_agreement:.2%} is asked for"


def _require_like(number: int, released: Arrays, converted: Arrays) -> None:
    for name, expected in released.items():
        found = converted.get(name)
        if found is None:
            raise InputError(f"sample {number}: no output {name}, found {', '.join(converted) or 'none'}")
        if found.shape != expected.shape:
            raise InputError(f"sample {number}: {name} {found.shape}, the released file gives {expected.shape}")
        if not np.isfinite(found).all():
            raise InputError(f"sample {number}: {name} is not finite")
