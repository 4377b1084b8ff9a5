"""How far apart similarities of pairs of one label and of pairs of two are."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

BINS = 80
EVERY = 61  # of the pairs of two labels one in so many is counted for the picture
EDGES = np.linspace(-0.2, 1.0, BINS + 1)


class Separation(NamedTuple):
    """Mean cosine of pairs of one label and of two, the effect size (Cohen's d), and shares by EDGES."""

    same_mean: float
    other_mean: float
    effect: float
    same_B: NDArray[np.float64]
    other_B: NDArray[np.float64]

    @property
    def difference(self) -> float:
        """How much nearer glyphs of one label are."""
        return self.same_mean - self.other_mean


@dataclass
class PairCounts:
    """Sums over all pairs so far: count, sum, sum of squares."""

    all_3: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))
    same_3: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))
    all_B: NDArray[np.float64] = field(default_factory=lambda: np.zeros(BINS))
    same_B: NDArray[np.float64] = field(default_factory=lambda: np.zeros(BINS))

    def add(self, similarity_N: NDArray[np.float32], own_n: NDArray[np.float32]) -> None:
        """The pairs of one query: with all glyphs, and with those of its label among them."""
        self.all_3 += _sums(similarity_N)
        self.same_3 += _sums(own_n)
        self.all_B += np.histogram(similarity_N[::EVERY], EDGES)[0]
        self.same_B += np.histogram(own_n, EDGES)[0]

    def separation(self) -> Separation:
        """What the sums come to; the effect is 0 where nothing varies, and means are NaN of no pairs."""
        same_mean, same_variance = _moments(self.same_3)
        other_mean, other_variance = _moments(self.all_3 - self.same_3)
        spread = float(np.sqrt((same_variance + other_variance) / 2))
        effect = (same_mean - other_mean) / spread if spread > 0 else 0.0
        other_B = np.maximum(self.all_B * EVERY - self.same_B, 0)
        return Separation(same_mean, other_mean, effect, _shares(self.same_B), _shares(other_B))


def _sums(values: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.array([len(values), values.sum(dtype=np.float64), float(values @ values)])


def _moments(sums_3: NDArray[np.float64]) -> tuple[float, float]:
    count, total, squares = sums_3
    if count < 1:
        return float("nan"), float("nan")
    return float(total / count), max(0.0, float(squares / count - (total / count) ** 2))


def _shares(counts_B: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(counts_B / max(1.0, float(counts_B.sum())), np.float64)
