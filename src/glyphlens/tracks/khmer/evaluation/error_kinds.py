"""What kind of mistake a wrong cluster is: a subscript lost, a vowel exchanged, an order turned round …"""

import unicodedata

from glyphlens.evaluation.edits import Aligned
from glyphlens.inference.khmer_text import COENG

VOWELS = range(0x17B6, 0x17C6)
SIGNS = (*range(0x17C6, 0x17D2), 0x17D3, 0x17DD)
KINDS = {
    "space": "a space put in or left out",
    "lost": "a whole cluster left out",
    "added": "a cluster put in",
    "latin": "a Latin letter",
    "digit": "a digit, Khmer or Latin",
    "mark": "a punctuation mark or sign of currency",
    "order": "the same characters in another order",
    "subscript lost": "a subscript left out, the rest right",
    "subscript": "another subscript, or one too many, the rest right",
    "base": "another base letter, what is around it right",
    "vowel": "another vowel, or none, the rest right",
    "sign": "another sign above, or none, the rest right",
    "several": "more than one part of the cluster, or something else in its place",
}


def error_kind(pair: Aligned) -> str:
    """The kind of an edit of clusters, one of ``KINDS``.

    >>> error_kind(Aligned("ក្ន", "ក")), error_kind(Aligned("កើ", "កឺ")), error_kind(Aligned("១", "9"))
    ('subscript lost', 'vowel', 'digit')
    """
    truth, guess = pair
    if truth.isspace() or guess.isspace():
        return "space"
    if not truth or not guess:
        return "lost" if truth else "added"
    if not _is_khmer_letter(truth):
        return _kind_of_character(truth[0])
    return _kind_of_parts(truth, guess) if _is_khmer_letter(guess) else "several"


def _is_khmer_letter(cluster: str) -> bool:
    return "\u1780" <= cluster[0] <= "\u17b3"


def _kind_of_character(character: str) -> str:
    if character.isdigit():
        return "digit"
    return "latin" if unicodedata.category(character).startswith("L") else "mark"


def _kind_of_parts(truth: str, guess: str) -> str:
    if sorted(truth) == sorted(guess):
        return "order"
    parts = [_parts(truth), _parts(guess)]
    wrong = [name for name in parts[0] if parts[0][name] != parts[1][name]]
    if len(wrong) != 1:
        return "several"
    if wrong == ["subscript"]:
        return "subscript lost" if len(parts[1]["subscript"]) < len(parts[0]["subscript"]) else "subscript"
    return wrong[0]


def _parts(cluster: str) -> dict[str, list[str]]:
    """Base, subscripts, vowels and signs of a cluster."""
    parts: dict[str, list[str]] = {"base": [], "subscript": [], "vowel": [], "sign": []}
    before = ""
    for character in cluster:
        kind = "vowel" if ord(character) in VOWELS else "sign" if ord(character) in SIGNS else "base"
        if before == COENG:
            kind = "subscript"
        if character != COENG:
            parts[kind].append(character)
        before = character
    return parts
