"""CTC scores and a character n-gram → the likeliest text, by a beam of prefixes.

T frames · C scores, the blank first
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from glyphlens.inference.decoding import BLANK
from glyphlens.inference.ngram import CharacterNgram

LEAST_CHANCE = 1e-2  # tokens of a frame that are less likely are not tried
NEVER = -math.inf


class BeamSettings(NamedTuple):
    """``beam`` prefixes are kept; the n-gram's nats count ``alpha``, every character ``beta``."""

    beam: int = 8
    alpha: float = 0.5
    beta: float = 1.4


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
        if not likely:  # half of the frames: the prefixes stay, and their order is of no use
            for prefix, chances in prefixes.items():
                blank, token = chances
                chances[:] = _log_add(blank, token) + logs_C[BLANK], token + logs_C[prefix.last]
            continue
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
