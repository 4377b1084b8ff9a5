"""What to look at: errors as pairs of pictures, the sample that was misread beside what it was taken for."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.confusions import exemplar_rows
from glyphlens.evaluation.pictures import Pair
from glyphlens.evaluation.tables import records

FAMILIES = ("family", "families")  # what the groups of a sample set are called: one, several


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
