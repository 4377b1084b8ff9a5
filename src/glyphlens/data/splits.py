"""Splits by group: a font family or a writer is wholly on one side, decided by its name alone."""

import hashlib
import math
from collections.abc import Container, Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.errors import InputError

# A source with fewer groups than this cannot be on all three sides.
FEWEST_GROUPS = 3


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

    def restricted(self, groups: Container[str]) -> "GroupSplit":
        """Without the groups that are not among these."""
        return GroupSplit(*(tuple(group for group in members if group in groups) for members in asdict(self).values()))


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


def split_by_source(groups: Sequence[str], val_share: float, test_share: float) -> GroupSplit:
    """Each source by itself, so that all are learnt and tested: ``ETL9/0012``, ``font/klee-one`` say theirs first.

    A source with fewer than three groups is training as a whole, unless there is no other.
    """
    sources: dict[str, list[str]] = {}
    for group in groups:
        sources.setdefault(group.partition("/")[0], []).append(group)
    large = {name: names for name, names in sources.items() if len(names) >= FEWEST_GROUPS}
    if not large:
        return split_groups(groups, val_share, test_share)
    splits = [split_groups(names, val_share, test_share) for names in large.values()]
    small = [group for name, names in sources.items() if name not in large for group in names]
    return GroupSplit(
        train=tuple(sorted([*small, *(group for split in splits for group in split.train)])),
        val=tuple(sorted(group for split in splits for group in split.val)),
        test=tuple(sorted(group for split in splits for group in split.test)),
    )


def _whole_groups(share: float, count: int) -> int:
    return max(1, math.ceil(round(share * count, 9)))
