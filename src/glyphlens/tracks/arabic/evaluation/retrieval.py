"""Glyphs of families never trained on, looked up among those of the training families by where the network puts them.

Q queries · N indexed glyphs · L labels · E numbers of an embedding. Ties count against the query: a glyph of another
label that is as near as one of its own is ahead of it.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.inference.prototypes import of_length_1
from glyphlens.tracks.arabic.evaluation.separation import PairCounts, Separation

CHUNK = 256  # queries whose similarities are held at a time
Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


class Looked(NamedTuple):
    """Of each query (Q,): glyphs and labels of others that are at least as near as the nearest of its own, and its
    average precision; and how far apart pairs of one label and pairs of two are."""

    glyphs_ahead_Q: Ints
    labels_ahead_Q: Ints
    precision_Q: NDArray[np.float64]
    separation: Separation


class Sorted(NamedTuple):
    """Indexed glyphs sorted by label: vectors (N, E), the label numbers that there are (L,), where each begins."""

    vectors_NE: Floats
    labels_L: Ints
    begins_L: Ints


def look_up(queries_QE: Floats, wanted_Q: Ints, indexed_NE: Floats, labels_N: Ints) -> Looked:
    """Every query in the index; vectors of length 1. Raises InputError for a query whose label no glyph has."""
    index = by_label(indexed_NE, labels_N)
    if len(lost := np.setdiff1d(wanted_Q, index.labels_L)) or not len(wanted_Q):
        raise InputError(f"labels that no indexed glyph has: {lost[:10].tolist()}" if len(lost) else "no query")
    place_Q = np.searchsorted(index.labels_L, wanted_Q)
    ends_L = np.append(index.begins_L[1:], len(labels_N))
    counts = PairCounts()
    ahead: list[tuple[int, int, float]] = []
    for start in range(0, len(queries_QE), CHUNK):
        similarity_QN = queries_QE[start : start + CHUNK] @ index.vectors_NE.T
        nearest_QL = np.maximum.reduceat(similarity_QN, index.begins_L, axis=1)
        for similarity_N, nearest_L, place in zip(similarity_QN, nearest_QL, place_Q[start:], strict=False):
            own_n = similarity_N[index.begins_L[place] : ends_L[place]]
            counts.add(similarity_N, own_n)
            is_near_L = nearest_L >= nearest_L[place]
            glyphs = int((similarity_N >= nearest_L[place]).sum() - (own_n >= nearest_L[place]).sum())
            ahead.append((glyphs, int(is_near_L.sum()) - 1, _average_precision(similarity_N, own_n)))
    glyphs_Q, labels_Q, precision_Q = map(np.array, zip(*ahead, strict=True))
    return Looked(glyphs_Q, labels_Q, precision_Q, counts.separation())


def retrieval_metrics(looked: Looked) -> dict[str, float]:
    """The six numbers of metrics/arabic/retrieval.json: see docs/SIMILAR.md."""
    return {
        "recall_at_1": float((looked.glyphs_ahead_Q < 1).mean()),
        "recall_at_10": float((looked.glyphs_ahead_Q < 10).mean()),
        "label_recall_at_10": float((looked.labels_ahead_Q < 10).mean()),
        "mean_average_precision": float(looked.precision_Q.mean()),
        "similarity_gain": looked.separation.difference,
        "effect": looked.separation.effect,
    }


def by_label(vectors_NE: Floats, labels_N: Ints) -> Sorted:
    """The glyphs sorted by label."""
    order = np.argsort(labels_N, kind="stable")
    labels_L, begins_L = np.unique(labels_N[order], return_index=True)
    return Sorted(vectors_NE[order], labels_L, begins_L)


def class_means(vectors_NE: Floats, labels_N: Ints) -> tuple[Ints, Floats]:
    """(L,) labels, ascending, and (L, E) the directions of their glyphs' means."""
    found = by_label(vectors_NE, labels_N)
    return found.labels_L, of_length_1(np.add.reduceat(found.vectors_NE, found.begins_L, axis=0))


# ── new classes from a few examples ──────────────────────────────────────────────────────────
class FewShot(NamedTuple):
    """Which glyphs of new classes are examples and which are asked about, in one draw: row numbers."""

    examples: Ints
    asked: Ints


def draw_few(table: pd.DataFrame, examples: int, seed: int) -> FewShot:
    """``examples`` glyphs of each label, family by family, and all glyphs of the families that gave none.

    ``table``: columns label, family. Labels with too few glyphs, or no further family, are left out.
    """
    rng = np.random.default_rng(seed)
    chosen: list[Ints] = []
    asked: list[Ints] = []
    for _, rows in _rows_of(table, "label"):
        families = table["family"].to_numpy(object)[rows]
        turn = {family: number for number, family in enumerate(rng.permutation(np.unique(families)))}
        ordered = rows[np.argsort([turn[family] for family in families], kind="stable")]
        given = table["family"].to_numpy(object)[ordered[:examples]]
        others = rows[~np.isin(families.astype(str), given.astype(str))]
        if len(given) == examples and len(others):
            chosen.append(ordered[:examples])
            asked.append(others)
    nothing = [np.zeros(0, np.int64)]
    return FewShot(np.concatenate(chosen or nothing), np.concatenate(asked or nothing))


def few_shot_ranks(vectors_ME: Floats, labels_M: Ints, draw: FewShot, known: tuple[Ints, Floats]) -> tuple[Ints, Ints]:
    """Rank of the right class of every glyph asked about, 0 = first: among new and known classes, among the new alone.

    ``labels_M``: numbers that no ``known`` class (labels, means) has.
    """
    new_L, means_LE = class_means(vectors_ME[draw.examples], labels_M[draw.examples])
    similarity_QL = vectors_ME[draw.asked] @ np.concatenate([means_LE, known[1]]).T
    own_Q1 = np.take_along_axis(similarity_QL, np.searchsorted(new_L, labels_M[draw.asked])[:, None], axis=1)
    is_ahead_QL = similarity_QL >= own_Q1
    return is_ahead_QL.sum(axis=1) - 1, is_ahead_QL[:, : len(new_L)].sum(axis=1) - 1


def few_shot_metrics(
    vectors_ME: Floats, table: pd.DataFrame, known: tuple[Ints, Floats], draws: Sequence[FewShot]
) -> dict[str, float]:
    """Means over all draws of the glyphs of new classes; empty where no class has enough of them."""
    labels_M = -1 - pd.factorize(table["label"], sort=True)[0].astype(np.int64)
    all_ranks: list[Ints] = []
    new_ranks: list[Ints] = []
    classes: set[int] = set()
    for draw in draws:
        if not len(draw.asked):
            return {}
        among_all_Q, among_new_Q = few_shot_ranks(vectors_ME, labels_M, draw, known)
        all_ranks.append(among_all_Q)
        new_ranks.append(among_new_Q)
        classes |= set(labels_M[draw.asked].tolist())
    ranks, alone = np.concatenate(all_ranks), np.concatenate(new_ranks)
    return {
        "few_shot_top1": float((ranks < 1).mean()),
        "few_shot_top5": float((ranks < 5).mean()),
        "few_shot_alone_top1": float((alone < 1).mean()),
        "classes": len(classes),
    }


def prototype_top1(queries_QE: Floats, wanted_Q: Ints, known: tuple[Ints, Floats]) -> float:
    """Share of the queries whose nearest mean is that of their label: what prototypes cost where classes are known."""
    nearest_Q = np.concatenate([(part @ known[1].T).argmax(axis=1) for part in _parts(queries_QE)])
    return float((known[0][nearest_Q] == wanted_Q).mean())


def _average_precision(similarity_N: Floats, own_n: Floats) -> float:
    """The mean over the query's own glyphs of the share of its own among all that are at least as near."""
    own_n, similarity_N = np.sort(own_n), np.sort(similarity_N)
    near_own_n = len(own_n) - np.searchsorted(own_n, own_n)
    near_n = len(similarity_N) - np.searchsorted(similarity_N, own_n)
    return float((near_own_n / near_n).mean())


def _rows_of(table: pd.DataFrame, column: str) -> Iterator[tuple[str, Ints]]:
    numbers = pd.Series(np.arange(len(table)), index=table[column].to_numpy(object))
    for value, rows in numbers.groupby(level=0, sort=True):
        yield str(value), rows.to_numpy(np.int64)


def _parts(vectors_NE: Floats) -> Iterator[Floats]:
    for start in range(0, max(1, len(vectors_NE)), CHUNK):
        yield vectors_NE[start : start + CHUNK]
