"""Where the exported recogniser's last layer puts the pictures of a sample set.

N samples · E numbers of an embedding · F geometry features
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_array
from glyphlens.data.sample_set import SampleSet
from glyphlens.imaging.geometry import geometry_features
from glyphlens.inference.embedding import Embedder
from glyphlens.inference.prototypes import of_length_1
from glyphlens.inference.recognizer import GEOMETRY, RASTER

EMBEDDINGS = "embeddings.npy"  # of the stage retrieval: (N, E) float16, a row for each of the sample set
CHUNK = 1024  # images unpacked at a time, 16 MiB


def read_embeddings(embedder: Embedder, samples: SampleSet, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """(N, E) of the given rows, unpacked chunk by chunk."""
    parts = [np.zeros((0, embedder.numbers), np.float32)]
    geometry_NF = geometry_features(samples.index.loc[rows])
    for start in tqdm(range(0, len(rows), CHUNK), desc="embed", unit="chunk", disable=None):
        chunk = slice(start, start + CHUNK)
        parts.append(embedder.embeddings({RASTER: samples.images(rows[chunk]), GEOMETRY: geometry_NF[chunk]}))
    return np.concatenate(parts)


def load_embeddings(folder: Path, samples: SampleSet) -> NDArray[np.float32]:
    """(N, E) of all rows, as the stage retrieval wrote them; raises InputError where they are of other samples."""
    stored_NE = load_array(folder / EMBEDDINGS)
    if stored_NE.ndim != 2 or len(stored_NE) != len(samples.index):
        raise InputError(
            f"{folder / EMBEDDINGS}: {stored_NE.shape}, {samples.folder} has {len(samples.index)} samples; "
            "run `dvc repro`"
        )
    return of_length_1(stored_NE.astype(np.float32))


def class_sums(vectors_NE: NDArray[np.float32], classes_N: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """(C, E) sums of the vectors of each class; their directions are the classes' means."""
    sums_CE = np.zeros((count, vectors_NE.shape[1]))
    np.add.at(sums_CE, classes_N, vectors_NE)
    return sums_CE
