"""Codes of the ETL Character Database → Unicode characters; a code that says nothing is the empty text.

Codes are those of the records: JIS X 0201 (one byte), JIS X 0208 (two, kuten + 0x2020), CO-59 (two 6-bit integers as
12 bits). Characters are full-width kana and, where the code is a JIS X 0201 one, ASCII with ¥ and ‾; those of CO-59 and
JIS X 0208 are as these codes have them, their letters and digits full-width.
"""

import unicodedata
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Repertoire = Literal["jis_x_0201", "katakana", "hiragana", "jis_x_0201_wi_we", "jis_x_0208", "co59"]

CO59_TABLE = "co59.txt"
CO59_AXIS = (*range(4, 28), *range(36, 60))
UNREADABLE = "〓"
# The character that a 6-bit T56 code stands for.
T56 = "0123456789[#@:>? ABCDEFGHI&.](<  JKLMNOPQR-$*);'|/STUVWXYZ ,%=\"!"
# Codes of ィ and ェ that stand for ヰ and ヱ, which JIS X 0201 lacks.
WI_WE = {0xA8: "ヰ", 0xAA: "ヱ"}
SOUND_MARKS = {0xDE: "゛", 0xDF: "゜"}
HIRAGANA_BELOW_KATAKANA = 0x60


@cache
def characters(repertoire: Repertoire) -> NDArray[Any]:
    """The character of every code: an object array of texts, indexed by the code, "" where it has none."""
    if repertoire == "jis_x_0208":
        return _table(0x10000, {code: _jis_x_0208(code) for code in range(0x2121, 0x7E7F)})
    if repertoire == "co59":
        return _table(0x1000, {code: char for code, char in co59_cells().items() if char != UNREADABLE})
    kana = {code: _katakana(code) for code in range(0xA1, 0xE0)}
    if repertoire != "jis_x_0201":
        kana |= WI_WE
    if repertoire == "hiragana":
        kana = {code: _hiragana(char) for code, char in kana.items()}
    if repertoire in ("katakana", "hiragana"):
        return _table(0x100, kana)
    roman = {code: chr(code) for code in range(0x21, 0x7F)} | {0x5C: "¥", 0x7E: "‾"}
    return _table(0x100, roman | kana)


@cache
def co59_cells() -> dict[int, str]:
    """Every cell of CO-59 by its code; UNREADABLE where the only printed table cannot be made out."""
    lines = Path(__file__).with_name(CO59_TABLE).read_text(encoding="utf-8").splitlines()
    return {
        high << 6 | low: char
        for high, line in zip(CO59_AXIS, lines, strict=True)
        for low, char in zip(CO59_AXIS, line, strict=True)
    }


def fault_of(repertoire: Repertoire, code: int) -> str:
    """Why a code has no character."""
    return "unreadable CO-59 cell" if repertoire == "co59" and code in co59_cells() else "unknown code"


def code_text(repertoire: Repertoire, code: int) -> str:
    """A code as its standard writes it: ``0x2422``, ``0xB1``; for CO-59 its two integers ``5,19``."""
    if repertoire == "co59":
        return f"{code >> 6},{code & 63}"
    return f"0x{code:04X}" if repertoire == "jis_x_0208" else f"0x{code:02X}"


def _table(size: int, known: dict[int, str]) -> NDArray[Any]:
    table = np.full(size, "", dtype=object)
    for code, char in known.items():
        table[code] = char
    table.flags.writeable = False
    return table


def _jis_x_0208(code: int) -> str:
    """Through EUC-JP, which is JIS X 0208 with the high bits set; "" where the standard has no character."""
    if not 0x21 <= code & 0xFF <= 0x7E:
        return ""
    try:
        return (code | 0x8080).to_bytes(2, "big").decode("euc_jp")
    except UnicodeDecodeError:
        return ""


def _katakana(code: int) -> str:
    """The full-width character of a half-width one; the sound marks as themselves, not as combining marks."""
    return SOUND_MARKS.get(code) or unicodedata.normalize("NFKC", chr(code - 0xA1 + 0xFF61))


def _hiragana(char: str) -> str:
    return chr(ord(char) - HIRAGANA_BELOW_KATAKANA) if "ァ" <= char <= "ヶ" else char
