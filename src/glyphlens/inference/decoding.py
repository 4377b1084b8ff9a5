"""Scores of an exported file → text, by the decoder that its manifest names.

N samples · T frames · C scores, of a CTC file the blank first · L tokens written so far
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.errors import InputError

BLANK = 0  # the index of CTC's blank; index c + 1 is character c of the charset


class ReadToken(NamedTuple):
    """A token, how sure it is (0..1), and the frames ``begin`` to ``end`` - 1 that it was read from."""

    text: str
    confidence: float
    begin: int
    end: int


class ReadLine(NamedTuple):
    """The tokens of a line, and how likely all of them are right together."""

    tokens: tuple[ReadToken, ...]
    confidence: float

    @property
    def text(self) -> str:
        """Joined."""
        return "".join(token.text for token in self.tokens)


class LineSymbols(NamedTuple):
    """Numbers beside those of the K tokens that a decoder of one token after the other knows, in training and in use.

    ``end`` is answered after the last token and is never text; ``start`` and ``pad`` are only shown, not answered.
    """

    end: int
    start: int
    pad: int

    @classmethod
    def of(cls, tokens: int) -> "LineSymbols":
        """Behind the tokens' own numbers.

        >>> LineSymbols.of(10)
        LineSymbols(end=10, start=11, pad=12)
        """
        return cls(tokens, tokens + 1, tokens + 2)

    @property
    def shown(self) -> int:
        """How many numbers a decoder can be shown."""
        return self.pad + 1


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


def read_greedy(
    logits_NTC: NDArray[np.floating[Any]], lengths_N: NDArray[np.integer[Any]], tokens: Sequence[str]
) -> list[ReadLine]:
    """The same best paths as of ``greedy_ctc`` with frames and confidence: a token's is that of its surest frame, a
    line's the probability of its path.

    >>> (line,) = read_greedy(9 * np.eye(3)[[[1, 1, 0, 2]]], np.array([4]), "ab")
    >>> line.text, [(token.begin, token.end) for token in line.tokens], round(line.confidence, 3)
    ('ab', [(0, 2), (3, 4)], 0.999)
    """
    found = []
    for logits_TC, length in zip(logits_NTC, lengths_N, strict=True):
        best_T = logits_TC[:length].argmax(axis=1)
        top_T = _log_softmax(logits_TC[:length])[np.arange(length), best_T]
        edges = [0, *(np.flatnonzero(np.diff(best_T)) + 1).tolist(), int(length)]
        runs = [(begin, end) for begin, end in pairwise(edges) if begin < end and best_T[begin] != BLANK]
        read = tuple(
            ReadToken(tokens[best_T[begin] - 1], float(np.exp(top_T[begin:end].max())), begin, end)
            for begin, end in runs
        )
        found.append(ReadLine(read, float(np.exp(top_T.sum()))))
    return found


def read_forward(
    following: Callable[[NDArray[np.int64]], NDArray[np.floating[Any]]],
    count: int,
    tokens: Sequence[str],
    longest_N: NDArray[np.int64],
) -> list[ReadLine]:
    """Read ``count`` lines one token after the other: ``following`` takes the (N, L) numbers so far, which begin with
    the start symbol, and gives (N, K + 1) logits of the next, the end as number K.

    A line ends at its end symbol, or with its ``longest_N``-th token; frames are unknown and 0.
    """
    symbols = LineSymbols.of(len(tokens))
    before_NL = np.full((count, 1), symbols.start)
    is_open_N, total_N = longest_N > 0, np.zeros(count)
    read: list[list[ReadToken]] = [[] for _ in range(count)]
    while is_open_N.any():
        logs_NK = _log_softmax(following(before_NL))
        next_N = logs_NK.argmax(axis=1)
        total_N += np.where(is_open_N, logs_NK.max(axis=1), 0)
        is_open_N &= next_N != symbols.end
        for row in np.flatnonzero(is_open_N):
            read[row].append(ReadToken(tokens[next_N[row]], float(np.exp(logs_NK[row, next_N[row]])), 0, 0))
        before_NL = np.concatenate([before_NL, np.where(is_open_N, next_N, symbols.pad)[:, None]], axis=1)
        is_open_N = is_open_N & (longest_N >= before_NL.shape[1])
    return [ReadLine(tuple(own), float(np.exp(total))) for own, total in zip(read, total_N, strict=True)]


def _log_softmax(logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    logs: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return logs
