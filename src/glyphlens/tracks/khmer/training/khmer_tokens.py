"""What a recogniser of Khmer lines writes at a time: characters, or whole clusters and characters for rare ones.

K tokens · P parts · V values of a level
"""

from collections.abc import Iterable
from itertools import chain
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from glyphlens.data.sample_set import Charset
from glyphlens.data.tokens import TokenTable
from glyphlens.inference.khmer_text import COENG, clusters

TokenKind = Literal["cluster", "codepoint"]
LEVELS = ("base", "subscript", "vowel", "sign")
FIRST_VOWEL, FIRST_SIGN, LAST_SIGN = "\u17b4", "\u17c6", "\u17dd"
DIGIT_OR_MARK = range(0x17D4, 0x17DD)  # ។ ៕ … ៛ ៜ: characters by themselves, among the code points of signs


class TokenParts(NamedTuple):
    """What a token is made of, a text for each of LEVELS; empty where it has none."""

    base: str
    subscript: str
    vowel: str
    sign: str

    @classmethod
    def of(cls, token: str) -> "TokenParts":
        """Cut a token; a character that is no mark is a base.

        >>> TokenParts.of("ខ\\u17d2មែ")
        TokenParts(base='ខ', subscript='្ម', vowel='ែ', sign='')
        """
        found = dict.fromkeys(LEVELS, "")
        for place, character in enumerate(token):
            is_below = character == COENG or (place > 0 and token[place - 1] == COENG)
            found["subscript" if is_below else _level(character)] += character
        return cls(**found)


def token_table(charset: Charset, texts: Iterable[str], kind: TokenKind, min_count: int) -> TokenTable:
    """The charset's characters, and the clusters that occur ``min_count`` times in the training texts."""
    pieces = chain.from_iterable(map(clusters, texts)) if kind == "cluster" else ()
    return TokenTable.of_pieces(charset.characters, pieces, min_count)


def part_matrix(tokens: TokenTable) -> NDArray[np.float32]:
    """(K, P) 1 where a token has a part: every subscript is one, and every other character at its level."""
    parts_K = [_parts(token) for token in tokens.tokens]
    columns = {part: number for number, part in enumerate(sorted(set(chain.from_iterable(parts_K))))}
    matrix_KP = np.zeros((len(tokens), len(columns)), np.float32)
    for row, parts in enumerate(parts_K):
        matrix_KP[row, [columns[part] for part in parts]] = 1
    return matrix_KP


def level_values(tokens: TokenTable) -> NDArray[np.int64]:
    """(4, K) for each of LEVELS the number 0..V−1 of what a token has there, in the order of first occurrence."""
    values: list[list[int]] = []
    for number in range(len(LEVELS)):
        known: dict[str, int] = {}
        values.append([known.setdefault(TokenParts.of(token)[number], len(known)) for token in tokens.tokens])
    return np.array(values, np.int64)


def _parts(token: str) -> list[tuple[str, str]]:
    cut = TokenParts.of(token)
    below = [("subscript", COENG + part) for part in cut.subscript.split(COENG) if part]
    others = [
        (level, character)
        for level, text in zip(LEVELS, cut, strict=True)
        if level != "subscript"
        for character in text
    ]
    return [*below, *others] or [("base", token)]


def _level(character: str) -> str:
    if not FIRST_VOWEL <= character <= LAST_SIGN or ord(character) in DIGIT_OR_MARK:
        return "base"
    return "vowel" if character < FIRST_SIGN else "sign"
