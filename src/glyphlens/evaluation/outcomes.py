"""Outcome tables: what was guessed beside what is true, one row per sample; scores and errors are read from them.

N samples · C classes
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.scores import f1_per_class, part_scores, shape_hits


def guess_table(
    samples: SampleSet, rows: NDArray[np.int64], predicted_N: NDArray[np.integer[Any]], facts: Sequence[str]
) -> pd.DataFrame:
    """One row per sample: ``facts`` of the index, and how the guessed classes ``predicted_N`` fit the true ones.

    Further columns: ``row``, ``train_samples`` (of the true class), ``predicted`` (class index),
    ``predicted_label``, ``top1``, ``shape_top1``. Raises InputError where the index lacks a fact.
    """
    missing = [name for name in facts if name not in samples.index]
    if missing:
        raise InputError(f"{samples.folder / 'index.parquet'}: columns missing: {', '.join(missing)}")
    table = samples.index.loc[rows, list(facts)].reset_index(drop=True)
    classes_N = samples.class_indices[rows]
    table["row"] = rows
    table["train_samples"] = trained_counts(samples)[classes_N]
    table["predicted"] = predicted_N
    table["predicted_label"] = class_labels(samples)[predicted_N]
    table["top1"] = predicted_N == classes_N
    table["shape_top1"] = shape_hits(predicted_N, classes_N, samples.shape_class)
    return table


def class_table(outcomes: pd.DataFrame, classes: int) -> pd.DataFrame:
    """One row per class that occurs in the test, hardest first: class_index, label, samples, predicted, hits, f1."""
    scores = f1_per_class(outcomes["predicted"].to_numpy(), outcomes["class_index"].to_numpy(), classes)
    names = outcomes.drop_duplicates("class_index").set_index("class_index")["label"]
    present = scores[scores["samples"] > 0]
    present.insert(1, "label", present["class_index"].map(names))
    return present.sort_values(["f1", "class_index"], kind="stable").reset_index(drop=True)


def group_table(outcomes: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """One row per group, hardest by the first of the columns first: group, samples, the mean of each column."""
    return part_scores(outcomes, "group", columns).sort_values([columns[0], "group"], ignore_index=True)


def class_labels(samples: SampleSet) -> NDArray[np.object_]:
    """(C,) labels in class order."""
    return np.array([entry.label for entry in samples.classes], dtype=object)


def trained_counts(samples: SampleSet) -> NDArray[np.int64]:
    """(C,) training samples of every class."""
    return np.bincount(samples.class_indices[samples.rows("train")], minlength=len(samples.classes))
