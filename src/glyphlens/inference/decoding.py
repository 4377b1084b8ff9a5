"""Scores of an exported file → text, by the decoder that its manifest names.

N samples · T frames · C scores, of a CTC file the blank first
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.errors import InputError

BLANK = 0  # the index of CTC's blank; index c + 1 is character c of the charset


def best_labels(logits_NC: NDArray[np.floating[Any]], labels: Sequence[str]) -> list[str]:
    """The label of the best class of every row, ties to the lower index."""
    return [labels[number] for number in logits_NC.argmax(axis=1)]


def greedy_ctc(
    logits_NTC: NDArray[np.floating[Any]], lengths_N: NDArray[np.integer[Any]], charset: Sequence[str]
) -> list[str]:
    """The best path of every row as text: the best score of each frame, repetitions merged, then blanks dropped
    (Graves et al. 2006, doi:10.1145/1143844.1143891). Frames from ``lengths_N`` on are padding.

    Raises InputError where the shapes, the lengths and the charset do not belong together.

    >>> logits_NTC = np.eye(3)[[[1, 1, 0, 1, 2, 2]]]
    >>> greedy_ctc(logits_NTC, np.array([6]), "ab"), greedy_ctc(logits_NTC, np.array([3]), "ab")
    (['aab'], ['a'])
    """
    if logits_NTC.ndim != 3 or logits_NTC.shape[2] != len(charset) + 1:
        raise InputError(f"ctc: logits {logits_NTC.shape}, expected (N, T, {len(charset) + 1})")
    rows, frames, _ = logits_NTC.shape
    if lengths_N.shape != (rows,) or (rows and not 0 <= lengths_N.min() <= lengths_N.max() <= frames):
        raise InputError(f"ctc: lengths {lengths_N.tolist()}, expected {rows} numbers of 0 … {frames} frames")
    best_NT = logits_NTC.argmax(axis=2)
    before_NT = np.pad(best_NT, ((0, 0), (1, 0)), constant_values=BLANK)[:, :frames]
    is_letter_NT = (best_NT != BLANK) & (best_NT != before_NT) & (np.arange(frames) < lengths_N[:, None])
    return [
        "".join(charset[number - 1] for number in best_T[is_letter_T])
        for best_T, is_letter_T in zip(best_NT, is_letter_NT, strict=True)
    ]
