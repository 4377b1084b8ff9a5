"""How well cells are named: the network beside thresholding and exact lookup, by how common a primitive is.

N cells · K primitives, id 0 the empty cell
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Ids = NDArray[np.int64]
BUCKETS = 5


class PrimitiveScores(NamedTuple):
    """Shares in 0..1: all cells, cells with a true id > 0, and empty cells that were given an id > 0."""

    accuracy: float
    nonempty_accuracy: float
    empty_fpr: float


def primitive_scores(predicted_N: Ids, true_N: Ids) -> PrimitiveScores:
    """Score predicted ids against the ids of the clean cells; NaN where there is no such cell."""
    hits = predicted_N == true_N
    inked = true_N > 0
    return PrimitiveScores(_share(hits), _share(hits[inked]), _share(predicted_N[~inked] > 0))


def _share(flags: NDArray[np.bool_]) -> float:
    return float(flags.mean()) if flags.size else float("nan")


def frequency_buckets(network_N: Ids, lookup_N: Ids, true_N: Ids) -> pd.DataFrame:
    """The inked cells in five buckets of equally many primitives, from the commonest to the rarest.

    Columns bucket (1 = commonest fifth of the primitives that occur), primitives, cells, network_accuracy,
    lookup_accuracy.
    """
    counts = np.bincount(true_N)
    counts[0] = 0
    ranked = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
    bucket_K = np.zeros(len(counts), np.int64)
    bucket_K[ranked] = 1 + np.arange(len(ranked)) * BUCKETS // max(len(ranked), 1)
    inked = true_N > 0
    cells = pd.DataFrame(
        {
            "bucket": bucket_K[true_N[inked]],
            "network": (network_N == true_N)[inked],
            "lookup": (lookup_N == true_N)[inked],
            "id": true_N[inked],
        }
    )
    table = cells.groupby("bucket").agg(
        primitives=("id", "nunique"),
        cells=("id", "size"),
        network_accuracy=("network", "mean"),
        lookup_accuracy=("lookup", "mean"),
    )
    return table.round(4).reset_index()


def primitive_confusions(predicted_N: Ids, true_N: Ids, count: int) -> pd.DataFrame:
    """The commonest wrong pairs: true_id, predicted_id, cells."""
    wrong = predicted_N != true_N
    pairs = pd.DataFrame({"true_id": true_N[wrong], "predicted_id": predicted_N[wrong]})
    table = pairs.value_counts().rename("cells").reset_index()
    ordered = table.sort_values(["cells", "true_id", "predicted_id"], ascending=[False, True, True])
    return ordered.head(count).reset_index(drop=True)
