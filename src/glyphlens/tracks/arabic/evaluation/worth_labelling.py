"""Which glyphs are most worth a person's look: doubtful, unlike what is known, and like many others.

Settles 2009, "Active Learning Literature Survey": uncertainty sampling weighed by information density.
N glyphs · C classes · E numbers of an embedding of length 1
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ALIKE = 0.96  # cosine from which one glyph stands for another: the same letter in another weight of its family
COVERED = 0.1  # what a glyph is still worth when one that stands for it was chosen
BLOCK = 1024  # glyphs compared with all others at a time


class Worth(NamedTuple):
    """(N,) each: entropy of the answer in nats, 1 − cosine to what is known, and how many glyphs each stands for."""

    entropy_N: NDArray[np.float64]
    novelty_N: NDArray[np.float64]
    stands_for_N: NDArray[np.int64]

    @property
    def worth_N(self) -> NDArray[np.float64]:
        """The product of the three."""
        return self.entropy_N * self.novelty_N * self.stands_for_N


def worth_of(
    probabilities_NC: NDArray[np.floating], novelty_N: NDArray[np.floating], alike: Sequence[NDArray[np.int64]]
) -> Worth:
    """What each glyph is worth; ``alike`` as ``alike_glyphs`` gives it."""
    powers_NC = probabilities_NC.astype(np.float64)
    entropy_N = -(powers_NC * np.log(np.maximum(powers_NC, 1e-12))).sum(axis=1)
    novelty = np.maximum(novelty_N.astype(np.float64), 0.0)
    return Worth(np.maximum(entropy_N, 0.0), novelty, np.array([len(rows) for rows in alike], np.int64))


def alike_glyphs(vectors_NE: NDArray[np.float32], least: float = ALIKE) -> list[NDArray[np.int64]]:
    """Of every glyph the glyphs that it stands for, itself among them."""
    found = []
    for start in range(0, len(vectors_NE), BLOCK):
        near_BN = vectors_NE[start : start + BLOCK] @ vectors_NE.T >= least
        near_BN[np.arange(len(near_BN)), np.arange(start, start + len(near_BN))] = True
        found += [np.flatnonzero(row) for row in near_BN]
    return found


def most_worth(worth_N: NDArray[np.floating], alike: Sequence[NDArray[np.int64]], count: int) -> NDArray[np.int64]:
    """The glyphs to ask about, best first; those that a chosen one stands for are put back."""
    left_N, chosen = worth_N.astype(np.float64), []
    for _ in range(min(count, len(left_N))):
        best = int(left_N.argmax())
        chosen.append(best)
        left_N[alike[best]] *= COVERED
        left_N[best] = -np.inf
    return np.array(chosen, np.int64)
