"""The three parts of the glyphs: Arabic script, what stands beside it in fonts, and what is to be refused."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.data.sample_set import SampleSet
from glyphlens.data.splits import FEWEST_GROUPS, GroupSplit, split_groups
from glyphlens.sources.companion_scripts import OTHER, SCRIPTS
from glyphlens.tracks.arabic.glyphs.other_glyphs import MISSING, kind_of_name

ARABIC, COMPANIONS, REFUSED = PARTS = ("arabic", "companions", "refused")


def parts_of(char_classes: "pd.Series[str]") -> NDArray[np.object_]:
    """The part of each row, by its ``char_class``."""
    companion_N, other_N = char_classes.isin(SCRIPTS).to_numpy(), (char_classes == OTHER).to_numpy()
    return np.select([companion_N, other_N], [COMPANIONS, REFUSED], ARABIC).astype(object)


def part_rows(samples: SampleSet, split: str, part: str = ARABIC) -> NDArray[np.int64]:
    """The rows of a split that belong to a part."""
    rows = samples.rows(split)
    chosen: NDArray[np.int64] = rows[parts_of(samples.index["char_class"].iloc[rows]) == part]
    return chosen


def arabic_families(index: pd.DataFrame) -> set[str]:
    """The families (column ``group``) that have glyphs of Arabic script."""
    return set(index.loc[parts_of(index["char_class"]) == ARABIC, "group"])


def split_families(glyphs: pd.DataFrame, val_share: float, test_share: float) -> GroupSplit:
    """Families by what they have, each kind by itself: those of Arabic script are split as if there were no others.

    ``glyphs`` has ``family``, ``char_class`` and ``alt_label``. A kind of fewer than three families is training as a
    whole, unless it is Arabic.
    """
    families = _kinds(glyphs)
    splits = []
    for kind in sorted(set(families)):
        names = families.index[families == kind].tolist()
        is_split = kind == ARABIC or len(names) >= FEWEST_GROUPS
        splits.append(split_groups(names, val_share, test_share) if is_split else GroupSplit(tuple(names), (), ()))
    return GroupSplit(*(tuple(sorted(sum(members, ()))) for members in zip(*map(_sides, splits), strict=True)))


def _sides(split: GroupSplit) -> tuple[tuple[str, ...], ...]:
    return split.train, split.val, split.test


def _kinds(glyphs: pd.DataFrame) -> "pd.Series[str]":
    """By family: arabic, companions, or the kind of most of its glyphs."""
    part = parts_of(glyphs["char_class"])
    names = pd.Series([kind_of_name(name) for name in glyphs["alt_label"]], index=glyphs.index)
    kind = pd.Series(part, index=glyphs.index).where(part != REFUSED, names)
    rank = kind.map({ARABIC: 0, COMPANIONS: 1, MISSING: 3}).fillna(2)
    table = pd.DataFrame({"family": glyphs["family"], "kind": kind, "rank": rank})
    return table.sort_values(["rank", "kind"], kind="stable").groupby("family")["kind"].first()
