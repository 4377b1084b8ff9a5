"""Rows of a sample set → the named inputs of an exported model, and its best answers, chunk by chunk.

N samples · C classes · K best classes · M samples with strokes
"""

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_array
from glyphlens.data.sample_set import SampleSet
from glyphlens.imaging.geometry import FEATURES, GEOMETRY, geometry_features
from glyphlens.inference.recognizer import GEOMETRY as GEOMETRY_INPUT
from glyphlens.inference.recognizer import RASTER, STROKES, Recognizer

CHUNK = 1024  # samples held at a time: 16 MiB of pictures, and as many rows of probabilities
Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


class Best(NamedTuple):
    """(N, K) class indices, best first, and (N, K) float32 probabilities."""

    classes_NK: Ints
    confidence_NK: Floats


def best_classes(probabilities_NC: Floats, count: int) -> Best:
    """The ``count`` most probable classes of every row (all of them where there are fewer), ties to the lower index."""
    count = min(count, probabilities_NC.shape[1])
    order_NK = np.argpartition(-probabilities_NC, count - 1, axis=1)[:, :count]
    order_NK.sort(axis=1)
    by_value = np.argsort(-np.take_along_axis(probabilities_NC, order_NK, axis=1), axis=1, kind="stable")
    classes_NK = np.take_along_axis(order_NK, by_value, axis=1)
    return Best(classes_NK, np.take_along_axis(probabilities_NC, classes_NK, axis=1))


def joined(parts: list[Best], count: int) -> Best:
    """One ``Best`` of several; of no part at all, an empty one of ``count`` columns."""
    nothing = Best(np.zeros((0, count), np.int64), np.zeros((0, count), np.float32))
    return Best(*(np.concatenate(column) for column in zip(*parts, strict=True))) if parts else nothing


def readable_rows(samples: SampleSet, inputs: Collection[str], rows: Ints) -> Ints:
    """Those of the given rows that have what a model with such inputs reads; without strokes some have not."""
    if STROKES not in inputs:
        return rows
    return rows[np.isin(rows, _stroke_rows(samples))]


def feeds_of(samples: SampleSet, inputs: Collection[str], rows: Ints) -> dict[str, NDArray[Any]]:
    """The named inputs of the given rows; geometry is all 0 (unknown) where the set does not know it.

    Raises InputError for a row without strokes where they are asked for.
    """
    makers: dict[str, Callable[[SampleSet, Ints], NDArray[Any]]] = {
        RASTER: SampleSet.images,
        GEOMETRY_INPUT: _geometry,
        STROKES: _strokes,
    }
    return {name: makers[name](samples, rows) for name in inputs}


def read_probabilities(
    recognizer: Recognizer, samples: SampleSet, rows: Ints, use: Callable[[Floats], None], *, batch: int = CHUNK
) -> None:
    """Hand (n, C) probabilities of successive rows to ``use``; the memory needed does not grow with their number."""
    with tqdm(total=len(rows), desc="read", unit="sample", disable=None, leave=False) as progress:
        for start in range(0, len(rows), CHUNK):
            part = rows[start : start + CHUNK]
            use(recognizer.probabilities(feeds_of(samples, recognizer.inputs, part), batch))
            progress.update(len(part))


def read_best(recognizer: Recognizer, samples: SampleSet, rows: Ints, count: int, *, batch: int = CHUNK) -> Best:
    """The ``count`` best classes of every row."""
    parts: list[Best] = []
    read_probabilities(recognizer, samples, rows, lambda found: parts.append(best_classes(found, count)), batch=batch)
    return joined(parts, min(count, len(recognizer.classes)))


def _geometry(samples: SampleSet, rows: Ints) -> Floats:
    if not set(GEOMETRY) <= set(samples.index):
        return np.zeros((len(rows), FEATURES), np.float32)
    return geometry_features(samples.index.iloc[rows])


def _strokes(samples: SampleSet, rows: Ints) -> Floats:
    known_M = _stroke_rows(samples)
    places = np.searchsorted(known_M, rows).clip(max=max(0, len(known_M) - 1))
    missing = np.flatnonzero(known_M[places] != rows) if len(known_M) else np.arange(len(rows))
    if missing.size:
        raise InputError(f"{samples.folder}: row {int(rows[missing[0]])} has no strokes; its source knows none")
    strokes_nSF: Floats = np.asarray(load_array(samples.folder / "strokes.npy", mmap=True)[places])
    return strokes_nSF


def _stroke_rows(samples: SampleSet) -> Ints:
    """(M,) ascending rows that have strokes; none where the set's producer wrote no such file."""
    file = samples.folder / "stroke_rows.npy"
    return load_array(file).astype(np.int64) if file.is_file() else np.zeros(0, np.int64)
