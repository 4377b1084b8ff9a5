"""Approximate nearest neighbours by faiss, which is an extra: an inverted file of vectors in eight bits.

About √N lists of which 16 are looked at; four times as many take four times as long to learn (faiss wiki, "Guidelines
to choose an index").
N vectors · Q queries · K nearest · E numbers
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.errors import InputError

LISTS_OF_ROOT, PROBED = 1, 16
LEARNT_PER_LIST = 40  # vectors from which the lists are learnt
SEED = 0


def require_faiss() -> Any:
    """The module; raises InputError where it is not installed."""
    try:
        import faiss
    except ImportError as error:
        raise InputError(
            "approximate search needs faiss, which is not installed: pip install 'glyphlens[search]' (faiss-cpu); "
            "an index that is made without --approximate needs nothing"
        ) from error
    return faiss


def save_faiss(path: Path, vectors_NE: NDArray[np.float32]) -> None:
    """Learn the lists from a sample and write the vectors into them."""
    faiss = require_faiss()
    count, numbers = vectors_NE.shape
    lists = max(1, min(count // LEARNT_PER_LIST, round(LISTS_OF_ROOT * count**0.5)))
    coarse = faiss.IndexFlatIP(numbers)
    index = faiss.IndexIVFScalarQuantizer(
        coarse, numbers, lists, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )
    chosen = np.random.default_rng(SEED).permutation(count)[: lists * LEARNT_PER_LIST]
    index.train(vectors_NE[np.sort(chosen)])
    index.add(vectors_NE)
    faiss.write_index(index, str(path))


def open_faiss(path: Path) -> Any:
    """The index in a file; raises InputError where it is none, or faiss is not installed."""
    faiss = require_faiss()
    try:
        index = faiss.read_index(str(path))
        faiss.extract_index_ivf(index).nprobe = PROBED
        index.make_direct_map()
    except (RuntimeError, AttributeError) as error:
        raise InputError(f"{path}: not an index of faiss ({error})") from error
    return index


def search_faiss(
    index: Any, vectors_QE: NDArray[np.float32], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """(Q, K) rows, -1 where the lists that were looked at hold no more, and cosines."""
    similarity_QK, rows_QK = index.search(np.ascontiguousarray(vectors_QE, np.float32), count)
    return rows_QK, similarity_QK
