"""What to look at: error pairs and occlusion maps, with the pictures that belong to them.

H×W pixels · N test samples · F geometry features.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.evaluation.confusions import exemplar_rows, near_misses
from glyphlens.evaluation.outcomes import Reader
from glyphlens.evaluation.pictures import Heat, Pair
from glyphlens.evaluation.results import records
from glyphlens.evaluation.saliency import occlusion_map
from glyphlens.samples import SampleSet


def confusion_pairs(samples: SampleSet, confusions: pd.DataFrame) -> list[Pair]:
    """A pair for every row of ``top_confusions``, with how often and in how many families it happened."""
    notes = [
        f"{row['errors']} of {round(row['errors'] / row['share'])}, in {_families(row['families'])}"
        + (", drawn alike" if row["alike"] else "")
        for row in records(confusions)
    ]
    return _pairs(samples, confusions, notes)


def gallery_pairs(samples: SampleSet, errors: pd.DataFrame) -> list[Pair]:
    """A pair for every row of ``gallery_errors``, with family and confidence."""
    return _pairs(samples, errors, [f"{row['group']}, {100 * row['confidence']:.0f} % sure" for row in records(errors)])


def near_miss_heats(
    reader: Reader, samples: SampleSet, outcomes: pd.DataFrame, geometry_NF: NDArray[np.float32], shown: int
) -> list[Heat]:
    """Occlusion maps of the nearest misses; ``geometry_NF`` belongs to the rows of ``outcomes``."""
    heats = []
    numbered = outcomes.assign(position=np.arange(len(outcomes)))
    for miss in records(near_misses(numbered, shown)):
        image_HW = samples.images(np.array([miss["row"]]))[0]
        heat_RC = occlusion_map(reader, image_HW, geometry_NF[miss["position"]], miss["class_index"])
        truth, guess = 100 * miss["true_probability"], 100 * miss["confidence"]
        note = f"{miss['group']}\ntruth {truth:.0f} %, guess {guess:.0f} %"
        heats.append(Heat(image_HW, heat_RC, miss["label"], miss["predicted_label"], note))
    return heats


def _pairs(samples: SampleSet, errors: pd.DataFrame, notes: list[str]) -> list[Pair]:
    exemplars = exemplar_rows(samples)
    pairs = []
    for row, note in zip(records(errors), notes, strict=True):
        example = exemplars[row["predicted"]]
        guess_HW = samples.images(np.array([example]))[0] if example >= 0 else None
        image_HW = samples.images(np.array([row["row"]]))[0]
        pairs.append(Pair(image_HW, guess_HW, row["label"], row["predicted_label"], note))
    return pairs


def _families(number: int) -> str:
    return "1 family" if number == 1 else f"{number} families"
