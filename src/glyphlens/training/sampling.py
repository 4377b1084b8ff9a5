"""Which training glyphs a step shows: drawn with replacement, families of many fonts held back."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray


class GlyphSampler:
    """Draws positions 0..T-1 with probability ∝ (glyphs of the same family) ** -balance.

    ``balance`` 0 draws every glyph alike, 1 every family alike.
    """

    def __init__(self, groups: "pd.Series[str]", balance: float, seed: int) -> None:
        sizes = groups.groupby(groups).transform("size").to_numpy(np.float64)
        self.cumulative = np.cumsum(sizes**-balance)
        self.seed = seed

    def generator(self, step: int) -> np.random.Generator:
        """The generator of one step."""
        return np.random.default_rng([self.seed, step])

    def draw(self, count: int, generator: np.random.Generator) -> NDArray[np.int64]:
        """(count,) positions."""
        return np.searchsorted(self.cumulative, generator.random(count) * self.cumulative[-1], side="right")
