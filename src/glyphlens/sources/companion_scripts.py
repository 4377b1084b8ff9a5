"""What Arabic fonts hold beside Arabic: Latin, Greek, Cyrillic, Hebrew, and the digits and signs that scripts share.

Labels are the Unicode name with the script before it: ``latin_small_a_with_acute``, ``common_digit_four``. So none is
that of an Arabic sign (``comma`` is the Arabic one, ``common_comma`` the other).
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

import regex

LATIN, GREEK, CYRILLIC, HEBREW, COMMON = SCRIPTS = ("latin", "greek", "cyrillic", "hebrew", "common")
OTHER = "other"  # label and class of every glyph that is none of all these
COMPANION_CLASSES = (*SCRIPTS, OTHER)  # in the column char_class
# Blocks of Unicode, with the categories that are everyday letters, digits and signs in them.
RANGES = (
    (0x0021, 0x007E), (0x00A1, 0x00AC), (0x00AE, 0x017F), (0x0192, 0x0192), (0x0218, 0x021B), (0x02C6, 0x02C7),
    (0x02D8, 0x02DD), (0x0386, 0x03CE), (0x0400, 0x045F), (0x0490, 0x0491), (0x05D0, 0x05EA), (0x1E9E, 0x1E9E),
    (0x2013, 0x2014), (0x2018, 0x201E), (0x2020, 0x2022), (0x2026, 0x2026), (0x2030, 0x2030), (0x2032, 0x2033),
    (0x2039, 0x203A), (0x2044, 0x2044), (0x20AA, 0x20AC), (0x20B9, 0x20BA), (0x20BD, 0x20BD), (0x2116, 0x2116),
    (0x2122, 0x2122), (0x2126, 0x2126), (0x2190, 0x2195), (0x2202, 0x2202), (0x2206, 0x2206), (0x220F, 0x220F),
    (0x2211, 0x2212), (0x221A, 0x221A), (0x221E, 0x221E), (0x222B, 0x222B), (0x2248, 0x2248), (0x2260, 0x2260),
    (0x2264, 0x2265), (0x25CA, 0x25CA), (0x25CC, 0x25CC), (0xFB01, 0xFB02),
)  # fmt: skip
_SCRIPTS = {name: regex.compile(rf"\p{{Script={name.title()}}}") for name in SCRIPTS}


@cache
def companion_script(code_point: int) -> str:
    """latin, greek, cyrillic, hebrew or common; empty for a character of another script.

    >>> companion_script(ord("a")), companion_script(ord("7")), companion_script(0x0628)
    ('latin', 'common', '')
    """
    return next((name for name, pattern in _SCRIPTS.items() if pattern.match(chr(code_point))), "")


@cache
def companion_characters() -> tuple[int, ...]:
    """The characters that are classes, in code order."""
    found = (code_point for first, last in RANGES for code_point in range(first, last + 1))
    return tuple(sorted(code_point for code_point in found if unicodedata.name(chr(code_point), "")))


@cache
def companion_label(code_point: int) -> str:
    """The label of a character that is a class.

    >>> companion_label(0x00E1), companion_label(ord(",")), companion_label(0x05D0)
    ('latin_small_a_with_acute', 'common_comma', 'hebrew_alef')
    """
    name = unicodedata.name(chr(code_point)).replace(" LETTER ", " ").lower()
    words = re.sub(r"[^a-z0-9]+", "_", name).strip("_")
    script = companion_script(code_point)
    return words if words.startswith(f"{script}_") else f"{script}_{words}"


def is_companion(char_class: str) -> bool:
    """Whether a class of glyphs is not of the Arabic script."""
    return char_class in COMPANION_CLASSES


def script_of_label(label: str) -> str:
    """The script that a label begins with; ``other`` of that label, empty for a label of the Arabic script."""
    if label == OTHER:
        return OTHER
    first = label.partition("_")[0]
    return first if first in SCRIPTS else ""


def scripts_in(text: Iterable[str]) -> set[str]:
    """The companion scripts of a text's characters, common signs left out."""
    return {script for script in map(companion_script, map(ord, text)) if script not in ("", COMMON)}
