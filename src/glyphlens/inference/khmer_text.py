"""Khmer text in one canonical form, cut into orthographic clusters; without torch.

The order of the marks around a base is SIL's (sillsdev/khmer-character-specification), by the package khmerspell.
"""

import re
import unicodedata
from functools import lru_cache

from khmerspell import khnormal, khres  # type: ignore[import-untyped]

COENG = "\u17d2"  # written before a consonant, puts it below the one before
BASES = "\u1780-\u17a2\u17a5-\u17b3\u25cc"  # consonants, independent vowels, the dotted circle that stands for one
VOWELS = "\u17b6-\u17c5"
SIGNS = "\u17c6-\u17d1\u17d3\u17dd"
# Deprecated or discouraged characters by what is written instead, as the Unicode Standard (chapter 16.4) has it.
REPLACED = str.maketrans(
    {"\u17a3": "\u17a2", "\u17a4": "\u17a2\u17b6", "\u17b4": "", "\u17b5": "", "\u17d8": "\u17d4\u179b\u17d4"}
)
NEVER_SEEN = ("Cf", "Cc")  # zero-width space and joiners, byte order mark, direction marks, soft hyphen, controls

# A shifter below a vowel above looks like the vowel u: the shifter is meant. khnormal has the rule, but passes
# re.VERBOSE as a count, so that it never applies.
_SHIFTED = [
    (re.compile(f"((?:{khres[bases]})[\u17c1-\u17c5]?)\u17bb(?={khres['VA']}|\u17d0)", re.VERBOSE), shifter)
    for bases, shifter in (("STRONG", r"\1" + "\u17ca"), ("NSTRONG", r"\1" + "\u17c9"))
]
_SYLLABLE = re.compile(f"[{BASES}](?:{COENG}[{BASES}]?|[{VOWELS}{SIGNS}])+")
_CLUSTER = re.compile(f"[{BASES}](?:{COENG}[{BASES}]|[{VOWELS}{SIGNS}])*|.[\u0300-\u036f]*", re.DOTALL)


def canonical(text: str) -> str:
    """The one spelling of all that look alike: marks in SIL's order, the rest in NFC, single spaces between words.

    Zero-width characters are left out: no picture shows them. Idempotent.

    >>> canonical("ខែ\\u17d2មរ\\u200b  10") == "ខ\\u17d2មែរ 10"
    True
    """
    visible = "".join(" " if character.isspace() else character for character in text)
    visible = "".join(each for each in visible if unicodedata.category(each) not in NEVER_SEEN)
    found = ""
    while found != visible:
        found = visible
        composed = unicodedata.normalize("NFC", found).translate(REPLACED)
        visible = _SYLLABLE.sub(lambda match: _ordered(match[0]), composed)
    return " ".join(found.split())


def clusters(text: str) -> list[str]:
    """Orthographic clusters: a base with its subscripts, vowels and signs; any other character is one by itself.

    Joined they are the text again.

    >>> clusters("ខ\\u17d2មែរ 10") == ["ខ\\u17d2មែ", "រ", " ", "1", "0"]
    True
    """
    return _CLUSTER.findall(text)


@lru_cache(maxsize=65_536)
def _ordered(syllable: str) -> str:
    found = str(khnormal(syllable))
    for pattern, shifted in _SHIFTED:
        found = pattern.sub(shifted, found)
    return found
