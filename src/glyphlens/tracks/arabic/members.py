"""The labels that a class stands for, each with its code points, in the order in which they are likely.

Labels with one outline in most fonts are one class (keheh.init and kaf.init). Which of them a glyph is, its picture
cannot say; the language can, and the other letters of the font.

C classes
"""

import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from functools import cache
from typing import NamedTuple

from glyphlens.data.sample_set import CharacterClass
from glyphlens.sources.arabic_languages import ARABIC_INDIC, DEFAULT, EXTENDED, LANGUAGES, Writing
from glyphlens.sources.arabic_script import BLOCKS, PRESENTATION_BLOCKS, makes_glyph, slug
from glyphlens.sources.companion_scripts import companion_characters, companion_label, scripts_in

STANDARD, AUXILIARY, FOREIGN = 0, 1, 2
NEARLY_ALL, FEWEST_SEEN, SEVERAL, SEVERAL_LETTERS = 0.95, 10, 2, 3
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
    members: Sequence[tuple[Member, ...]], language: str | None, seen: Collection[str] | None = None
) -> list[tuple[Member, ...]]:
    """Members of every class, those of the language first, in the given order where they are alike.

    ``seen`` are the characters that the glyphs of one font surely show; None for pictures that have nothing to do with
    each other. A member with a character that the font would have shown comes after the others. Without a language that
    comes first, then what the seen letters are written in; then, of letters that scripts share (A, Α, А), those of a
    script that the font shows letters of its own of.
    """
    writing = LANGUAGES[language or written_language(seen or ())]
    lacking = _revealing(members) - set(seen) if seen is not None else set()

    shown = shown_scripts(seen or ())

    def rank(member: Member) -> tuple[int, bool, int, bool]:
        near, scripts = kinship(member.text, writing), scripts_in(member.text)
        is_absent = bool(shown and scripts and not scripts & shown)
        return near if language else STANDARD, bool(lacking & set(member.text)), near, is_absent

    return [tuple(sorted(entry, key=rank)) if len(entry) > 1 else entry for entry in members]


def shown_scripts(seen: Collection[str]) -> set[str]:
    """The scripts beside Arabic of which several letters are among these characters."""
    counts = Counter(script for character in set(seen) for script in scripts_in(character))
    return {script for script, count in counts.items() if count >= SEVERAL_LETTERS}


def seen_characters(members: Sequence[tuple[Member, ...]], answered: Collection[int]) -> set[str]:
    """Characters that the classes ``answered`` show a font to have: of one member and one character. A digit shows its
    ten."""
    return {character for number in set(answered) for character in _shown(members[number])}


def written_language(seen: Collection[str]) -> str:
    """The language that nearly all of these characters are standard in, more than in Arabic; else, and where they are
    few, Arabic."""
    counts = {name: len(writing.standard & set(seen)) for name, writing in LANGUAGES.items()}
    best = max(counts, key=lambda name: counts[name])
    is_told = len(set(seen)) >= FEWEST_SEEN and counts[best] >= NEARLY_ALL * len(set(seen))
    return best if is_told and counts[best] > counts[DEFAULT] else DEFAULT


def _shown(entry: tuple[Member, ...]) -> set[str]:
    """The characters that a glyph of this class shows its font to have."""
    text = entry[0].text if len(entry) == 1 else ""
    if len(text) != 1:
        return set()
    return {text}.union(*(digits for digits in DIGITS if text in digits))


def _revealing(members: Sequence[tuple[Member, ...]]) -> set[str]:
    """Characters that several classes show, so that a font which shows none of them lacks the character."""
    counts = Counter(character for entry in members for character in _shown(entry))
    return {character for character, count in counts.items() if count >= SEVERAL}


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
    arabic = {slug(code): code for first, last in blocks for code in range(first, last + 1) if makes_glyph(code)}
    return {companion_label(code): code for code in companion_characters()} | arabic
