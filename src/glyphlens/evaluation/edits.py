"""A text beside what was read for it: the fewest edits between both, and error rates made of them.

T symbols of the true text · G symbols of the read one
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Aligned(NamedTuple):
    """A true symbol and what stands in its place; "" where one of them is missing."""

    truth: str
    guess: str

    @property
    def is_edit(self) -> bool:
        """Whether they differ."""
        return self.truth != self.guess


def aligned(truth: Sequence[str], guess: Sequence[str]) -> list[Aligned]:
    """Both sequences side by side with the fewest edits (Levenshtein); of several ways one, always the same.

    Wagner and Fischer 1974, "The string-to-string correction problem".

    >>> [tuple(pair) for pair in aligned("kitten", "sitting") if pair.is_edit]
    [('k', 's'), ('e', 'i'), ('', 'g')]
    """
    begin = _common(truth, guess)
    end = _common(truth[begin:][::-1], guess[begin:][::-1])
    own, other = truth[begin : len(truth) - end], guess[begin : len(guess) - end]
    same = [Aligned(symbol, symbol) for symbol in truth]
    return [*same[:begin], *_shortest(own, other), *same[len(truth) - end :]]


def edit_count(truth: Sequence[str], guess: Sequence[str]) -> int:
    """How many symbols must be put in, left out or replaced."""
    return sum(pair.is_edit for pair in aligned(truth, guess))


def error_rate(edits: Iterable[int], symbols: Iterable[int]) -> float:
    """Edits per true symbol over all texts together, NaN without a symbol: the CER where symbols are characters."""
    total = sum(symbols)
    return sum(edits) / total if total else float("nan")


def _common(first: Sequence[str], second: Sequence[str]) -> int:
    """Symbols that both begin with."""
    count = 0
    for own, other in zip(first, second, strict=False):
        if own != other:
            break
        count += 1
    return count


def _shortest(truth: Sequence[str], guess: Sequence[str]) -> list[Aligned]:
    costs_TG = [list(range(len(guess) + 1))]
    for place, symbol in enumerate(truth, 1):
        before, row = costs_TG[-1], [place]
        for column, other in enumerate(guess, 1):
            row.append(min(before[column - 1] + (symbol != other), before[column] + 1, row[-1] + 1))
        costs_TG.append(row)
    pairs: list[Aligned] = []
    place, column = len(truth), len(guess)
    while place or column:
        cost = costs_TG[place][column]
        if place and column and costs_TG[place - 1][column - 1] + (truth[place - 1] != guess[column - 1]) == cost:
            place, column = place - 1, column - 1
            pairs.append(Aligned(truth[place], guess[column]))
        elif place and costs_TG[place - 1][column] + 1 == cost:
            place -= 1
            pairs.append(Aligned(truth[place], ""))
        else:
            column -= 1
            pairs.append(Aligned("", guess[column]))
    return pairs[::-1]
