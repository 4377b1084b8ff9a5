"""Labels that fonts draw alike: which of them are one class.

L labels · S samples (a label in a font) · F fonts
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components


def merge_lookalikes(
    label_S: NDArray[np.int64],
    font_S: NDArray[np.int64],
    shape_S: NDArray[np.int64],
    *,
    share: float,
    min_fonts: int,
) -> NDArray[np.int64]:
    """(L,) for every label number the lowest label of its class; L = highest label number + 1.

    Two labels are one class when their shapes are equal in at least ``share`` of the fonts that have both and at least
    ``min_fonts`` fonts have both; classes are the connected components of that relation. A font has a label once;
    ``shape_S`` numbers are equal where outlines are.
    """
    count = int(label_S.max(initial=-1)) + 1
    if not count:
        return np.empty(0, np.int64)
    both_LL = _common(label_S, font_S, count)
    _, font_and_shape_S = np.unique(np.stack([font_S, shape_S]), axis=1, return_inverse=True)
    equal_LL = _common(label_S, font_and_shape_S.reshape(-1), count).tocoo()
    first, second = equal_LL.coords
    common = np.asarray(both_LL[first, second]).reshape(-1)
    alike = (common >= min_fonts) & (equal_LL.data >= share * common)
    relation_LL = coo_array((np.ones(int(alike.sum()), np.int8), (first[alike], second[alike])), shape=(count, count))
    _, component_L = connected_components(relation_LL, directed=False)
    lowest = np.full(count, count, np.int64)
    np.minimum.at(lowest, component_L, np.arange(count))
    merged_L: NDArray[np.int64] = lowest[component_L]
    return merged_L


def _common(label_S: NDArray[np.int64], place_S: NDArray[np.int64], count: int) -> csr_array:
    """(L, L) number of places that two labels share."""
    places = int(place_S.max(initial=-1)) + 1
    incidence_LP = csr_array((np.ones(len(label_S), np.int32), (label_S, place_S)), shape=(count, places))
    return csr_array(incidence_LP @ incidence_LP.T)
