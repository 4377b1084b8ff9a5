"""Errors: which classes are taken for which, which errors to look at, and the same as pairs of pictures."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.pages import records
from glyphlens.evaluation.pictures import Pair

FAMILIES = ("family", "families")  # what the groups of a sample set are called: one, several


def top_confusions(outcomes: pd.DataFrame, shown: int) -> pd.DataFrame:
    """The commonest (true → predicted) pairs: label, predicted_label, predicted, errors, families, share, alike, row.

    ``share`` is of all test samples of the true class; ``alike`` tells shape-equivalent pairs; ``row`` is the
    sample of the pair that was most confidently wrong. Sorted by errors, then by label. Empty without errors.
    """
    samples = outcomes["label"].value_counts()
    wrong = outcomes[~outcomes["top1"]].sort_values(["confidence", "row"], ascending=[False, True], kind="stable")
    pairs = wrong.groupby(["label", "predicted_label"], sort=True).agg(
        predicted=("predicted", "first"),
        errors=("row", "size"),
        families=("group", "nunique"),
        alike=("shape_top1", "first"),
        row=("row", "first"),
    )
    table = pairs.reset_index()
    table["share"] = table["errors"] / samples.reindex(table["label"]).to_numpy(float)
    return table.sort_values(["errors", "label", "predicted_label"], ascending=[False, True, True]).head(shown)


def gallery_errors(outcomes: pd.DataFrame, shown: int) -> pd.DataFrame:
    """Errors to look at: the most confident of each family in turn, so that no family fills the page."""
    wrong = outcomes[~outcomes["top1"]].sort_values(["confidence", "row"], ascending=[False, True], kind="stable")
    # one error of a (family, class) pair is enough to see the point
    wrong = wrong.drop_duplicates(["group", "label", "predicted_label"])
    turn = wrong.groupby("group", sort=True).cumcount()
    return wrong.assign(turn=turn).sort_values(["turn", "group"], kind="stable").head(shown).drop(columns="turn")


def near_misses(outcomes: pd.DataFrame, shown: int) -> pd.DataFrame:
    """Errors where the truth was a close second, one a class: worth asking which cells tipped the balance."""
    second = outcomes[(outcomes["rank"] > 0) & ~outcomes["shape_top1"]]
    ordered = second.sort_values(["true_probability", "row"], ascending=[False, True], kind="stable")
    return ordered.drop_duplicates("label").head(shown)


def exemplar_rows(samples: SampleSet) -> NDArray[np.int64]:
    """(C,) a training row that shows each class, −1 where there is none.

    Taken from the training family that covers the most classes, then the next, so that pictures look of a piece.
    """
    train = samples.index.loc[samples.rows("train"), ["group", "class_index"]].reset_index(names="row")
    coverage = train.groupby("group", sort=True)["class_index"].nunique()
    order = train.assign(coverage=train["group"].map(coverage)).sort_values(
        ["coverage", "group", "row"], ascending=[False, True, True], kind="stable"
    )
    first = order.drop_duplicates("class_index")
    rows = np.full(len(samples.classes), -1, dtype=np.int64)
    rows[first["class_index"].to_numpy(np.int64)] = first["row"].to_numpy(np.int64)
    return rows


def confusion_pairs(
    samples: SampleSet, confusions: pd.DataFrame, groups: tuple[str, str] = FAMILIES, *, truth: bool = False
) -> list[Pair]:
    """A pair for every row of ``top_confusions``, with how often and in how many groups it happened.

    ``truth`` adds an example of the true class, for readers who cannot tell from its name what it looks like.
    """
    notes = [
        f"{row['errors']} of {round(row['errors'] / row['share'])}, in {row['families']} "
        f"{groups[row['families'] != 1]}{', drawn alike' if row['alike'] else ''}"
        for row in records(confusions)
    ]
    return _pairs(samples, confusions, notes, truth=truth)


def gallery_pairs(samples: SampleSet, errors: pd.DataFrame, *, truth: bool = False) -> list[Pair]:
    """A pair for every row of ``gallery_errors``, with group and confidence."""
    notes = [f"{row['group']}, {100 * row['confidence']:.0f} % sure" for row in records(errors)]
    return _pairs(samples, errors, notes, truth=truth)


def _pairs(samples: SampleSet, errors: pd.DataFrame, notes: list[str], *, truth: bool) -> list[Pair]:
    exemplars = exemplar_rows(samples)

    def example(class_index: int) -> NDArray[np.uint8] | None:
        row = exemplars[class_index]
        return samples.images(np.array([row]))[0] if row >= 0 else None

    pairs = []
    for row, note in zip(records(errors), notes, strict=True):
        image_HW = samples.images(np.array([row["row"]]))[0]
        truth_HW = example(samples.class_indices[row["row"]]) if truth else None
        pairs.append(Pair(image_HW, example(row["predicted"]), row["label"], row["predicted_label"], note, truth_HW))
    return pairs
