"""Each font of a PDF judged: has it a map to text, none or a wrong one, and what should each code be mapped to?

The recogniser knows glyphs of the Arabic script alone, and every glyph of another script gets some answer of its. So
a map is contradicted only where the font is Arabic beyond doubt: by its own map, or by what its text looks like.
"""

import unicodedata
from collections.abc import Sequence
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
        kept = self.font.named if self.map == "names" else self.font.texts
        return {**{code: plain_letters(text) for code, text in kept.items()}, **self.changes}


def judge_font(read: ReadFont, least: float) -> Judged:
    """The judgement of one font; answers less sure than ``least`` are not written."""
    font = read.font
    before = font.texts if font.has_map else font.named
    state = _state(font)
    evidence = text_evidence(read)
    reason = read.fault or _reason_not_to_judge(font, state, evidence)
    decide = _NOT_JUDGED if reason else _Rules(least, evidence)
    decisions = tuple(
        _decision(read, code, before.get(code, ""), decide) for code in sorted(font.counts) if code in font.counts
    )
    judged = Judged(font, state, reason, decisions)
    wrong, shown = _wrong(decisions), sum(font.counts.values())
    if state == "present" and wrong > LEAST_WRONG * shown:
        return Judged(font, "wrong", f"{wrong:,} of {shown:,} shown characters are other letters", decisions)
    return judged


def _state(font: PdfFont) -> Map:
    """By the share of shown characters that are mapped to some text."""
    shown = sum(font.counts.values())

    def mapped(texts: dict[int, str]) -> bool:
        known = sum(count for code, count in font.counts.items() if not says_nothing(texts.get(code, "")))
        return known >= LEAST_MAPPED * shown

    if font.has_map:
        return "present" if mapped(dict(font.texts)) else "wrong"
    return "names" if mapped(dict(font.named)) else "none"


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

    def __init__(self, least: float, evidence: TextEvidence) -> None:
        self.least = least
        self.evidence = evidence

    def __call__(self, was: str, reading: Reading) -> tuple[Verdict, str]:
        if says_nothing(was):
            sure = reading.text and reading.confidence >= self.least
            return ("written", reading.text) if sure else ("uncertain", was)
        if self.contradicts(was, reading):
            return "replaced", reading.text
        if any(map(is_presentation, was)):
            return "letters", plain_letters(was)
        return "kept", was

    def contradicts(self, was: str, reading: Reading) -> bool:
        """Whether the shape is surely another letter, or its letters stand in the map from left to right."""
        letters = folded(reading.text)
        if len(letters) > 1 and folded(was) == letters[::-1] != letters:
            return reading.confidence >= self.least
        if reading.confidence < max(CONTRADICTION, self.least) or not self.evidence.is_arabic:
            return False
        if not (has_letters(reading.text) and has_any_letter(was)) or set(reading.text) & DOTLESS:
            return False
        return folded(was) not in reading.alike


def _not_judged(was: str, _: Reading) -> tuple[Verdict, str]:
    return "not judged", was


_NOT_JUDGED = _not_judged


def _decision(read: ReadFont, code: int, was: str, decide: "_Rules | object") -> Decision:
    reading = read.readings.get(code)
    gid = read.font.glyphs.get(code, 0)
    shown = read.font.counts[code]
    if reading is None or not callable(decide):
        return Decision(code, gid, shown, was, "", 0.0, "not judged", was)
    verdict, becomes = decide(was, reading)
    return Decision(code, gid, shown, was, reading.label, reading.confidence, verdict, becomes)


def _wrong(decisions: Sequence[Decision]) -> int:
    return sum(each.shown for each in decisions if each.verdict == "replaced")
