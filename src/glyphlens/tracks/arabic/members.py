"""The labels that a class stands for, each with its code points, in the order in which they are likely.

Labels with one outline in most fonts are one class (keheh.init and kaf.init). Which of them a glyph is, its picture
cannot say; the language can, and the other letters of the font.

C classes
"""

import unicodedata
from collections.abc import Collection, Sequence
from functools import cache
from typing import NamedTuple

from glyphlens.data.sample_set import CharacterClass
from glyphlens.sources.arabic_languages import ARABIC_INDIC, DEFAULT, EXTENDED, LANGUAGES, Writing
from glyphlens.sources.arabic_script import BLOCKS, PRESENTATION_BLOCKS, makes_glyph, slug

STANDARD, AUXILIARY, FOREIGN = 0, 1, 2
DIGITS = tuple(frozenset(map(chr, digits)) for digits in (ARABIC_INDIC, EXTENDED))


class Member(NamedTuple):
    """A label and its code points, such as ``U+0628``; none where the label does not say them."""

    label: str
    code_points: tuple[str, ...]

    @property
    def text(self) -> str:
        """The characters."""
        return "".join(chr(int(code.removeprefix("U+"), 16)) for code in self.code_points)


def class_members(classes: Sequence[CharacterClass]) -> list[tuple[Member, ...]]:
    """(C,) the members of every class, the one that gave it its label first."""
    return [(Member(entry.label, tuple(entry.code_points)), *map(_member, _others(entry))) for entry in classes]


def label_code_points(label: str) -> tuple[str, ...]:
    """The code points that a label is made of, the longest names first; none for a label that is made of others.

    >>> label_code_points("kaf_farsi_yeh.fina"), label_code_points("block")
    (('U+0643', 'U+06CC'), ())
    """
    return tuple(f"U+{code_point:04X}" for code_point in _parsed(label.partition(".")[0].split("_")) or ())


def likely_first(
    members: Sequence[tuple[Member, ...]], language: str | None, seen: Collection[str] = ()
) -> list[tuple[Member, ...]]:
    """Members of every class: those of the language first, then those whose characters the font has been seen to have,
    then those of Arabic; where all this is equal, in the given order."""
    writing = LANGUAGES[language] if language else None

    def rank(member: Member) -> tuple[int, bool, int]:
        of_language = kinship(member.text, writing) if writing else STANDARD
        return (
            of_language,
            not member.text or not set(member.text) <= set(seen),
            kinship(member.text, LANGUAGES[DEFAULT]),
        )

    return [tuple(sorted(entry, key=rank)) if len(entry) > 1 else entry for entry in members]


def seen_characters(members: Sequence[tuple[Member, ...]], answered: Collection[int]) -> set[str]:
    """Characters that classes of one member, those of ``answered``, show a font to have; a digit shows its ten."""
    seen = {character for number in set(answered) if len(members[number]) == 1 for character in members[number][0].text}
    return seen.union(*(digits for digits in DIGITS if digits & seen))


def kinship(text: str, writing: Writing) -> int:
    """Whether a text is written with the standard characters of a language, with auxiliary ones too, or is foreign.

    A presentation form counts as the letters that it shows.
    """
    characters = set(unicodedata.normalize("NFKC", text)) - {" "}
    if characters and characters <= writing.standard:
        return STANDARD
    return AUXILIARY if characters and characters <= writing.standard | writing.auxiliary else FOREIGN


def _others(entry: CharacterClass) -> list[str]:
    return [label for label in entry.members if label != entry.label]


def _member(label: str) -> Member:
    return Member(label, label_code_points(label))


def _parsed(words: list[str]) -> tuple[int, ...] | None:
    """Characters whose names, one after the other, are the words; None where there are none such."""
    if not words:
        return ()
    for count in range(len(words), 0, -1):
        first = _characters().get("_".join(words[:count]))
        rest = _parsed(words[count:]) if first is not None else None
        if first is not None and rest is not None:
            return first, *rest
    return None


@cache
def _characters() -> dict[str, int]:
    """Word of a label → character, letters before presentation forms."""
    blocks = (*PRESENTATION_BLOCKS, *BLOCKS)
    return {slug(code): code for first, last in blocks for code in range(first, last + 1) if makes_glyph(code)}
