"""CTC scores and a character n-gram → the likeliest text, by a beam of prefixes.

T frames · C scores, the blank first
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, save_json
from glyphlens.inference.decoding import BLANK

NGRAM = "ngram.json"
BACKOFF = 0.4  # the factor of a shorter context (Brants et al. 2007, ACL D07-1090)
START = "\n"  # stands before a text; no line holds it
LEAST_CHANCE = 1e-2  # tokens of a frame that are less likely are not tried
NEVER = -math.inf
SCORES_KEPT = 1 << 17  # of tokens after their contexts: about 20 MB


@dataclass(frozen=True)
class CharacterNgram:
    """How often runs of up to ``order`` characters occur; scores by stupid backoff (Brants et al. 2007)."""

    order: int
    counts: dict[str, int]

    @classmethod
    def of_texts(cls, texts: Iterable[str], order: int, min_count: int) -> "CharacterNgram":
        """Counted; runs of three and more characters that occur less than ``min_count`` times are left out."""
        counts: Counter[str] = Counter()
        for text in texts:
            padded = START * (order - 1) + text
            for end in range(order - 1, len(padded)):
                counts.update(padded[end - length : end + 1] for length in range(order))
                counts.update(padded[end - length : end] for length in range(1, order) if padded[end - 1] == START)
        kept = {run: count for run, count in sorted(counts.items()) if len(run) < 3 or count >= min_count}
        return cls(order, kept)

    @classmethod
    def load(cls, folder: Path) -> "CharacterNgram":
        """Read ngram.json; raises InputError where it is none."""
        content = load_json(folder / NGRAM)
        try:
            return cls(int(content["order"]), {str(run): int(count) for run, count in content["counts"].items()})
        except (KeyError, ArithmeticError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"{folder / NGRAM}: not counts of characters ({error!r})") from error

    def save(self, folder: Path) -> None:
        """Write ngram.json."""
        save_json(folder / NGRAM, {"order": self.order, "counts": self.counts})

    @cached_property
    def total(self) -> int:
        """Characters counted."""
        return sum(count for run, count in self.counts.items() if len(run) == 1 and run != START)

    def log_score(self, token: str, before: str) -> float:
        """Nats of a token's characters after a text, each at least that of a character never seen."""
        return self._log_token(token, (START * (self.order - 1) + before)[-(self.order - 1) :])

    @cached_property
    def _log_token(self) -> Callable[[str, str], float]:
        """Nats of a token after as many characters as count; prefixes of a beam mostly end alike."""

        @lru_cache(maxsize=SCORES_KEPT)
        def scored(token: str, context: str) -> float:
            text = context + token
            return sum(self._log_character(text[: len(text) - back]) for back in range(len(token)))

        return scored

    def _log_character(self, text: str) -> float:
        penalty = 0.0
        for length in range(self.order - 1, 0, -1):
            found = self.counts.get(text[-length - 1 :], 0)
            context = self.counts.get(text[-length - 1 : -1], 0)
            if found and context:
                return penalty + math.log(min(1.0, found / context))
            penalty += math.log(BACKOFF)
        return penalty + math.log(max(1, self.counts.get(text[-1], 0)) / max(1, self.total))


class BeamSettings(NamedTuple):
    """``beam`` prefixes are kept; the n-gram's nats count ``alpha``, every character ``beta``."""

    beam: int = 8
    alpha: float = 0.35
    beta: float = 0.5


def read_beam(
    logits_TC: NDArray[np.floating[Any]], tokens: Sequence[str], ngram: CharacterNgram, settings: BeamSettings
) -> list[str]:
    """The tokens of the best text of one line's frames (Hannun et al. 2014, arXiv:1408.2873, algorithm 1).

    A prefix is scored by the sum of all its paths, those that end in a blank and those that do not kept apart.
    """
    shifted = logits_TC.astype(np.float64) - logits_TC.max(axis=1, keepdims=True)
    logs_TC = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    prefixes = {_Prefix(BLANK, None, 0.0, ""): [0.0, NEVER]}  # of paths that end in a blank, in a token
    is_likely_TC = logs_TC > math.log(LEAST_CHANCE)
    is_likely_TC[:, BLANK] = False
    frames_L, numbers_L = np.nonzero(is_likely_TC)
    likely_T = np.split(numbers_L, np.searchsorted(frames_L, np.arange(1, len(logs_TC))))
    for logs_C, likely in zip(logs_TC.tolist(), (numbers.tolist() for numbers in likely_T), strict=True):
        grown: defaultdict[_Prefix, list[float]] = defaultdict(lambda: [NEVER, NEVER])
        for prefix, (blank, token) in prefixes.items():
            both = _log_add(blank, token)
            own = grown[prefix]
            own[0] = _log_add(own[0], both + logs_C[BLANK])
            if prefix.before is not None:
                own[1] = _log_add(own[1], token + logs_C[prefix.last])
            for number in likely:
                longer = prefix.followed_by(number, tokens, ngram, settings)
                before = blank if prefix.last == number else both
                grown[longer][1] = _log_add(grown[longer][1], before + logs_C[number])
        ranked = sorted(grown.items(), key=lambda entry: -_log_add(*entry[1]) - entry[0].bonus)
        prefixes = dict(ranked[: settings.beam])
    best = max(prefixes, key=lambda prefix: _log_add(*prefixes[prefix]) + prefix.bonus)
    return [tokens[number - 1] for number in best.numbers()]


@dataclass(eq=False, slots=True)
class _Prefix:
    """A text so far: its last token, that which it continues, and what the n-gram adds to it; one object a text."""

    last: int
    before: "_Prefix | None"
    bonus: float
    text: str
    longer: "dict[int, _Prefix]" = field(default_factory=dict)

    def followed_by(
        self, number: int, tokens: Sequence[str], ngram: CharacterNgram, settings: BeamSettings
    ) -> "_Prefix":
        """The text that a token makes of it."""
        if number not in self.longer:
            token = tokens[number - 1]
            gained = settings.alpha * ngram.log_score(token, self.text) + settings.beta * len(token)
            self.longer[number] = _Prefix(number, self, self.bonus + gained, self.text + token)
        return self.longer[number]

    def numbers(self) -> list[int]:
        """Of all its tokens, the first first."""
        found: list[int] = []
        prefix = self
        while prefix.before is not None:
            found.append(prefix.last)
            prefix = prefix.before
        return found[::-1]


def _log_add(first: float, second: float) -> float:
    if first < second:
        first, second = second, first
    return first if second == NEVER else first + math.log1p(math.exp(second - first))
