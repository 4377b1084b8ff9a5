"""Tokens of texts: what a line recogniser writes at a time, single characters or whole clusters of them.

K tokens · L tokens of a text
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, save_json

TOKENS = "tokens.json"


@dataclass(frozen=True)
class TokenTable:
    """The K tokens in the order of their numbers 0..K−1; joined, the tokens of a text are the text.

    >>> table = TokenTable(("a", "b", "ab"))
    >>> table.encode("aba").tolist(), table.decode([2, 0])
    ([2, 0], 'aba')
    """

    tokens: tuple[str, ...]

    def __post_init__(self) -> None:
        """Raise InputError for a token that is there twice or is empty."""
        twice = sorted(token for token, count in Counter(self.tokens).items() if count > 1)
        if twice or "" in self.tokens:
            raise InputError(f"a table of tokens has {', '.join(map(ascii, twice)) or 'an empty one'} more than once")

    @classmethod
    def of_pieces(cls, characters: Iterable[str], pieces: Iterable[str], min_count: int) -> "TokenTable":
        """All characters, then every longer piece that occurs ``min_count`` times, commonest first."""
        single = tuple(characters)
        counted = Counter(piece for piece in pieces if len(piece) > 1)
        often = sorted((-count, piece) for piece, count in counted.items() if count >= min_count)
        return cls((*single, *(piece for _, piece in often)))

    @classmethod
    def load(cls, folder: Path) -> "TokenTable":
        """Read tokens.json; raises InputError where it is no list of texts."""
        content = load_json(folder / TOKENS)
        if not isinstance(content, list) or not all(isinstance(token, str) for token in content):
            raise InputError(f"{folder / TOKENS}: not a list of tokens")
        return cls(tuple(content))

    def save(self, folder: Path) -> None:
        """Write tokens.json."""
        save_json(folder / TOKENS, list(self.tokens))

    def __len__(self) -> int:
        return len(self.tokens)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Token → its number."""
        return {token: number for number, token in enumerate(self.tokens)}

    @cached_property
    def longest(self) -> int:
        """Characters of the longest token."""
        return max(map(len, self.tokens), default=0)

    def encode(self, text: str) -> NDArray[np.int64]:
        """(L,) numbers, the longest token first at every place; raises InputError naming a character without one."""
        found, place = [], 0
        while place < len(text):
            ends = range(min(len(text), place + self.longest), place, -1)
            end = next((end for end in ends if text[place:end] in self.numbers), None)
            if end is None:
                character = f"{text[place]!r} (U+{ord(text[place]):04X})"
                raise InputError(f"the text {text!r} has {character}, which no token writes")
            found.append(self.numbers[text[place:end]])
            place = end
        return np.array(found, np.int64)

    def decode(self, numbers: Iterable[int]) -> str:
        """The text of numbers."""
        return "".join(self.tokens[number] for number in numbers)
