"""How accuracy on an unseen family grows by a person's labels: chosen ones against random ones, without training.

A glyph is read as the nearest class mean of the training families, or as a labelled glyph of its own family that is
nearer and alike. Every labelled glyph counts as read right. A simulation: the labels are the sample set's own.

N glyphs of a family · C classes · E numbers of an embedding of length 1
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.charts import BLUE, ORANGE, PERCENT, SOFT, new_figure
from glyphlens.inference.recognizer import softmax
from glyphlens.tracks.arabic.evaluation.label_suspects import is_refused_class
from glyphlens.tracks.arabic.evaluation.retrieval import class_means
from glyphlens.tracks.arabic.evaluation.worth_labelling import ALIKE, alike_glyphs, most_worth, worth_of

SHARPNESS = 30.0  # of the softmax over cosines: with it the mean probability of the best is about the accuracy
STRATEGIES = ("random", "entropy", "worth")
HELD_OUT = ("val", "test")
Known = tuple[NDArray[np.int64], NDArray[np.float32]]  # (C,) class numbers and (C, E) their means


def simulate_labelling(
    samples: SampleSet, vectors_NE: NDArray[np.float32], budgets: Sequence[int], seed: int
) -> pd.DataFrame:
    """One row per held-out family, strategy and budget: group, samples, strategy, labels, top1, unlabelled_top1.

    ``top1`` counts labelled glyphs as right; ``unlabelled_top1`` is that of the others, NaN where all are labelled.
    Glyphs that are to be refused are not among them. A family with no more glyphs than the largest budget is left out:
    its budgets would not be comparable. Raises InputError where that leaves none.
    """
    train = samples.rows("train")
    known = class_means(vectors_NE[train], samples.class_indices[train])
    index, rows = samples.index, []
    held_out = index["split"].isin(HELD_OUT).to_numpy() & ~is_refused_class(samples)[samples.class_indices]
    for number, group in enumerate(sorted(index.loc[held_out, "group"].unique())):
        own = np.flatnonzero(held_out & (index["group"] == group).to_numpy())
        if len(own) <= max(budgets):
            continue
        rng = np.random.default_rng([seed, number])
        rows += _of_family(str(group), vectors_NE[own], samples.class_indices[own], known, budgets, rng)
    if not rows:
        raise InputError(f"suspects.labels: {max(budgets)}, but no held-out family has more glyphs; lower it")
    return pd.DataFrame(rows, columns=["group", "samples", "strategy", "labels", "top1", "unlabelled_top1"])


def read_with_labels(
    vectors_NE: NDArray[np.float32],
    known: Known,
    labelled: NDArray[np.int64],
    classes_L: NDArray[np.int64],
) -> NDArray[np.int64]:
    """(N,) classes: that of the nearest mean, or of a labelled glyph that is nearer and at least ALIKE."""
    numbers_C, means_CE = known
    similarity_NC = vectors_NE @ means_CE.T
    answers_N: NDArray[np.int64] = numbers_C[similarity_NC.argmax(axis=1)]
    best_N = similarity_NC.max(axis=1)
    if len(labelled):
        near_NL = vectors_NE @ vectors_NE[labelled].T
        is_nearer_N = near_NL.max(axis=1) > np.maximum(best_N, ALIKE)
        answers_N = np.where(is_nearer_N, classes_L[near_NL.argmax(axis=1)], answers_N)
        answers_N[labelled] = classes_L
    return answers_N


def mean_growth(table: pd.DataFrame) -> pd.DataFrame:
    """Means over families, one row per strategy and budget: strategy, labels, top1, unlabelled_top1, families."""
    means = table.groupby(["strategy", "labels"], sort=True).agg(
        top1=("top1", "mean"), unlabelled_top1=("unlabelled_top1", "mean"), families=("group", "nunique")
    )
    return means.reset_index()


def plot_growth(path: Path, growth: pd.DataFrame) -> None:
    """Accuracy against labels per family, all glyphs beside those that nobody labelled."""
    colours = dict(zip(STRATEGIES, (SOFT, ORANGE, BLUE), strict=True))
    names = {"random": "random glyphs", "entropy": "the most doubtful", "worth": "doubtful × new × how many alike"}
    with new_figure(path, 10, 3.8) as figure:
        panels = figure.subplots(1, 2)
        titles = {
            "top1": "Right, of all glyphs (labelled ones are)",
            "unlabelled_top1": "Right, of those that nobody labelled",
        }
        for axes, (column, title) in zip(panels, titles.items(), strict=True):
            for strategy in STRATEGIES:
                part = growth[growth["strategy"] == strategy]
                axes.plot(
                    part["labels"], part[column], marker="o", ms=4, color=colours[strategy], label=names[strategy]
                )
            axes.set_title(title)
            axes.set_xlabel("glyphs of a family that a person labels")
            axes.yaxis.set_major_formatter(PERCENT)
            axes.grid(axis="y")
        panels[0].legend(loc="upper left")


def _of_family(
    group: str,
    vectors_NE: NDArray[np.float32],
    classes_N: NDArray[np.int64],
    known: Known,
    budgets: Sequence[int],
    rng: np.random.Generator,
) -> list[tuple[object, ...]]:
    similarity_NC = vectors_NE @ known[1].T
    alike = alike_glyphs(vectors_NE)
    worth = worth_of(softmax(SHARPNESS * similarity_NC), 1 - similarity_NC.max(axis=1), alike)
    most = max(budgets)
    orders = {
        "random": rng.permutation(len(vectors_NE))[:most],
        "entropy": np.argsort(-worth.entropy_N, kind="stable")[:most],
        "worth": most_worth(worth.worth_N, alike, most),
    }
    found: list[tuple[object, ...]] = []
    for strategy in STRATEGIES:
        for budget in budgets:
            labelled = orders[strategy][:budget]
            right_N = read_with_labels(vectors_NE, known, labelled, classes_N[labelled]) == classes_N
            others = np.delete(right_N, labelled)
            unlabelled = float(others.mean()) if len(others) else float("nan")
            found.append((group, len(right_N), strategy, budget, float(right_N.mean()), unlabelled))
    return found
