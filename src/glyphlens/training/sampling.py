"""Which training samples a step shows: drawn with replacement, rare classes more often than they occur."""

import numpy as np
from numpy.typing import NDArray


class BalancedSampler:
    """Draws positions 0..T-1 with probability ∝ (glyphs of the same class) ** -balance.

    ``balance`` 0 draws every glyph alike, 1 every class alike. A font that has a rare letter has it once, like a common
    one, so classes that few fonts have would otherwise be guessed too seldom.
    """

    def __init__(self, classes_T: NDArray[np.int64], balance: float, seed: int) -> None:
        counts_T = np.bincount(classes_T)[classes_T].astype(np.float64)
        self.cumulative_T = np.cumsum(counts_T**-balance)
        self.seed = seed

    def generator(self, step: int) -> np.random.Generator:
        """The generator of one step."""
        return np.random.default_rng([self.seed, step])

    def draw(self, count: int, generator: np.random.Generator) -> NDArray[np.int64]:
        """(count,) positions."""
        places = generator.random(count) * self.cumulative_T[-1]
        positions: NDArray[np.int64] = np.searchsorted(self.cumulative_T, places, side="right")
        return positions
