"""Each font of a PDF judged: has it a map to text, none or a wrong one, and what should each code be mapped to?

A map is contradicted by letters of Arabic script alone, and only where the font is Arabic beyond doubt: by its own map,
or by what its text looks like. Letters, digits and signs of other scripts are written where such a font has no text.
"""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from glyphlens.commands.class_texts import DOTLESS, folded, has_letters, is_arabic, is_presentation, plain_letters
from glyphlens.commands.pdf_evidence import TextEvidence, text_evidence
from glyphlens.commands.pdf_readings import ReadFont, Reading
from glyphlens.sources.pdf.fonts import PdfFont

Map = Literal["present", "names", "none", "wrong"]
Verdict = Literal["kept", "letters", "written", "replaced", "uncertain", "not judged"]
CONTRADICTION = 0.95  # an entry is contradicted by answers this sure only
LEAST_MAPPED = 0.9  # share of the shown characters that a font's map or names have to know
LEAST_WRONG = 0.02  # share of the shown characters whose contradiction makes a map wrong
MEANINGLESS = ("Cc", "Cn", "Co", "Cs")
REPLACEMENT = "\ufffd"
Decide = Callable[[str, Reading], tuple[Verdict, str]]
CHANGES: tuple[Verdict, ...] = ("letters", "written", "replaced")


class Decision(NamedTuple):
    """One code of a font: what it was mapped to, what its shape says, and what it is mapped to in the end."""

    code: int
    gid: int
    shown: int
    was: str
    label: str
    confidence: float
    verdict: Verdict
    becomes: str


@dataclass(frozen=True)
class Judged:
    """A font with the state of its map, the reason for it, and a decision for each code in use."""

    font: PdfFont
    map: Map
    note: str
    decisions: tuple[Decision, ...]

    @property
    def is_readable(self) -> bool:
        """Whether its text can be searched and copied."""
        return self.map in ("present", "names")

    @property
    def changes(self) -> dict[int, str]:
        """{code: text} of the decisions that change the map."""
        return {each.code: each.becomes for each in self.decisions if each.verdict in CHANGES}

    @property
    def final_map(self) -> dict[int, str]:
        """The whole map as it should be, entries of codes that are not shown included."""
        kept = {**self.font.named, **self.font.texts}
        return {**{code: plain_letters(text) for code, text in kept.items() if not says_nothing(text)}, **self.changes}


def judge_font(read: ReadFont, least: float) -> Judged:
    """The judgement of one font; answers less sure than ``least`` are not written."""
    font = read.font
    before = font.texts if font.has_map else font.named
    state = _state(font)
    evidence = text_evidence(read)
    reason = read.fault or _reason_not_to_judge(font, state, evidence)
    decide: Decide = _not_judged if reason else _Rules(least, evidence, is_filled=state == "present").decide
    decisions = tuple(_decision(read, code, before.get(code, ""), decide) for code in sorted(font.counts))
    judged = Judged(font, state, reason or _lack(font, state), decisions)
    wrong, shown = _wrong(decisions), sum(font.counts.values())
    if state == "present" and wrong > LEAST_WRONG * shown:
        return Judged(font, "wrong", f"{wrong:,} of {shown:,} shown characters are other letters", decisions)
    return judged


def _lack(font: PdfFont, state: Map) -> str:
    """What is wrong with a map that knows too little; empty for others."""
    known, shown = _known(font, font.texts), sum(font.counts.values())
    return f"its map knows {known:,} of {shown:,} shown characters" if state == "wrong" else ""


def _state(font: PdfFont) -> Map:
    """By the share of shown characters that are mapped to some text."""
    least = LEAST_MAPPED * sum(font.counts.values())
    if font.has_map:
        return "present" if _known(font, font.texts) >= least else "wrong"
    return "names" if _known(font, font.named) >= least else "none"


def _known(font: PdfFont, texts: Mapping[int, str]) -> int:
    """How many shown characters have a text."""
    return sum(count for code, count in font.counts.items() if not says_nothing(texts.get(code, "")))


def _reason_not_to_judge(font: PdfFont, state: Map, evidence: TextEvidence) -> str:
    """Why nothing is said of a font's glyphs; empty where the answers can be relied on."""
    if state == "names":
        return "glyph names tell its text"
    if evidence.is_arabic or (font.has_map and _says_arabic(font)):
        return ""
    if not font.has_map:
        return "no text in Arabic letters, as far as its shapes tell"
    return "its map is not of the Arabic script" if state == "present" else "its map says nothing, nor do its shapes"


def _says_arabic(font: PdfFont) -> bool:
    """Whether at least half of the letters that the map gives are Arabic."""
    letters = [text for code in font.counts if has_any_letter(text := font.texts.get(code, ""))]
    return bool(letters) and sum(map(is_arabic, letters)) * 2 >= len(letters)


def has_any_letter(text: str) -> bool:
    """Whether a text has a letter of any script."""
    return any(unicodedata.category(character)[0] == "L" for character in text)


def says_nothing(text: str) -> bool:
    """Whether a text tells a reader nothing: it is empty, private, unassigned, or the mark of a lost character."""
    return not text or all(unicodedata.category(each) in MEANINGLESS or each == REPLACEMENT for each in text)


class _Rules:
    """What becomes of one entry, where the font's answers can be relied on."""

    def __init__(self, least: float, evidence: TextEvidence, *, is_filled: bool) -> None:
        self.least = least
        self.evidence = evidence
        self.is_filled = is_filled

    def decide(self, was: str, reading: Reading) -> tuple[Verdict, str]:
        """The verdict on an entry, and what it becomes."""
        if says_nothing(was):
            is_sure = reading.text and reading.confidence >= self.least and not self.is_part(reading)
            return ("written", reading.text) if is_sure else ("uncertain", was)
        if self.contradicts(was, reading):
            return "replaced", reading.text
        if any(map(is_presentation, was)):
            return "letters", plain_letters(was)
        return "kept", was

    def is_part(self, reading: Reading) -> bool:
        """Whether a glyph may be the skeleton or the dots of a letter, which stands in the map at the other part."""
        is_whole = has_letters(reading.text) and not set(reading.text) & DOTLESS
        return self.is_filled and bool(reading.label) and not is_whole

    def contradicts(self, was: str, reading: Reading) -> bool:
        """Whether the shape is surely another letter, or its letters stand in the map from left to right."""
        letters = folded(reading.text)
        if len(letters) > 1 and folded(was) == letters[::-1] != letters:
            return reading.confidence >= self.least
        if reading.confidence < max(CONTRADICTION, self.least) or not self.evidence.is_arabic:
            return False
        is_letters = has_letters(reading.text) and is_arabic(reading.text) and has_any_letter(was)
        if not is_letters or set(reading.text) & DOTLESS:
            return False
        return folded(was) not in reading.alike


def _not_judged(was: str, _: Reading) -> tuple[Verdict, str]:
    return "not judged", was


def _decision(read: ReadFont, code: int, was: str, decide: Decide) -> Decision:
    reading = read.readings.get(code)
    gid = read.font.glyphs.get(code, 0)
    shown = read.font.counts[code]
    if reading is None:
        return Decision(code, gid, shown, was, "", 0.0, "not judged", was)
    verdict, becomes = decide(was, reading)
    return Decision(code, gid, shown, was, reading.label, reading.confidence, verdict, becomes)


def _wrong(decisions: Sequence[Decision]) -> int:
    return sum(each.shown for each in decisions if each.verdict == "replaced")
