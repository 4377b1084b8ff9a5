"""Occlusion maps of the nearest misses, for the page.

H×W pixels · N test samples · F geometry features
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.errors import near_misses
from glyphlens.evaluation.pages import records
from glyphlens.evaluation.pictures import Heat
from glyphlens.tracks.arabic.evaluation.occlusion import Reader, occlude


def near_miss_heats(
    reader: Reader, samples: SampleSet, outcomes: pd.DataFrame, geometry_NF: NDArray[np.float32], shown: int
) -> list[Heat]:
    """Occlusion maps of the nearest misses; ``geometry_NF`` belongs to the rows of ``outcomes``."""
    heats = []
    numbered = outcomes.assign(position=np.arange(len(outcomes)))
    for miss in records(near_misses(numbered, shown)):
        image_HW = samples.images(np.array([miss["row"]]))[0]
        heat_RC = occlude(reader, image_HW, geometry_NF[miss["position"]]).heat_RC(miss["class_index"])
        truth, guess = 100 * miss["true_probability"], 100 * miss["confidence"]
        note = f"{miss['group']}\ntruth {truth:.0f} %, guess {guess:.0f} %"
        heats.append(Heat(image_HW, heat_RC, miss["label"], miss["predicted_label"], note))
    return heats
