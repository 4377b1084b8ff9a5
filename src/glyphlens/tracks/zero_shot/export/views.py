"""Every class as the exported files see it: the embedding of its description, and that of its templates.

C classes · T templates a class · N pictures · E numbers of an embedding
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from glyphlens.core.storage import load_array
from glyphlens.data.sample_set import SampleSet
from glyphlens.inference.recognizer import BATCH, EMBEDDING, RASTER, open_session

CHUNK = 1024
Floats = NDArray[np.float32]
Embed = Callable[[NDArray[np.uint8]], Floats]


def picture_embedder(file: Path) -> Embed:
    """(N, H, W) uint8 pictures, N ≥ 1 → (N, E) by an exported file, whose prototypes need not be there yet."""
    session = open_session(file)

    def embed(pixels_NHW: NDArray[np.uint8]) -> Floats:
        parts = [pixels_NHW[start : start + BATCH] for start in range(0, len(pixels_NHW), BATCH)]
        return np.concatenate([session.run([EMBEDDING], {RASTER: part})[0] for part in parts])

    return embed


def embedded_rows(samples: SampleSet, rows_N: NDArray[np.int64], embed: Embed) -> Floats:
    """(N, E) of rows of a sample set, N ≥ 1."""
    starts = tqdm(range(0, len(rows_N), CHUNK), desc="embed", unit="chunk", disable=None, leave=False)
    return np.concatenate([embed(samples.images(rows_N[start : start + CHUNK])) for start in starts])


def exemplars(folder: Path, embed: Embed) -> Floats:
    """(C, E) of length 1: the mean of the embeddings of a class's templates, of those that there are."""
    templates_CTHW, has_CT = load_array(folder / "templates.npy", mmap=True), load_array(folder / "has_CT.npy")
    means = []
    for start in tqdm(range(0, len(has_CT), CHUNK), desc="templates", unit="chunk", disable=None, leave=False):
        has_cT = has_CT[start : start + CHUNK]
        pictures_NHW = np.asarray(templates_CTHW[start : start + CHUNK][has_cT])
        embedding_NE, owners_N = embed(pictures_NHW), np.nonzero(has_cT)[0]
        total_cE = np.zeros((len(has_cT), embedding_NE.shape[1]), np.float32)
        np.add.at(total_cE, owners_N, embedding_NE)
        means.append(total_cE / np.maximum(np.linalg.norm(total_cE, axis=1, keepdims=True), 1e-9))
    return np.concatenate(means)
