"""The words of one side of the split: Khmer by how often they occur, the rare ones by what is rare in them, Latin."""

import hashlib
import re
from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from random import Random

from glyphlens.core.params import Section
from glyphlens.data.splits import split_groups
from glyphlens.inference.khmer_text import canonical, clusters
from glyphlens.sources.icu_dictionary import dictionary_words
from glyphlens.tracks.khmer.texts.characters import (
    CHARACTERS,
    EVERYDAY,
    HEADS,
    KHMER_LETTERS,
    KHMER_VOWELS,
    LATIN_NAMES,
    MONTHS,
)
from glyphlens.tracks.khmer.texts.declaration import declaration_paragraphs

WORDS_FILE, DICTIONARY = "icu4c-data/icudt67l.dat", "khmerdict"
KHMER, LATIN = "khm", ("eng", "fra")
LONGEST_WORD = 9  # clusters; what is longer is a phrase of the list
RANK_OFFSET = 12  # of everyday words: the weight of rank r is 1 / (r + 12), flatter than Zipf's law at its head


class SplitShares(Section):
    """Shares of the words, the articles and the user's paragraphs that only validation and only the test have."""

    val: float
    test: float

    def side(self, name: str) -> str:
        """The side of the split that a name's SHA-256 puts it on."""
        place = int(hashlib.sha256(name.encode()).hexdigest()[:12], 16) / 16**12
        return "test" if place < self.test else "val" if place < self.test + self.val else "train"


@dataclass(frozen=True)
class WeightedWords:
    """Words drawn by weight; ``ends`` are running sums of the weights."""

    words: tuple[str, ...]
    ends: tuple[float, ...]

    @classmethod
    def of(cls, words: Sequence[str], weights: Iterable[float]) -> "WeightedWords":
        """Words with a weight each."""
        return cls(tuple(words), tuple(accumulate(weights)))

    def draw(self, rng: Random) -> str:
        """One word."""
        return self.words[min(bisect(self.ends, rng.random() * self.ends[-1]), len(self.words) - 1)]


@dataclass(frozen=True)
class Vocabulary:
    """What the texts of one split are composed of; ``articles`` are paragraphs of running text."""

    everyday: WeightedWords
    listed: WeightedWords
    rare: WeightedWords
    latin: WeightedWords
    articles: tuple[str, ...]
    own: tuple[str, ...]


def open_vocabularies(modules: Path, own: Path, shares: SplitShares) -> dict[str, Vocabulary]:
    """The vocabulary of each split from ICU's word list, the Declaration and the user's own ``*.txt``."""
    words = listed_words(modules)
    khmer, latin = declaration_paragraphs(modules, KHMER), _latin_words(modules)
    paragraphs = own_paragraphs(own)
    articles = split_groups((article for article, _ in khmer), shares.val, shares.test).manifest()
    everyday = everyday_words(words, [text for article, text in khmer if article in articles["train"]])
    return {
        split: Vocabulary(
            everyday,
            _weighed_by_length([word for word in words if shares.side(word) == split]),
            _weighed_by_rarity([word for word in words if shares.side(word) == split]),
            WeightedWords.of(*zip(*((word, n) for word, n in latin if shares.side(word) == split), strict=True)),
            tuple(canonical(text) for article, text in khmer if article in articles[split]),
            tuple(text for text in paragraphs if shares.side(text) == split),
        )
        for split in ("train", "val", "test")
    }


def listed_words(modules: Path) -> list[str]:
    """ICU's Khmer words in canonical spelling, but for phrases and what is no sequence of whole clusters."""
    found = dict.fromkeys(canonical(word) for word in dictionary_words(modules / WORDS_FILE, DICTIONARY))
    return [word for word in found if len(word) > 1 and _is_word(clusters(word))]


def own_paragraphs(folder: Path) -> list[str]:
    """Lines of the user's ``*.txt`` (UTF-8), canonical, as far as all their characters are in the charset."""
    files = sorted(folder.glob("*.txt")) if folder.is_dir() else []
    texts = [canonical(line) for file in files for line in file.read_text(encoding="utf-8-sig").splitlines()]
    return list(dict.fromkeys(text for text in texts if text and set(text) <= set(CHARACTERS)))


def everyday_words(words: Sequence[str], paragraphs: Sequence[str]) -> WeightedWords:
    """Words that any text has: the list of everyday ones, and those that running text has twice or more."""
    known = {*words, *EVERYDAY}
    counts = Counter(word for text in paragraphs for word in segment(canonical(text), known))
    often = [word for word, count in counts.most_common() if count > 1 and word in known]
    ranked = list(dict.fromkeys([word for pair in zip(EVERYDAY, often, strict=False) for word in pair] + [*EVERYDAY]))
    names = [*MONTHS, *HEADS]
    ranked += [canonical(name) for name in names if name not in ranked]
    return WeightedWords.of(ranked, (1 / (rank + RANK_OFFSET) for rank in range(len(ranked))))


def segment(text: str, words: set[str]) -> list[str]:
    """The text in its longest known words from the left; what is unknown goes cluster by cluster."""
    parts, found, at = clusters(text), [], 0
    while at < len(parts):
        length = next(
            (n for n in range(min(LONGEST_WORD, len(parts) - at), 1, -1) if "".join(parts[at : at + n]) in words), 1
        )
        found.append("".join(parts[at : at + length]))
        at += length
    return found


def _is_word(parts: list[str]) -> bool:
    """Whole clusters with a vowel each at most: two are a slip of the list, which fonts do not draw."""
    whole = all(part[0] in KHMER_LETTERS and sum(mark in KHMER_VOWELS for mark in part) < 2 for part in parts)
    return whole and len(parts) <= LONGEST_WORD


def _weighed_by_length(words: Sequence[str]) -> WeightedWords:
    """Running text has more short words than a dictionary."""
    return WeightedWords.of(words, (1 / len(clusters(word)) ** 1.5 for word in words))


def _weighed_by_rarity(words: Sequence[str]) -> WeightedWords:
    """The weight of a word is that of its rarest cluster, so that every cluster comes about equally often."""
    counts = Counter(cluster for word in words for cluster in clusters(word))
    return WeightedWords.of(words, (1 / min(counts[cluster] for cluster in clusters(word)) for word in words))


def _latin_words(modules: Path) -> list[tuple[str, int]]:
    """Words of the Declaration in English and French with their square-rooted counts, and names in common use."""
    text = " ".join(text for language in LATIN for _, text in declaration_paragraphs(modules, language))
    counts = Counter(word for word in re.findall(r"[^\W\d_]{2,}", text) if set(word) <= set(CHARACTERS))
    return [(word, round(count**0.5)) for word, count in sorted(counts.items())] + [(name, 12) for name in LATIN_NAMES]
