"""Splits by group: a font family or a writer is wholly on one side, decided by its name alone."""

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.errors import InputError


@dataclass(frozen=True)
class GroupSplit:
    """Names of the groups on each side, each sorted."""

    train: tuple[str, ...]
    val: tuple[str, ...]
    test: tuple[str, ...]

    def of(self, groups: Sequence[str]) -> NDArray[np.object_]:
        """The side of each group in a column; raises KeyError for a group that was not split."""
        side = {group: name for name, members in asdict(self).items() for group in members}
        return np.array([side[group] for group in groups], dtype=object)

    def manifest(self) -> dict[str, list[str]]:
        """The content of splits.json."""
        return {name: list(members) for name, members in asdict(self).items()}


def split_groups(groups: Iterable[str], val_share: float, test_share: float) -> GroupSplit:
    """Rank groups by the SHA-256 of their names: the first are test, the next validation, the rest training.

    Ranks, not thresholds, so that the shares hold with few groups; both are rounded up to whole groups and at least
    one. Raises InputError where no group would be left for training.
    """
    ranked = sorted(set(groups), key=lambda group: hashlib.sha256(group.encode()).hexdigest())
    test = _whole_groups(test_share, len(ranked))
    val = _whole_groups(val_share, len(ranked))
    if test + val >= len(ranked):
        raise InputError(
            f"{len(ranked)} groups cannot be split into {test} for test, {val} for validation and the rest for "
            "training; at least 3 families are needed, add fonts or lower val_share and test_share"
        )
    return GroupSplit(
        train=tuple(sorted(ranked[test + val :])),
        val=tuple(sorted(ranked[test : test + val])),
        test=tuple(sorted(ranked[:test])),
    )


def _whole_groups(share: float, count: int) -> int:
    return max(1, math.ceil(round(share * count, 9)))
