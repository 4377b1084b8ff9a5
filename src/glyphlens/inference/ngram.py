"""How likely a character is after those before it: an n-gram of characters by interpolated Kneser–Ney, and its file."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, save_json

NGRAM = "ngram.json"
COLUMNS = ("lengths", "ends", "costs", "rests")  # of the file, beside the order
START = "\n"  # stands before a text; no line holds it
DISCOUNT = 0.75  # of every count, left for shorter contexts (Ney et al. 1994); .5 and .9 read no better
TENTHS = 10  # costs are whole tenths of a nat
SMALLEST_CHANCE, MOST_COST, MOST_ORDER = 1e-9, 999, 9
SCORES_KEPT = 1 << 17  # of tokens after their contexts: about 20 MB


@dataclass(frozen=True)
class CharacterNgram:
    """Costs in tenths of a nat: of the last character of a run of up to ``order`` after the others, and, by context,
    of going on to a shorter one where a run is not there; that of the empty context is a character never seen.
    """

    order: int
    costs: dict[str, int]
    rests: dict[str, int]

    @classmethod
    def of_texts(cls, texts: Iterable[str], order: int, min_count: int) -> "CharacterNgram":
        """Learnt from counts; runs of three and more characters that occur less than ``min_count`` times are left out.

        Interpolated Kneser–Ney (Chen and Goodman 1999): a run shorter than ``order`` counts by how many different
        characters stand before it.
        """
        counts = _counted(texts, order)
        before = Counter(run[1:] for run in counts)
        weights = {run: _weight(run, count, before, order) for run, count in counts.items()}
        kept = sorted(run for run, count in counts.items() if len(run) < 3 or count >= min_count)
        totals: Counter[str] = Counter()
        for run, weight in weights.items():
            totals[run[:-1]] += weight
        own = {run: max(0.0, weights[run] - DISCOUNT) / totals[run[:-1]] for run in kept}
        rests = defaultdict(lambda: 1.0, {"": 1.0, **{run[:-1]: 1.0 for run in kept}})
        for run, chance in own.items():
            rests[run[:-1]] -= chance
        rests[""] /= 1 + sum(len(run) == 1 for run in kept)
        chances = {"": 1.0}
        for run in sorted(kept, key=len):
            chances[run] = own[run] + rests[run[:-1]] * chances[run[1:]]
        del chances[""]
        return cls(order, _tenths(chances), {run: cost for run, cost in _tenths(rests).items() if cost or not run})

    @classmethod
    def load(cls, folder: Path) -> "CharacterNgram":
        """Read ngram.json; raises InputError where it is none."""
        content = load_json(folder / NGRAM)
        try:
            return cls._of_runs(int(content["order"]), *(content[name] for name in COLUMNS))
        except (KeyError, ArithmeticError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise InputError(f"{folder / NGRAM}: not costs of characters ({error!r})") from error

    @classmethod
    def _of_runs(cls, order: int, lengths: str, ends: str, costs: str, rests: str) -> "CharacterNgram":
        """Each run is the one before it, cut to its length less one, and its last character."""
        if not 1 <= order <= MOST_ORDER:
            raise ValueError(f"order {order}, expected 1 to {MOST_ORDER}")
        found, shorter = cls(order, {}, {}), iter(_numbers(rests))
        found.rests[""] = next(shorter, 0)
        begun = [""] * (order + 1)
        for length, end, cost in zip(map(int, lengths), ends, _numbers(costs), strict=True):
            run = begun[length] = begun[length - 1] + end
            if end != START:
                found.costs[run] = cost
            if length < order and (rest := next(shorter, 0)):
                found.rests[run] = rest
        return found

    def content(self) -> dict[str, int | str]:
        """What ngram.json holds: ``order``; of all runs, sorted, ``lengths``, last characters as ``ends``, and
        ``costs``; of the empty run and of those shorter than ``order``, ``rests``.
        """
        runs = sorted({run[:length] for run in self.costs for length in range(1, len(run) + 1)})
        contexts = ["", *(run for run in runs if len(run) < self.order)]
        return {
            "order": self.order,
            "lengths": "".join(str(len(run)) for run in runs),
            "ends": "".join(run[-1] for run in runs),
            "costs": " ".join(str(self.costs.get(run, 0)) for run in runs),
            "rests": " ".join(str(self.rests.get(run, 0)) for run in contexts),
        }

    def save(self, folder: Path) -> None:
        """Write ngram.json."""
        save_json(folder / NGRAM, self.content())

    def log_score(self, token: str, before: str) -> float:
        """Nats of a token's characters after a text."""
        return self._log_token(token, (START * (self.order - 1) + before)[-(self.order - 1) :])

    @cached_property
    def _log_token(self) -> Callable[[str, str], float]:
        """Nats of a token after as many characters as count; prefixes of a beam mostly end alike."""

        @lru_cache(maxsize=SCORES_KEPT)
        def scored(token: str, context: str) -> float:
            text = context + token
            return -sum(self._cost(text[: len(text) - back]) for back in range(len(token))) / TENTHS

        return scored

    def _cost(self, text: str) -> int:
        cost = 0
        for length in range(self.order, 0, -1):
            found = self.costs.get(text[-length:])
            if found is not None:
                return cost + found
            cost += self.rests.get(text[-length:-1], 0)
        return cost


def _counted(texts: Iterable[str], order: int) -> Counter[str]:
    """Runs of 1 to ``order`` characters that end in a text."""
    counts: Counter[str] = Counter()
    for text in texts:
        padded = START * (order - 1) + text
        ends = range(order, len(padded) + 1)
        counts.update([padded[end - length : end] for length in range(1, order + 1) for end in ends])
    return counts


def _weight(run: str, count: int, before: Mapping[str, int], order: int) -> int:
    """What a run counts in its context."""
    return count if len(run) == order or run[0] == START else before[run]


def _tenths(chances: Mapping[str, float]) -> dict[str, int]:
    return {run: round(-TENTHS * math.log(max(chance, SMALLEST_CHANCE))) for run, chance in chances.items()}


def _numbers(text: str) -> list[int]:
    found = [int(number) for number in text.split()]
    if found and not 0 <= min(found) <= max(found) <= MOST_COST:
        raise ValueError(f"costs from {min(found)} to {max(found)}, expected 0 to {MOST_COST}")
    return found
