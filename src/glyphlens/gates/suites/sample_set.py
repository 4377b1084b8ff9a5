"""Checks of sample sets: class list and index agree, nothing learnt is tested, everything tested is learnt.

CHECKS are those that every sample set's gate has as they are. The functions below return outcomes of checks to which
a gate gives its own rationale and limits.

N samples · H×W pixels
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json
from glyphlens.data.sample_set import SPLITS, SampleSet
from glyphlens.gates.check import (
    SHOWN_ROWS,
    Checks,
    Outcome,
    Row,
    Verdict,
    at_least,
    at_most,
    first_rows,
    none_of,
    verdict,
)
from glyphlens.gates.expectations import Expectation, between, matches, one_of, unique

HELD_OUT = ("val", "test")
EXCLUDED = "excluded"  # rows of held-out groups that are in no split
KEY = ("sample_id", "label", "group")

Manifest = Mapping[str, Sequence[str]]


class SampleData(Protocol):
    """What these checks look at."""

    @property
    def samples(self) -> SampleSet:
        """The sample set that the gate judges."""

    @property
    def manifest(self) -> Manifest:
        """splits.json: groups by split."""


class SampleLimits(Protocol):
    """What these checks need of a gate's limits."""

    @property
    def min_train_samples(self) -> int:
        """Of every class."""

    @property
    def min_split_share(self) -> float:
        """Of the groups: how many validation and test have at least, each."""

    @property
    def max_split_share(self) -> float:
        """Of the groups: how many they have at most, each."""


CHECKS: Checks[SampleData, SampleLimits] = Checks()


@CHECKS.add("class-map")
def class_map(data: SampleData, limits: SampleLimits) -> Outcome:
    """Class indices are positions in a sorted list without gaps: any other order mislabels silently."""
    labels = [entry.label for entry in data.samples.classes]
    disorder = [
        {"class": number, "label": label, "before": before}
        for number, (before, label) in enumerate(pairwise(labels), start=1)
        if before >= label
    ]
    without = sorted(set(range(len(labels))) - set(data.samples.class_indices.tolist()))
    rows: list[Row] = [*disorder, *({"class": number, "label": labels[number], "rows": 0} for number in without)]
    return none_of(len(rows), "classes out of order, twice there, or without a row", rows[:SHOWN_ROWS])


@CHECKS.add("class-counts")
def class_counts_agree(data: SampleData, limits: SampleLimits) -> Outcome:
    """classes.json says how many samples a class has, and readers believe it."""
    found = data.samples.index["label"].value_counts()
    rows = [
        {"label": entry.label, "classes.json": entry.count, "index": int(found.get(entry.label, 0))}
        for entry in data.samples.classes
        if entry.count != found.get(entry.label, 0)
    ]
    return none_of(len(rows), "classes with another number of samples than classes.json says", rows[:SHOWN_ROWS])


@CHECKS.add("labels-agree")
def row_labels_agree(data: SampleData, limits: SampleLimits) -> Outcome:
    """A row's label is the one that its class index stands for."""
    samples = data.samples
    labels = np.array([entry.label for entry in samples.classes], object)
    indices = samples.class_indices
    known = (indices >= 0) & (indices < len(labels))
    wrong = known & (labels[np.where(known, indices, 0)] != samples.index["label"].to_numpy(object))
    return none_of(int(wrong.sum()), "rows", first_rows(samples.index, wrong, *KEY, "class_index"))


@CHECKS.add("classes-trained")
def classes_trained(data: SampleData, limits: SampleLimits) -> Outcome:
    """What has no training sample cannot be recognised."""
    counts, least = class_counts(data.samples, "train"), limits.min_train_samples
    few = counts["samples"] < least
    message = f"classes with fewer than {least} training samples"
    return none_of(int(few.sum()), message, first_rows(counts, few, "label", "samples"))


@CHECKS.add("manifest")
def manifest_agrees(data: SampleData, limits: SampleLimits) -> Outcome:
    """splits.json is what people read and reuse: it must say what the index does."""
    index = data.samples.index
    listed = {(split, group) for split, groups in data.manifest.items() for group in groups}
    held_out = {group for split, group in listed if split in HELD_OUT}
    pairs = index.groupby(["split", "group"], sort=False).size().index
    right = {pair for pair in pairs if (pair[1] in held_out if pair[0] == EXCLUDED else pair in listed)}
    told = pd.MultiIndex.from_frame(index[["split", "group"]]).isin(list(right))
    message = "rows of another split than splits.json has their group in"
    return none_of(int((~told).sum()), message, first_rows(index, ~told, *KEY, "split"))


@CHECKS.add("split-shares")
def split_shares(data: SampleData, limits: SampleLimits) -> Outcome:
    """With few groups a rank of hashes can starve a split: each must be big enough to measure on and to learn from."""
    index, low, high = data.samples.index, limits.min_split_share, limits.max_split_share
    groups = index[index["split"].isin(HELD_OUT)].groupby("split")["group"].nunique()
    shares = {split: groups.get(split, 0) / index["group"].nunique() for split in HELD_OUT}
    bad = {name: share for name, share in shares.items() if not low <= share <= high}
    value = ", ".join(f"{name} {share:.3f}" for name, share in shares.items())
    rows = tuple({"split": name, "share": share} for name, share in bad.items())
    message = "held-out splits of another share" if bad else ""
    return Outcome(verdict(not bad), value, f"{low} … {high} of the groups each", message, rows)


def index_expectations(samples: SampleSet, *other_splits: str) -> tuple[Expectation, ...]:
    """What is expected of the columns that every index has; ``other_splits`` are known beside the three."""
    last = len(samples.classes) - 1
    return (
        unique("sample-once", ["sample_id"], "The sample id names one row."),
        between("sample-range", "sample_id", 0, len(samples) - 1, "The sample id is the number of a row."),
        between("class-range", "class_index", 0, last, "An index outside the class list has no label."),
        one_of("split-known", "split", [*SPLITS, *other_splits], "A split of another name is used by nobody."),
        matches("group-named", "group", r"\S", "A row without a group cannot be kept to one side."),
    )


def read_manifest(path: Path) -> dict[str, list[str]]:
    """splits.json: {split: groups}; raises InputError where it is missing or has another form."""
    manifest = load_json(path)
    if not isinstance(manifest, dict) or not all(isinstance(names, list) for names in manifest.values()):
        raise InputError(f"{path}: expected lists of groups by split")
    return manifest


def groups_disjoint(index: pd.DataFrame, *, many: str) -> Outcome:
    """No group has rows in two splits; ``many`` is what the gate calls groups."""
    used = index[index["split"].isin(SPLITS)]
    sides = used.groupby("group")["split"].unique()
    shared = sides[sides.map(len) > 1]
    rows = [{"group": name, "splits": ", ".join(sorted(found))} for name, found in shared.items()]
    return none_of(len(shared), f"{many} in more than one split", rows[:SHOWN_ROWS])


def enough_classes(samples: SampleSet, classes: int, groups: int, *, many: str) -> Outcome:
    """At least so many classes on at least so many groups."""
    found, found_groups = len(samples.classes), samples.index["group"].nunique()
    limit = f"≥ {classes} classes on ≥ {groups} {many}"
    return Outcome(
        verdict(found >= classes and found_groups >= groups), f"{found} classes on {found_groups} {many}", limit
    )


def classes_supported(index: pd.DataFrame, samples: int, groups: int, *, many: str) -> Outcome:
    """Every class has so many samples from so many groups."""
    by_label = index.groupby("label")["group"]
    support = pd.DataFrame({"samples": by_label.size(), many: by_label.nunique()}).reset_index()
    thin = (support["samples"] < samples) | (support[many] < groups)
    message = f"classes with < {samples} samples or < {groups} {many}"
    return none_of(int(thin.sum()), message, first_rows(support, thin, "label", "samples", many))


def classes_held_out(samples: SampleSet, split: str, least_share: float) -> Outcome:
    """So large a share of the classes has a sample in a held-out split."""
    share = float((class_counts(samples, split)["samples"] > 0).mean())
    return at_least(share, least_share, f"share of classes with a {split} sample")


def class_counts(samples: SampleSet, split: str) -> pd.DataFrame:
    """Rows of a split per class: ``label``, ``samples``, in the order of the classes."""
    counts = samples.index.loc[samples.index["split"] == split, "label"].value_counts()
    labels = [entry.label for entry in samples.classes]
    return pd.DataFrame({"label": labels, "samples": [int(counts.get(label, 0)) for label in labels]})


def twins_within(
    index: pd.DataFrame, columns: Sequence[str], limit: float, message: str, otherwise: Verdict = Verdict.FAIL
) -> Outcome:
    """At most ``limit`` of the held-out rows equal a training row in ``columns``."""
    keys = pd.MultiIndex.from_frame(index[list(columns)])
    train, held_out = (index["split"].isin(names).to_numpy() for names in (("train",), HELD_OUT))
    twins = held_out & keys.isin(keys[train])
    share = twins.sum() / max(1, held_out.sum())
    rows = first_rows(index, twins, *dict.fromkeys((*KEY, "split", *columns))) if share > limit else ()
    return at_most(share, limit, message, rows, otherwise=otherwise)


def ink_bounds(rows_NH: NDArray[np.bool_], columns_NW: NDArray[np.bool_]) -> dict[str, NDArray[np.int64]]:
    """``top``, ``left``, ``bottom``, ``right`` of each picture in pixels, half-open; all 0 where there is no ink."""
    inked_N = rows_NH.any(axis=1)
    return {
        "top": rows_NH.argmax(axis=1),
        "left": columns_NW.argmax(axis=1),
        "bottom": (rows_NH.shape[1] - rows_NH[:, ::-1].argmax(axis=1)) * inked_N,
        "right": (columns_NW.shape[1] - columns_NW[:, ::-1].argmax(axis=1)) * inked_N,
    }


def ink_within(facts: pd.DataFrame, low: float, high: float, most_outside: float, shown: Iterable[str]) -> Outcome:
    """At most a share of the pictures has a ``measured_ink_share`` outside ``low`` … ``high``."""
    outside = ~facts["measured_ink_share"].between(low, high)
    message = f"share of pictures with ink outside {low} … {high}; {outside.sum()} of them"
    rows = first_rows(facts, outside, *shown, "measured_ink_share")
    return at_most(float(outside.mean()), most_outside, message, rows)
