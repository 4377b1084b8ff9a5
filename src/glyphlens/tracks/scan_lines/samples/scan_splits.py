"""Scans → four disjoint sets: training, validation, test, and the calibration of when to stop.

N scans · L lines of each
"""

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.data.pictures import CHUNK, HASH_DIGITS
from glyphlens.data.sample_set import CharacterClass
from glyphlens.data.splits import split_by_source
from glyphlens.tracks.scan_lines.samples.scan_params import ScanSampleParams
from glyphlens.tracks.scan_lines.samples.scan_set import LinePictures
from glyphlens.tracks.scan_lines.samples.sources import SCAN, ScanAudit, Scanned

CALIBRATION = "calibration"
# In this order a picture stays where it is first: what was learnt is not tested.
SIDES = ("train", "val", CALIBRATION, "test")
FEWEST_CLASSES = 2
LOWER_LIMITS = "lower both scan_samples.min_train_groups and gates.scan_samples.min_train_groups in params.yaml"
REPEATED, FEW_GROUPS = "the same lines stand in another split", "class with too few groups in training"


class SplitScans(NamedTuple):
    """``numbers_N`` of the scans that are kept, ascending; ``table`` is theirs, with ``split`` and ``image_hash``."""

    numbers_N: NDArray[np.int64]
    table: pd.DataFrame
    classes: list[CharacterClass]
    manifest: dict[str, list[str]]
    left_out: list[ScanAudit]


def split_groups_of_scans(groups: Iterable[str], params: ScanSampleParams) -> dict[str, str]:
    """Group → one of SIDES; ``writer/003``, ``font/yomogi`` say their kind first, and each kind is on all four sides.

    Test and validation are those of ``split_by_source``. Of the other groups of a kind that is tested the first by the
    SHA-256 of their names are for calibration. Raises InputError where there are too few groups for all sides.
    """
    names = sorted(set(groups))
    needed = (
        f"at least {len(SIDES)} groups of one kind are needed, one each for {', '.join(SIDES)}; a group is a writer, "
        "a font, or a sub-folder of your classes"
    )
    if len(names) < len(SIDES):
        raise InputError(f"{len(names)} group(s) of scans ({', '.join(names)}), {needed}")
    split = split_by_source(names, params.val_share, params.test_share)
    sides = {group: side for side, members in split.manifest().items() for group in members}
    tested = {_kind(group) for group in split.test}
    for kind in sorted(tested):
        ranked = sorted((group for group in split.train if _kind(group) == kind), key=_rank)
        count = math.ceil(round(params.calibration_share * len(ranked), 9))
        sides |= dict.fromkeys(ranked[: min(count, len(ranked) - 1)], CALIBRATION)
    if CALIBRATION not in sides.values():
        raise InputError(f"{len(names)} groups leave none for calibration, {needed}")
    return sides


def split_scans(found: Scanned, params: ScanSampleParams) -> SplitScans:
    """Split by group, but for those that are ``calibrating``; then leave out the very lines of another split, and
    classes with too few groups in training.

    Raises InputError where fewer than two classes are left, and where one of the user's own classes has too few groups.
    """
    sides = split_groups_of_scans(set(found.table["group"]) - found.calibrating, params)
    sides |= dict.fromkeys(found.calibrating, CALIBRATION)
    table = found.table.assign(
        split=found.table["group"].map(sides), image_hash=picture_hashes(found.pictures, len(found.table))
    )
    repeated = repeats_across_splits(table)
    audit = _left_out(table[repeated], REPEATED)
    trained = table[~repeated & (table["split"] == "train")].groupby("label")["group"].nunique()
    few = table["label"].map(trained).fillna(0) < params.min_train_groups
    if few.any() and params.source == "scans":
        raise InputError(_too_few(table[few], params))
    audit += _left_out(table[few & ~repeated], FEW_GROUPS)
    kept = (~repeated & ~few).to_numpy()
    table = table[kept].reset_index(drop=True)
    classes = _classes(table["label"], found.classes)
    if len(classes) < FEWEST_CLASSES:
        raise InputError(
            f"{len(classes)} class(es) with {params.min_train_groups} groups or more in training, at least "
            f"{FEWEST_CLASSES} are needed; add classes or groups, or {LOWER_LIMITS}"
        )
    manifest = {side: sorted(set(table.loc[table["split"] == side, "group"])) for side in SIDES}
    return SplitScans(np.flatnonzero(kept), table, classes, manifest, audit)


def picture_hashes(pictures: LinePictures, count: int) -> list[str]:
    """The first HASH_DIGITS digits of the SHA-256 of the bytes of each of ``count`` pictures."""
    return [
        hashlib.sha256(picture_LS).hexdigest()[:HASH_DIGITS]
        for start in range(0, count, CHUNK)
        for picture_LS in pictures.images(np.arange(start, min(count, start + CHUNK)))
    ]


def repeats_across_splits(table: pd.DataFrame) -> "pd.Series[bool]":
    """The rows whose ``image_hash`` stands in an earlier one of SIDES too."""
    order = table["split"].map({side: number for number, side in enumerate(SIDES)})
    return order > order.groupby(table["image_hash"]).transform("min")


def numbered(table: pd.DataFrame, classes: Sequence[CharacterClass]) -> tuple[pd.DataFrame, list[CharacterClass]]:
    """Rows of one set, numbered, with ``class_index``; the same classes with the number of their samples in it."""
    numbers, counts = {entry.label: number for number, entry in enumerate(classes)}, table["label"].value_counts()
    first = {"sample_id": np.arange(len(table)), "class_index": table["label"].map(numbers).to_numpy(np.int64)}
    index = pd.concat([pd.DataFrame(first), table.reset_index(drop=True)], axis=1)
    return index, [replace(entry, count=int(counts.get(entry.label, 0))) for entry in classes]


def _classes(labels: "pd.Series[str]", known: Mapping[str, CharacterClass]) -> list[CharacterClass]:
    """The classes of these rows by label; look-alikes are those that are classes too."""
    present = set(labels)
    return [
        replace(known[label], lookalikes=tuple(each for each in known[label].lookalikes if each in present))
        for label in sorted(present)
    ]


def _left_out(table: pd.DataFrame, reason: str) -> list[ScanAudit]:
    """One row a file of the user's, one row a class otherwise."""
    named = table.assign(file=table["file"].where(table["source"] == SCAN, ""))
    counts = named.groupby(["label", "file"], sort=True).size().reset_index(name="count")
    return [
        ScanAudit(str(file), reason, str(label), count=int(count))
        for label, file, count in counts.itertuples(index=False, name=None)
    ]


def _too_few(table: pd.DataFrame, params: ScanSampleParams) -> str:
    groups = table.groupby("label")["group"].unique().map(lambda names: ", ".join(sorted(names)))
    listed = "; ".join(f"{label} ({names})" for label, names in groups.items())
    return (
        f"classes with fewer than {params.min_train_groups} groups in training (all groups of each): {listed}; "
        "a class of one group cannot be both learnt and tested: add scans of others, take the class away, or "
        f"{LOWER_LIMITS}"
    )


def _kind(group: str) -> str:
    return group.partition("/")[0]


def _rank(group: str) -> str:
    return hashlib.sha256(group.encode()).hexdigest()
