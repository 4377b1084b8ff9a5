"""How well the primitives stand for the cells: bit error, perplexity, shares of the empty and the commonest id."""

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.tracks.arabic.primitives.cells import CELL_BITS
from glyphlens.tracks.arabic.primitives.codebook import EMPTY_ID, Codebook


def bit_error(codebook: Codebook, words: NDArray[np.uint64], ids: NDArray[np.uint16]) -> float:
    """Share of the pixels of non-empty cells that differ from the cell's binary prototype; 0 where all are empty."""
    inked = ids != EMPTY_ID
    if not inked.any():
        return 0.0
    wrong = np.bitwise_count(words[inked] ^ codebook.prototypes_K[ids[inked] - 1])
    return float(wrong.mean(dtype=np.float64)) / CELL_BITS


def grid_quality(
    codebook: Codebook, words_NRC: NDArray[np.uint64], ids_NRC: NDArray[np.uint16], train_N: NDArray[np.bool_]
) -> dict[str, float]:
    """Six numbers about the grids of N samples, ``train_N`` of which the codebook was fitted on.

    ``mean_bit_error`` is over the samples never trained on, ``train_bit_error`` over the others; ``perplexity`` (the
    exponential of the ids' entropy) and ``top_id_share`` are over non-empty cells, ``used`` counts their ids.
    """
    if ids_NRC.shape != words_NRC.shape or len(train_N) != len(words_NRC):
        raise InputError(f"grids {ids_NRC.shape}, cells {words_NRC.shape} and {len(train_N)} samples do not match")
    counts = np.bincount(ids_NRC.ravel(), minlength=len(codebook) + 1)
    inked = counts[EMPTY_ID + 1 :]
    if not inked.any():
        raise InputError(f"all {ids_NRC.size} cells are empty: there is no glyph in the rasters")
    shares = inked[inked > 0] / inked.sum()
    return {
        "mean_bit_error": bit_error(codebook, words_NRC[~train_N], ids_NRC[~train_N]),
        "train_bit_error": bit_error(codebook, words_NRC[train_N], ids_NRC[train_N]),
        "perplexity": float(np.exp(-(shares * np.log(shares)).sum())),
        "empty_share": float(counts[EMPTY_ID] / ids_NRC.size),
        "top_id_share": float(shares.max()),
        "used": int((inked > 0).sum()),
    }
