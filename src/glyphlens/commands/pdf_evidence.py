"""Whether what the recogniser reads in a font is Arabic text: letters that are joined stand beside letters that are.

Arabic letters take their form from their neighbours: after an initial or medial form comes a medial or final one. Right
answers on Arabic text agree with that nearly always, answers on glyphs of another script hardly ever.
"""

from collections.abc import Iterator
from typing import NamedTuple

from glyphlens.commands.pdf_readings import ReadFont, Reading
from glyphlens.sources.pdf.shown_codes import GAP

SURE = 0.9
LEAST_JOINED, LEAST_COHERENCE, LEAST_CONFIDENT = 8, 0.7, 0.3


class TextEvidence(NamedTuple):
    """``joined``: pairs of neighbours that are joined to each other; ``coherence``: their share of all pairs of which
    one is joined to the other; ``confident``: share of the glyphs in use whose answer is sure."""

    joined: int
    coherence: float
    confident: float

    @property
    def is_arabic(self) -> bool:
        """Whether this is text in Arabic letters beyond doubt."""
        return self.joined >= LEAST_JOINED and self.coherence >= LEAST_COHERENCE and self.confident >= LEAST_CONFIDENT


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
        reading = None if code == GAP else read.readings.get(code)
        if reading is not None and "." not in reading.label and reading.label and reading.joins is not None:
            if _is_mark(reading):
                continue
            reading = None
        if before is not None and reading is not None and reading.label:
            yield before, reading
        before = reading if reading is not None and reading.label else None


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
    import unicodedata

    return all(unicodedata.category(character) == "Mn" for character in reading.text)
