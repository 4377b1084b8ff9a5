"""The text that a class of the Arabic recogniser stands for: its letters in logical order, no presentation forms."""

import unicodedata
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import NamedTuple

from glyphlens.data.sample_set import CharacterClass
from glyphlens.sources.arabic_script import PRESENTATION_BLOCKS, TATWEEL
from glyphlens.tracks.arabic.members import Member, class_members, label_code_points, likely_first

LETTERS = "Lo"
# Letters of Arabic, Persian, Urdu, Pashto, Kurdish, Uyghur and Sindhi as they are commonest; marks; punctuation.
EVERYDAY = frozenset(
    "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيپچژکگیٹڈڑںہھۂۃےۓټځڅډړږښګڼۍېۀەڕڵۆێۇۈۋڭ"
    + "".join(map(chr, range(0x064B, 0x0656)))
    + "\u0670\u0640،؛؟٪٫٬۔"
)
ALEF_MAKSURA = "\u0649"
RARE, DIGIT = 0.2, 0.3
# Skeletons that fonts draw without their dots, which are a glyph of their own: they contradict no letter.
DOTLESS = frozenset("\u066e\u066f\u06a1\u06ba\u0649\u06cc")


class ClassText(NamedTuple):
    """``text``: what the class is written as; ``alike``: folded texts of all labels that share its shape.

    ``joins``: (before, after), whether it is joined to its neighbours; None where its labels differ in that.
    ``weight``: how usual it is in running text, beside 1 for letters and marks of everyday.
    """

    text: str
    alike: frozenset[str]
    joins: tuple[bool, bool] | None
    weight: float


def class_texts(classes: Sequence[CharacterClass]) -> list[ClassText]:
    """What each class stands for, by the labels that were merged into it and those that look like it."""
    return [_class_text(entry, members) for entry, members in zip(classes, class_members(classes), strict=True)]


def label_texts(classes: Sequence[CharacterClass], language: str) -> dict[str, str]:
    """What each class, by its label, is written as in a language: kaf.init is ک in Persian."""
    names = likely_first(class_members(classes), language)
    return {entry.label: plain_letters(members[0].text) for entry, members in zip(classes, names, strict=True)}


def plain_letters(text: str) -> str:
    """The text without presentation forms: ﻻ becomes ل and ا; a mark that is shown on a space or kashida, the mark.

    >>> plain_letters("\\ufefb") == "\\u0644\\u0627"
    True
    """
    return "".join(map(_letters_of, text))


def folded(text: str) -> str:
    """What compares equal for texts of one shape: no presentation forms, kashidas or order of marks."""
    letters = unicodedata.normalize("NFC", plain_letters(text))
    return letters.replace(chr(TATWEEL), "") or letters


def is_presentation(character: str) -> bool:
    """Whether a character is one of the presentation forms that stand for letters."""
    return _letters_of(character) != character


def is_arabic(text: str) -> bool:
    """Whether a text has letters, marks, digits or signs of the Arabic script and no letter of another one."""
    letters = [character for character in text if unicodedata.category(character)[0] in "LMN"]
    return bool(letters) and all("ARABIC" in unicodedata.name(character, "") for character in letters)


def has_letters(text: str) -> bool:
    """Whether a text has letters proper: no marks, digits or signs alone."""
    return any(unicodedata.category(character) == LETTERS for character in text)


@cache
def _letters_of(character: str) -> str:
    if not any(first <= ord(character) <= last for first, last in PRESENTATION_BLOCKS):
        return character
    letters = unicodedata.normalize("NFKC", character)
    if len(letters) > 1 and all(unicodedata.category(mark) == "Mn" for mark in letters[1:]):
        return letters.lstrip(" " + chr(TATWEEL))
    return letters


def _class_text(entry: CharacterClass, members: Sequence[Member]) -> ClassText:
    text = plain_letters(members[0].text)
    lookalikes = [Member(label, label_code_points(label)) for label in entry.lookalikes]
    alike = {folded(member.text) for member in (*members, *lookalikes) if member.code_points}
    forms = {label.rpartition(".")[2] for label in {entry.label, *entry.members}}
    joins = (True, True) if text == chr(TATWEEL) else _joins(forms)
    return ClassText(text, frozenset(alike), joins, _weight(text, forms))


def _weight(text: str, forms: Collection[str]) -> float:
    if not text:  # what is to be refused
        return 1.0
    if text == ALEF_MAKSURA and not {"isol", "fina", ""} & set(forms):
        return RARE
    if all(unicodedata.category(character) == "Nd" for character in text):
        return DIGIT
    return 1.0 if set(text) <= EVERYDAY else RARE


def _joins(forms: Iterable[str]) -> tuple[bool, bool] | None:
    found = {(form in ("medi", "fina"), form in ("init", "medi")) for form in forms}
    return found.pop() if len(found) == 1 else None
