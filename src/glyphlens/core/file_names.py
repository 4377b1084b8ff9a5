"""File names as text that every file and terminal can hold."""

import unicodedata

# Control, formatting and half characters, line and paragraph separators; joiners belong to Persian and Indic words.
ESCAPED, JOINERS = {"Cc", "Cf", "Cs", "Zl", "Zp"}, "\u200c\u200d"
UNDECODED = range(0xDC80, 0xDD00)  # bytes that are no UTF-8, as Python holds them (PEP 383)


def shown(name: object) -> str:
    r"""One line of text: bytes that are no UTF-8 as ``\xff``, what moves a terminal's cursor as ``\n`` or ``\x1b``.

    >>> shown("a\nb")
    'a\\nb'
    """
    text = str(name)
    return text if text.isprintable() else "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    if ord(character) in UNDECODED:
        return f"\\x{ord(character) - 0xDC00:02x}"
    if unicodedata.category(character) in ESCAPED and character not in JOINERS:
        return character.encode("unicode_escape").decode("ascii")
    return character
