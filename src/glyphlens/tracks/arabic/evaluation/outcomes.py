"""The outcome table: what the exported recogniser made of every test glyph, one row per sample.

N test samples · C classes · H×W pixels · F geometry features. Slices, families, confusions and galleries are all
read from this one table, so that they cannot disagree.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.outcomes import class_labels, guess_table
from glyphlens.evaluation.scores import true_ranks
from glyphlens.inference.recognizer import GEOMETRY, RASTER
from glyphlens.tracks.arabic.evaluation.occlusion import Reader
from glyphlens.tracks.arabic.evaluation.text_weights import text_weights

FACTS = ("sample_id", "class_index", "label", "group", "form", "char_class", "is_diacritic")
CHUNK = 1024  # images unpacked at a time, 16 MiB
TOP = 5


def read_rows(
    reader: Reader, samples: SampleSet, rows: NDArray[np.int64], geometry_NF: NDArray[np.float32], title: str
) -> NDArray[np.float32]:
    """(n, C) probabilities of the given rows, unpacked chunk by chunk; ``geometry_NF`` belongs to the rows."""
    parts = [np.zeros((0, len(samples.classes)), np.float32)]
    for start in tqdm(range(0, len(rows), CHUNK), desc=title, unit="chunk", disable=None):
        chunk = slice(start, start + CHUNK)
        parts.append(reader.probabilities({RASTER: samples.images(rows[chunk]), GEOMETRY: geometry_NF[chunk]}))
    widths = {part.shape[1] for part in parts}
    if len(widths) > 1:
        raise InputError(
            f"the exported file scores {parts[-1].shape[1]} classes, {samples.folder} has {len(samples.classes)}; "
            "they come from different runs, run `dvc repro`"
        )
    return np.concatenate(parts)


def outcome_table(
    samples: SampleSet,
    rows: NDArray[np.int64],
    probabilities_NC: NDArray[np.floating[Any]],
    bare_NC: NDArray[np.floating[Any]],
    onestage_N: NDArray[np.int64] | None = None,
) -> pd.DataFrame:
    """One row per test sample: its facts, the guess, and whether each way of counting calls it right.

    Columns: those of ``guess_table``, ``confidence``, ``true_probability``, ``rank`` (0 = right), ``top5``;
    ``text_weight``, how often the class occurs in text;
    ``bare_top1`` and ``bare_top5`` without geometry; ``onestage_top1`` where ``onestage_N``
    (class indices guessed by the one-stage network for the same rows) is given. Raises InputError where the
    index lacks a fact or sizes disagree.
    """
    classes_N = samples.class_indices[rows]
    rank_N, bare_rank_N = true_ranks(probabilities_NC, classes_N), true_ranks(bare_NC, classes_N)
    table = guess_table(samples, rows, probabilities_NC.argmax(axis=1), FACTS)
    table["confidence"] = probabilities_NC.max(axis=1)
    table["true_probability"] = np.take_along_axis(probabilities_NC, classes_N[:, None], axis=1)[:, 0]
    table["rank"] = rank_N
    table["top5"] = rank_N < TOP
    table["text_weight"] = text_weights(samples.classes)[classes_N]
    table["bare_top1"], table["bare_top5"] = bare_rank_N == 0, bare_rank_N < TOP
    if onestage_N is not None:
        table["onestage_top1"] = check_guesses(onestage_N, len(rows), "the one-stage network") == classes_N
    return table


def check_guesses(guesses: NDArray[Any], samples: int, whose: str) -> NDArray[np.int64]:
    """(N,) best class of (N,) or (N, k) guessed class indices; raises InputError for another number of rows."""
    best = guesses[:, 0] if guesses.ndim == 2 and guesses.shape[1] else guesses
    if best.shape != (samples,) or not np.issubdtype(best.dtype, np.integer):
        raise InputError(
            f"predictions of {whose}: {guesses.shape} {guesses.dtype}, expected one class index for each of "
            f"{samples} test samples; run `dvc repro` again"
        )
    return best.astype(np.int64)


def check_classes(labels: Sequence[str], samples: SampleSet, file: str) -> None:
    """Raise InputError, naming the first difference, unless ``labels`` are the sample set's classes in order."""
    expected = class_labels(samples)
    if len(labels) != len(expected):
        raise InputError(f"{file}: {len(labels)} classes, {samples.folder} has {len(expected)}; run `dvc repro`")
    for number, (found, wanted) in enumerate(zip(labels, expected, strict=True)):
        if found != wanted:
            raise InputError(f"{file}: class {number} is '{found}', in {samples.folder} '{wanted}'; run `dvc repro`")
