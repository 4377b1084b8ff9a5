"""Nearest glyphs: an index of real embeddings, exact and approximate, against sorting all similarities.

The approximate one is measured where faiss is installed: a million vectors, the real ones and noisy copies of them, at
5 ms a query on one core, with the share of the ten nearest that it finds.
"""

import importlib.util
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.ratio import Ratio, timed
from glyphlens.data.sample_set import SampleSet
from glyphlens.imaging.geometry import geometry_features
from glyphlens.inference.embedding import Embedder
from glyphlens.inference.folder import ExportFolder
from glyphlens.inference.glyph_index import GlyphIndex, IndexedGlyphs, Storage, save_index
from glyphlens.inference.prototypes import of_length_1
from glyphlens.inference.recognizer import GEOMETRY, RASTER

SAMPLES, RELEASE = Path("data/arabic/rasters"), Path("models/arabic/release")
INDEXED, QUERIES, TOP = 16_384, 200, 10
MILLION, NOISE = 1_000_000, 0.02  # of a copy, per number of a vector of length 1
WANTED_MS, WANTED_RECALL = 5.0, 0.95


def real_vectors(model: Path, count: int) -> NDArray[np.float32]:
    """Embeddings of glyphs evenly spread over the sample set."""
    samples = SampleSet.open(SAMPLES)
    rows = np.linspace(0, len(samples) - 1, min(count, len(samples))).astype(np.int64)
    embedder, geometry = Embedder.load(model), geometry_features(samples.index.loc[rows])
    parts = [
        embedder.embeddings(
            {RASTER: samples.images(rows[start : start + 512]), GEOMETRY: geometry[start : start + 512]}
        )
        for start in range(0, len(rows), 512)
    ]
    return np.concatenate(parts)


def noisy_copies(vectors_NE: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """``count`` vectors: the given ones, then copies of them with noise."""
    rng = np.random.default_rng(0)
    parts, made = [vectors_NE], len(vectors_NE)
    while made < count:
        noise = NOISE * rng.standard_normal(vectors_NE.shape, np.float32)
        parts.append(of_length_1(vectors_NE + noise)[: count - made])
        made += len(parts[-1])
    return np.concatenate(parts)[:count]


def indexed(vectors_NE: NDArray[np.float32], folder: Path, model: Path, storage: Storage) -> GlyphIndex:
    """An index of these vectors, with nothing to say of the glyphs."""
    count = len(vectors_NE)
    texts = dict.fromkeys(("font", "name", "label", "code_points", "outline"), "")
    table = pd.DataFrame({**texts, "face": 0, "gid": np.arange(count)})
    pictures = np.broadcast_to(np.zeros((1, 128, 16), np.uint8), (count, 128, 16))
    save_index(folder / storage, IndexedGlyphs(table, vectors_NE, pictures), model, storage)
    return GlyphIndex.open(folder / storage)


def sorting(vectors_NE: NDArray[np.float32], query_E: NDArray[np.float32]) -> NDArray[np.int64]:
    """The plain way: all similarities, sorted."""
    return np.argsort(-(vectors_NE @ query_E), kind="stable")[:TOP]


def shared(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    """The share of the rows of one that the other has too."""
    return float(np.mean([len(set(left) & set(right)) / TOP for left, right in zip(one, other, strict=True)]))


def by_sorting(vectors_NE: NDArray[np.float32], queries_QE: NDArray[np.float32]) -> NDArray[np.int64]:
    """The nearest of each query, one after the other."""
    return np.stack([sorting(vectors_NE, query) for query in queries_QE])


def answers(index: GlyphIndex, queries_QE: NDArray[np.float32]) -> NDArray[np.int64]:
    """The same from an index."""
    return np.concatenate([index.nearest(query[None], TOP).rows_QK for query in queries_QE])


def spread(vectors_NE: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Some of the vectors, to ask with."""
    return vectors_NE[:: max(1, len(vectors_NE) // count)][:count]


def noted(found: NDArray[np.int64], exact: NDArray[np.int64], seconds: float, index: GlyphIndex) -> str:
    """Time and recall in words; raises AssertionError where too few of the nearest are found."""
    recall, ms = shared(exact, found), 1000 * seconds / len(exact)
    note = f"{ms:.2f} ms a query, recall@{TOP} {recall:.3f}, {len(index):,} vectors of {index.content.numbers}"
    if recall < WANTED_RECALL:
        raise AssertionError(f"similar: {note}, wanted {WANTED_RECALL}")
    return note


def exact_ratio(vectors_NE: NDArray[np.float32], folder: Path, model: Path) -> Ratio:
    """The mapped index in eight bits, all queries together as for a font, against sorting for each."""
    index, queries_QE = indexed(vectors_NE, folder, model, "int8"), spread(vectors_NE, QUERIES)
    plain_s, exact = timed(lambda: by_sorting(vectors_NE, queries_QE))
    fast_s, found = timed(lambda: index.nearest(queries_QE, TOP).rows_QK, repeats=2)
    return Ratio("similar: exact, by sorting", plain_s, fast_s, 1.0, noted(found, exact, fast_s, index))


def faiss_ratio(vectors_NE: NDArray[np.float32], folder: Path, model: Path) -> Ratio:
    """The approximate index of a million against the time that is wanted."""
    many = noisy_copies(vectors_NE, MILLION)
    index, queries_QE = indexed(many, folder, model, "faiss"), spread(many, QUERIES // 4)
    exact = by_sorting(many, queries_QE)
    fast_s, found = timed(lambda: answers(index, queries_QE), repeats=3)
    wanted_s = WANTED_MS * len(queries_QE) / 1000
    return Ratio(f"similar: faiss, {WANTED_MS:g} ms", wanted_s, fast_s, 1.0, noted(found, exact, fast_s, index))


def measure() -> list[Ratio]:
    """The exact index of real glyphs, and of a million where faiss is installed."""
    model = ExportFolder(RELEASE).only_model()
    vectors_NE = real_vectors(model, INDEXED)
    with TemporaryDirectory() as place:
        found = [exact_ratio(vectors_NE, Path(place), model)]
        if importlib.util.find_spec("faiss"):
            found.append(faiss_ratio(vectors_NE, Path(place), model))
    return found
