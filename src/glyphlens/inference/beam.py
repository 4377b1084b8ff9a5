"""CTC scores and a character n-gram → the likeliest text, by a beam of prefixes.

T frames · C scores, the blank first
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
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
LEAST_CHANCE = 1e-3  # tokens of a frame that are less likely are not tried
NEVER = -math.inf


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
        except (KeyError, TypeError, ValueError, AttributeError) as error:
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
        text = START * (self.order - 1) + before + token
        return sum(self._log_character(text[: len(text) - back]) for back in range(len(token)))

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
    prefixes: dict[tuple[int, ...], list[float]] = {(): [0.0, NEVER]}  # of paths that end in a blank, in a token
    bonuses: dict[tuple[int, ...], tuple[float, str]] = {(): (0.0, "")}
    floor = math.log(LEAST_CHANCE)
    for logs_C in logs_TC:
        likely = [number for number in np.flatnonzero(logs_C > floor).tolist() if number != BLANK]
        grown: defaultdict[tuple[int, ...], list[float]] = defaultdict(lambda: [NEVER, NEVER])
        for prefix, (blank, token) in prefixes.items():
            both = _log_add(blank, token)
            own = grown[prefix]
            own[0] = _log_add(own[0], both + logs_C[BLANK])
            if prefix:
                own[1] = _log_add(own[1], token + logs_C[prefix[-1]])
            for number in likely:
                longer = (*prefix, number)
                before = blank if prefix and prefix[-1] == number else both
                grown[longer][1] = _log_add(grown[longer][1], before + logs_C[number])
                if longer not in bonuses:
                    bonuses[longer] = _grown_bonus(bonuses[prefix], tokens[number - 1], ngram, settings)
        ranked = sorted(grown.items(), key=lambda entry: -_log_add(*entry[1]) - bonuses[entry[0]][0])
        prefixes = dict(ranked[: settings.beam])
    best = max(prefixes, key=lambda prefix: _log_add(*prefixes[prefix]) + bonuses[prefix][0])
    return [tokens[number - 1] for number in best]


def _grown_bonus(
    bonus: tuple[float, str], token: str, ngram: CharacterNgram, settings: BeamSettings
) -> tuple[float, str]:
    nats, text = bonus
    gained = settings.alpha * ngram.log_score(token, text) + settings.beta * len(token)
    return nats + gained, text + token


def _log_add(first: float, second: float) -> float:
    if first < second:
        first, second = second, first
    return first if second == NEVER else first + math.log1p(math.exp(second - first))
