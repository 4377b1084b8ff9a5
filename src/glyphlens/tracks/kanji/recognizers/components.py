"""The components of every class as one table of fixed width, for recognisers that name them.

Y classes · K slots
"""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from glyphlens.sources.structure import Structure


def component_table(structure: "Structure", classes: int, components: int, slots: int) -> Tensor:
    """(Y, K) int64: the numbers of each class's components in writing order, then ``components`` for "none".

    Of a class with more than ``slots`` the first ones and its last are kept: characters of the same components differ
    in their last one. Raises ValueError where ``structure`` has not as many classes and components as stated.
    """
    found = (len(structure.sequences), len(structure.components))
    if found != (classes, components):
        raise ValueError(f"structure of {found} classes and components, the network is for {(classes, components)}")
    table_YK = torch.full((classes, slots), components)
    for row_K, sequence in zip(table_YK, structure.sequences, strict=True):
        kept = sequence if len(sequence) <= slots else (*sequence[: slots - 1], sequence[-1])
        row_K[: len(kept)] = torch.tensor(kept)
    return table_YK
