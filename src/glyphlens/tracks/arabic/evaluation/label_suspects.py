"""Training labels that look wrong: the other families' glyphs that lie nearest have another label.

The families would be the folds of a training; eleven trainings cost an hour, so nothing is trained here. The network
has seen these labels, and has drawn each glyph towards its own: what still lies among others is the more suspicious,
and what was learnt by heart is missed.

N samples · C classes · E numbers of an embedding of length 1 · K neighbours
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.data.sample_set import SampleSet
from glyphlens.inference.prototypes import of_length_1
from glyphlens.sources.companion_scripts import OTHER
from glyphlens.tracks.arabic.evaluation.embeddings import class_sums

NEIGHBOURS = 10
BLOCK = 1024  # samples compared with all others at a time
REASON = "label"  # as in the kanji track's table
SUSPECT_COLUMNS = ("sample_id", "reason", "group", "font", "glyph", "label", "read_as", "margin", "own_share", "gap")


class Suspect(NamedTuple):
    """A row whose label is doubted, the class that others read, and by how much."""

    row: int
    read_as: int
    margin: float
    own_share: float
    gap: float


def find_label_suspects(
    samples: SampleSet, vectors_NE: NDArray[np.float32], classes_N: NDArray[np.int64]
) -> pd.DataFrame:
    """SUSPECT_COLUMNS, the surest first: rows whose class means and nearest neighbours agree on another label.

    Glyphs that are to be refused are no suspects: they are of many shapes, and nobody labels them.

    ``classes_N`` are the labels to judge, mostly the sample set's own. ``margin``: share of the K nearest glyphs of
    other families that have ``read_as``, less ``own_share``, the share that has the row's own label or one of its
    shape. ``gap``: how much nearer the mean of ``read_as`` is than that of the label, in cosine. ``font`` and ``glyph``
    (the label before look-alikes were merged) are what an own label names it by.
    """
    groups_N = pd.factorize(samples.index["group"])[0]
    shape_C = samples.shape_class
    read_N, gap_N = read_by_other_families(vectors_NE, classes_N, groups_N, len(samples.classes))
    doubted = np.flatnonzero((shape_C[read_N] != shape_C[classes_N]) & ~is_refused_class(samples)[classes_N])
    found: list[Suspect] = []
    for row, near_K in _neighbours(vectors_NE, groups_N, doubted):
        votes = np.bincount(classes_N[near_K], minlength=len(shape_C))
        own = float(votes[shape_C == shape_C[classes_N[row]]].sum()) / len(near_K)
        best = int(votes.argmax())
        margin = float(votes[best]) / len(near_K) - own
        if shape_C[best] == shape_C[read_N[row]] and margin > 0:
            found.append(Suspect(row, best, margin, own, float(gap_N[row])))
    return _table(samples, classes_N, found)


def read_by_other_families(
    vectors_NE: NDArray[np.float32], classes_N: NDArray[np.int64], groups_N: NDArray[np.int64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """(N,) the class whose mean lies nearest, the row's own family left out of every mean, and (N,) how much nearer it
    is than that of the row's own class."""
    sums_CE = class_sums(vectors_NE, classes_N, count)
    read_N, gap_N = np.empty(len(vectors_NE), np.int64), np.empty(len(vectors_NE), np.float32)
    for group in np.unique(groups_N):
        own = np.flatnonzero(groups_N == group)
        means_CE = of_length_1((sums_CE - class_sums(vectors_NE[own], classes_N[own], count)).astype(np.float32))
        similarity_nC = vectors_NE[own] @ means_CE.T
        read_N[own] = similarity_nC.argmax(axis=1)
        gap_N[own] = similarity_nC.max(axis=1) - similarity_nC[np.arange(len(own)), classes_N[own]]
    return read_N, gap_N


def is_refused_class(samples: SampleSet) -> NDArray[np.bool_]:
    """(C,) which class is that of glyphs that are to be refused."""
    return np.array([entry.label == OTHER for entry in samples.classes], np.bool_)


def planted_found(samples: SampleSet, vectors_NE: NDArray[np.float32], share: float, seed: int) -> tuple[float, float]:
    """Of wrong labels that are planted: the share that is listed, and the share of them among as many first rows.

    The network has not learnt these errors: real ones are harder.
    """
    classes_N, planted = plant_labels(samples, vectors_NE, share, seed)
    found = find_label_suspects(samples, vectors_NE, classes_N)["sample_id"].to_numpy(np.int64)
    ids = samples.index["sample_id"].to_numpy(np.int64)[planted]
    return float(np.isin(ids, found).mean()), float(np.isin(found[: len(ids)], ids).mean()) if len(found) else 0.0


def plant_labels(
    samples: SampleSet, vectors_NE: NDArray[np.float32], share: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(N,) classes with a share of wrong ones, and the rows of these, at least one.

    Each planted label is that of another class which the row's own is most often taken for by other families, so that
    the error is one that a person could make. Glyphs that are to be refused keep theirs, and it is planted on none.
    """
    classes_N, rng, is_refused_C = samples.class_indices.copy(), np.random.default_rng(seed), is_refused_class(samples)
    means_CE = of_length_1(class_sums(vectors_NE, classes_N, len(samples.classes)).astype(np.float32))
    labelled = np.flatnonzero(~is_refused_C[classes_N])
    planted = np.sort(rng.choice(labelled, max(1, round(share * len(labelled))), replace=False))
    nearest_PC = vectors_NE[planted] @ means_CE.T
    nearest_PC[samples.shape_class[classes_N[planted]][:, None] == samples.shape_class[None]] = -2.0
    nearest_PC[:, is_refused_C] = -2.0
    classes_N[planted] = nearest_PC.argmax(axis=1)
    return classes_N, planted


def _neighbours(
    vectors_NE: NDArray[np.float32], groups_N: NDArray[np.int64], rows: NDArray[np.int64]
) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Each row and its K nearest samples of other families."""
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        similarity_BN = vectors_NE[block] @ vectors_NE.T
        similarity_BN[groups_N[block][:, None] == groups_N[None]] = -2.0
        count = min(NEIGHBOURS, len(vectors_NE) - 1)
        near_BK = np.argpartition(-similarity_BN, count - 1, axis=1)[:, :count]
        for row, near_K, own_N in zip(block.tolist(), near_BK, similarity_BN, strict=True):
            kept_K = np.sort(near_K[own_N[near_K] > -2.0])
            if len(kept_K):
                yield row, kept_K


def _table(samples: SampleSet, classes_N: NDArray[np.int64], found: list[Suspect]) -> pd.DataFrame:
    labels = np.array([entry.label for entry in samples.classes], object)
    places = np.array([suspect.row for suspect in found], np.int64)
    index = samples.index.iloc[places]
    facts = {"sample_id": "sample_id", "group": "group", "font": "font_hash", "glyph": "alt_label"}
    table = pd.DataFrame({name: index[column].to_numpy() for name, column in facts.items()})
    table = table.assign(
        reason=REASON,
        label=labels[classes_N[places]],
        read_as=labels[np.array([suspect.read_as for suspect in found], np.int64)],
        margin=[round(suspect.margin, 4) for suspect in found],
        own_share=[round(suspect.own_share, 4) for suspect in found],
        gap=[round(suspect.gap, 4) for suspect in found],
    )
    order = table.sort_values(["margin", "gap", "sample_id"], ascending=[False, False, True], ignore_index=True)
    return order[list(SUSPECT_COLUMNS)]
