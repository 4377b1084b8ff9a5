"""Where words of a text without spaces end, by a list of words: maximal matching over orthographic clusters."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from glyphlens.core.errors import InputError
from glyphlens.inference.khmer_text import clusters

ZERO_WIDTH_SPACE = "\u200b"
WORDS = "words.txt"  # beside a model: one word per line
FIRST_KHMER, LAST_KHMER = "\u1780", "\u17d3"  # letters, vowels and signs; what else there is are no parts of words


@dataclass(frozen=True)
class WordBreaker:
    """Puts zero-width spaces between the words of a text."""

    words: Collection[str]

    @classmethod
    def load(cls, folder: Path) -> "WordBreaker":
        """Read the list in a folder; raises InputError where there is none."""
        path = folder / WORDS
        if not path.is_file():
            raise InputError(f"{path}: no list of words there; without one no word boundaries can be put in")
        return cls(frozenset(path.read_text(encoding="utf-8").split()))

    @cached_property
    def longest(self) -> int:
        """Clusters of the longest word."""
        return max((len(clusters(word)) for word in self.words), default=1)

    def broken(self, text: str) -> str:
        """The text with U+200B between two words of Khmer letters that nothing else parts.

        >>> WordBreaker(["មនុស្ស", "ទាំង", "អស់"]).broken("មនុស្សទាំងអស់ 2").split("\\u200b")
        ['មនុស្ស', 'ទាំង', 'អស់ 2']
        """
        pieces = clusters(text)
        found, begin = "", 0
        for place in range(len(pieces) + 1):
            if place < len(pieces) and FIRST_KHMER <= pieces[place][0] <= LAST_KHMER:
                continue
            found += ZERO_WIDTH_SPACE.join(self._words(pieces[begin:place])) + "".join(pieces[place : place + 1])
            begin = place + 1
        return found

    def _words(self, pieces: list[str]) -> list[str]:
        """The fewest clusters outside words, then the fewest words; unknown clusters beside each other stay together.

        Wong and Chan 1996, "Chinese word segmentation based on maximum matching and word binding force".
        """
        best: list[tuple[int, int, list[tuple[str, bool]]]] = [(0, 0, [])]
        for end in range(1, len(pieces) + 1):
            unknown, count, before = best[end - 1]
            joined = bool(before) and not before[-1][1]
            last = (before[-1][0] if joined else "") + pieces[end - 1]
            choices = [(unknown + 1, count + (not joined), [*before[: len(before) - joined], (last, False)])]
            for begin in range(max(0, end - self.longest), end):
                word = "".join(pieces[begin:end])
                if word in self.words:
                    unknown, count, before = best[begin]
                    choices.append((unknown, count + 1, [*before, (word, True)]))
            best.append(min(choices, key=lambda choice: choice[:2]))
        return [word for word, _ in best[-1][2]]
