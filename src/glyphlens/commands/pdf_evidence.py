"""Whether what the recogniser reads in a font is Arabic text: letters that are joined stand beside letters that are.

Arabic letters take their form from their neighbours: after an initial or medial form comes a medial or final one. Right
answers on Arabic text agree with that nearly always, answers on glyphs of another script hardly ever.
"""

import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from glyphlens.commands.class_texts import has_letters
from glyphlens.commands.pdf_readings import SURE, ReadFont, Reading
from glyphlens.sources.arabic_script import TATWEEL

# joined pairs, coherence and confident glyphs that are enough: much text, or little that leaves no doubt
ENOUGH = ((8, 0.7, 0.3), (3, 0.9, 0.6))


class TextEvidence(NamedTuple):
    """``joined``: pairs of neighbours that are joined to each other; ``coherence``: their share of all pairs of which
    one is joined to the other; ``confident``: share of the glyphs in use whose answer is sure."""

    joined: int
    coherence: float
    confident: float

    @property
    def is_arabic(self) -> bool:
        """Whether this is text in Arabic letters beyond doubt."""
        return any(all(found >= least for found, least in zip(self, enough, strict=True)) for enough in ENOUGH)


def text_evidence(read: ReadFont) -> TextEvidence:
    """The evidence of a font's text, in logical or in visual order, whichever has more of it."""
    pairs = list(_neighbours(read))
    drawn = [reading for reading in read.readings.values() if reading.label]
    confident = sum(reading.confidence >= SURE for reading in drawn) / max(1, len(drawn))
    ways = [_joined(pairs), _joined([(after, before) for before, after in pairs])]
    joined, broken = max(ways, key=lambda way: (way[0] / max(1, sum(way)), way[0]))
    return TextEvidence(joined, joined / max(1, joined + broken), confident)


def _neighbours(read: ReadFont) -> Iterator[tuple[Reading, Reading]]:
    """Letters that follow one another within a word; marks and dots between them are passed over."""
    before: Reading | None = None
    for code in read.font.shown:
        reading = read.readings.get(code)
        if reading is not None and _is_mark(reading):
            continue
        is_joinable = reading is not None and (has_letters(reading.text) or reading.text == chr(TATWEEL))
        after = reading if is_joinable else None
        if before is not None and after is not None:
            yield before, after
        before = after


def _joined(pairs: list[tuple[Reading, Reading]]) -> tuple[int, int]:
    """Pairs that are joined, and pairs of which only one is."""
    joined = broken = 0
    for before, after in pairs:
        if before.joins is None or after.joins is None:
            continue
        joined += before.joins[1] and after.joins[0]
        broken += before.joins[1] != after.joins[0]
    return joined, broken


def _is_mark(reading: Reading) -> bool:
    return bool(reading.text) and all(unicodedata.category(character) == "Mn" for character in reading.text)
