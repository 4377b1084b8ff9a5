"""Checks that every sample set's gate has: the class list and the index agree, and every class is learnt."""

from itertools import pairwise
from typing import Protocol

import numpy as np

from glyphlens.data.sample_set import SampleSet
from glyphlens.gates.check import SHOWN_ROWS, Checks, Outcome, Row, first_rows, none_of
from glyphlens.gates.sample_splits import KEY, class_counts


class Judged(Protocol):
    """What these checks look at."""

    @property
    def samples(self) -> SampleSet:
        """The sample set that the gate judges."""


class Limits(Protocol):
    """What these checks need of a gate's limits."""

    @property
    def min_train_samples(self) -> int:
        """Of every class."""


CHECKS: Checks[Judged, Limits] = Checks()


@CHECKS.add("class-map")
def class_map(data: Judged, limits: Limits) -> Outcome:
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
def counts_agree(data: Judged, limits: Limits) -> Outcome:
    """classes.json says how many samples a class has, and readers believe it."""
    found = data.samples.index["label"].value_counts()
    rows = [
        {"label": entry.label, "classes.json": entry.count, "index": int(found.get(entry.label, 0))}
        for entry in data.samples.classes
        if entry.count != found.get(entry.label, 0)
    ]
    return none_of(len(rows), "classes whose count is another", rows[:SHOWN_ROWS])


@CHECKS.add("labels-agree")
def labels_agree(data: Judged, limits: Limits) -> Outcome:
    """A row's label is the one that its class index stands for."""
    samples = data.samples
    labels = np.array([entry.label for entry in samples.classes], object)
    indices = samples.class_indices
    known = (indices >= 0) & (indices < len(labels))
    wrong = known & (labels[np.where(known, indices, 0)] != samples.index["label"].to_numpy(object))
    return none_of(int(wrong.sum()), "rows", first_rows(samples.index, wrong, *KEY, "class_index"))


@CHECKS.add("classes-trained")
def classes_trained(data: Judged, limits: Limits) -> Outcome:
    """What has no training sample cannot be recognised."""
    counts, least = class_counts(data.samples, "train"), limits.min_train_samples
    few = counts["samples"] < least
    message = f"classes with fewer than {least} training samples"
    return none_of(int(few.sum()), message, first_rows(counts, few, "label", "samples"))
