"""Lines of text: cut out of running text, or made of what else documents hold.

A text is composed of pieces between which a line may break; writers put a zero-width space there, which no target has.
"""

from collections.abc import Callable, Mapping
from random import Random

from pydantic import Field

from glyphlens.core.params import Section
from glyphlens.inference.khmer_text import canonical, clusters
from glyphlens.tracks.khmer.texts import templates
from glyphlens.tracks.khmer.texts.characters import KHMER_LETTERS, KHMER_SIGNS, KHMER_VOWELS, SUBSCRIPTS
from glyphlens.tracks.khmer.texts.vocabulary import Vocabulary

ZERO_WIDTH_SPACE = "\u200b"
BRACKETS = (("(", ")"), ("(", ")"), ("«", "»"), ("“", "”"), ('"', '"'), ("[", "]"), ("‘", "’"), ("{", "}"))
ENDS = ("។", "។", "។", "។", "។", " ។", "៕", "?", "!", "៖", "៖", "...", "…")
MADE_UP_SIGNS = "ំះៈ់៍័៉៊៌៏"


class LineLength(Section):
    """Clusters of a line: about ``mean`` in most, ``short_share`` short, ``any_share`` of any length."""

    mean: float = Field(gt=0)
    deviation: float = Field(gt=0)
    short_share: float = Field(ge=0, le=1)
    any_share: float = Field(ge=0, le=1)
    most: int = Field(ge=10)

    def draw(self, rng: Random) -> int:
        """How many clusters the next line shall have."""
        chance = rng.random()
        if chance < self.short_share:
            return rng.randint(2, 20)
        if chance < self.short_share + self.any_share:
            return rng.randint(20, self.most)
        return min(self.most, max(6, round(rng.gauss(self.mean, self.deviation))))


class Composer:
    """Draws lines of every kind out of one vocabulary."""

    def __init__(self, words: Vocabulary, lengths: LineLength, everyday_share: float) -> None:
        self._words, self._lengths, self._everyday_share = words, lengths, everyday_share

    def line(self, kind: str, rng: Random) -> list[str]:
        """The pieces of one line of a kind (a name of ``KINDS``)."""
        return KINDS[kind](self, rng)

    def sentence(self, rng: Random) -> list[str]:
        """Running text of random words."""
        return self._cut(lambda: self._phrase(rng, 0), rng)

    def mixed(self, rng: Random) -> list[str]:
        """Running text with Latin words, numbers and brackets in it."""
        return self._cut(lambda: self._phrase(rng, 0.35), rng)

    def article(self, rng: Random) -> list[str]:
        """Running text as people wrote it, cut anywhere between two clusters."""
        return self._cut_out(self._words.articles, rng)

    def own(self, rng: Random) -> list[str]:
        """The user's own text."""
        return self._cut_out(self._words.own, rng)

    def word(self, rng: Random) -> list[str]:
        """A few words, as in titles and tables."""
        found = [self._word(rng) for _ in range(rng.choice((1, 1, 2, 2, 3, 4)))]
        return [*found, *rng.choice(((), (), (), ("ៗ",), ("៖",), (":",), ("។",)))]

    def rare(self, rng: Random) -> list[str]:
        """Words of rare clusters, made-up clusters, seldom used signs."""
        draws: tuple[Callable[[Random], str], ...] = (self._words.rare.draw, self._words.rare.draw, made_up_word)
        count = rng.randint(2, 14)
        found = [part for _ in range(count) for part in (rng.choice(draws)(rng), rng.choice(("", "", " ")))]
        at = rng.choice((0, len(found)))
        found[at:at] = [" ", templates.symbols(rng), " "]
        return found

    def number(self, rng: Random) -> list[str]:
        """One or several numbers, a row of a table."""
        draws: tuple[Callable[[], str], ...] = (
            lambda: templates.amount(rng),
            lambda: templates.reference_code(rng),
            lambda: templates.table_row(rng, self._words),
            lambda: "  ".join(templates.amount(rng) for _ in range(rng.randint(2, 5))),
        )
        return [rng.choice(draws)()]

    def date(self, rng: Random) -> list[str]:
        """A date, alone or in a sentence."""
        return self._among_words(templates.date(rng), rng)

    def price(self, rng: Random) -> list[str]:
        """Money, alone or in a sentence."""
        return self._among_words(templates.price(rng), rng)

    def listed(self, rng: Random) -> list[str]:
        """An item of a list, a row of a form, a heading."""
        chance = rng.random()
        if chance < 0.25:
            return [templates.field(rng, self._words)]
        if chance < 0.45:
            return [templates.section_heading(rng, self._words)]
        return [templates.mark(rng), rng.choice((" ", " ", "")), *self.sentence(rng)]

    def latin(self, rng: Random) -> list[str]:
        """Nothing but Latin."""
        return [templates.latin(rng, self._words, 8)]

    def _among_words(self, what: str, rng: Random) -> list[str]:
        chance = rng.random()
        before = [*self._phrase(rng, 0)[:-1], rng.choice(("", " "))] if chance < 0.6 else []
        behind = [rng.choice(("", " ")), *self._phrase(rng, 0)] if 0.4 < chance < 0.9 else []
        return [*before, what, *behind]

    def _word(self, rng: Random) -> str:
        return (self._words.everyday if rng.random() < self._everyday_share else self._words.listed).draw(rng)

    def _phrase(self, rng: Random, foreign_share: float) -> list[str]:
        """Words up to the next space, which ends it, now and then with a sign before that."""
        found = [self._word(rng) for _ in range(rng.randint(2, 9))]
        if rng.random() < 0.1:
            found.insert(rng.randint(1, len(found)), rng.choice(("ៗ", "ៗ ")))
        if rng.random() < 0.08:
            at = rng.randrange(len(found))
            left, right = rng.choice(BRACKETS)
            found[at] = f"{left}{found[at]}{right}"
        if rng.random() < 0.12 + foreign_share / 2:
            found.insert(
                rng.randint(0, len(found)),
                self._spaced(rng.choice((templates.amount, templates.reference_code))(rng), rng),
            )
        if rng.random() < foreign_share:
            found.insert(rng.randint(0, len(found)), self._foreign(rng))
        end = (
            rng.choice(ENDS)
            if rng.random() < 0.2
            else rng.choice((",", ";", " -", " –"))
            if rng.random() < 0.06
            else ""
        )
        return [*found, end, " "]

    def _foreign(self, rng: Random) -> str:
        text = templates.latin(rng, self._words, 3)
        if rng.random() < 0.4:
            left, right = rng.choice(BRACKETS)
            text = f"{left}{text}{right}"
        return self._spaced(text, rng)

    def _spaced(self, text: str, rng: Random) -> str:
        before, behind = rng.choice(((" ", " "), (" ", " "), ("", ""), (" ", ""), ("", " ")))
        return before + text + behind

    def _cut(self, phrase: Callable[[], list[str]], rng: Random) -> list[str]:
        """So many clusters of running text, beginning within a phrase as most lines do."""
        wanted, count = self._lengths.draw(rng), 0
        found: list[str] = []
        running = phrase()
        running = running[rng.randrange(len(running)) :]
        while count < wanted:
            for piece in running:
                if count and count + len(clusters(piece)) > wanted:
                    return found
                found.append(piece)
                count += len(clusters(piece))
            running = phrase()
        return found

    def _cut_out(self, paragraphs: tuple[str, ...], rng: Random) -> list[str]:
        parts = clusters(rng.choice(paragraphs))
        wanted = min(self._lengths.draw(rng), len(parts))
        start = rng.randint(0, len(parts) - wanted)
        return parts[start : start + wanted]


KINDS: Mapping[str, Callable[[Composer, Random], list[str]]] = {
    "sentence": Composer.sentence,
    "mixed": Composer.mixed,
    "article": Composer.article,
    "own": Composer.own,
    "word": Composer.word,
    "rare": Composer.rare,
    "number": Composer.number,
    "date": Composer.date,
    "price": Composer.price,
    "list": Composer.listed,
    "latin": Composer.latin,
}


def made_up_word(rng: Random) -> str:
    """Clusters that no word need have: any base with any subscripts, vowel and sign."""
    return "".join(_made_up_cluster(rng) for _ in range(rng.randint(1, 3)))


def _made_up_cluster(rng: Random) -> str:
    base = rng.choice(KHMER_LETTERS)
    if base > "\u17a2":  # independent vowels seldom carry marks
        return base + rng.choice(("", "", "\u17d2យ"))
    below = "".join(rng.choice(SUBSCRIPTS) for _ in range(rng.choice((0, 1, 1, 1, 2))))
    vowel = rng.choice(KHMER_VOWELS) if rng.random() < 0.7 else ""
    sign = rng.choice(KHMER_SIGNS if rng.random() < 0.1 else MADE_UP_SIGNS) if rng.random() < 0.3 else ""
    return base + below + vowel + sign


def drawn_and_target(pieces: list[str], zero_width: bool) -> tuple[str, str]:
    """The text to draw, with zero-width spaces between pieces or without, and the canonical text to read."""
    target = canonical("".join(pieces))
    drawn = canonical_pieces(pieces) if zero_width else target
    return (drawn, target) if canonical(drawn) == target else (target, target)


def canonical_pieces(pieces: list[str]) -> str:
    """The pieces each in canonical form with a zero-width space between neighbours that no space parts."""
    joined = ""
    for piece in pieces:
        part = canonical(f"|{piece}|")[1:-1]
        gap = joined and part and joined[-1] != " " and part[0] != " "
        joined += (ZERO_WIDTH_SPACE if gap else "") + part
    return joined.strip()
