"""Lists of candidates as a user writes them, line by line.

A line holds characters (``石``, ``石 本``), ``name: ⿰石本`` (an IDS text), ``name: path/to/file.svg`` (of KanjiVG's
format), ``仝龢: path/to/ids.txt`` (each by that table of IDS), or words of WORDS. Paths are relative to the list. What
follows # is a comment; commas stand between characters.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from glyphlens.core.errors import InputError
from glyphlens.core.storage import is_there
from glyphlens.tracks.zero_shot.descriptions.ids_table import SUFFIX as TABLE
from glyphlens.tracks.zero_shot.samples.roles import jis_kanji

WORDS = ("level1", "level2", "all")
DRAWING = ".svg"
COMMENT = re.compile(r"(^|\s)#.*")
NAMED = re.compile(r"[:：]")
BETWEEN = re.compile(r"[\s,;、，；]+")
FILE_NAME = re.compile(r"\.[A-Za-z0-9]{1,5}$")
SHOWN = 10  # of many faults of one kind


class Entry(NamedTuple):
    """One candidate of a list: its label, how it is described ("" where by its label), and the line for errors."""

    label: str
    spelled: str
    place: str

    @property
    def is_drawn(self) -> bool:
        """By a file of strokes."""
        return self.spelled.lower().endswith(DRAWING)

    @property
    def is_looked_up(self) -> bool:
        """In a table of IDS."""
        return self.spelled.lower().endswith(TABLE)


@dataclass(frozen=True)
class CandidateList:
    """The numbered lines of a list, what errors call it, and the folder that paths in it start from."""

    lines: Sequence[str]
    name: str
    folder: Path

    @classmethod
    def read(cls, wanted: str) -> "CandidateList":
        """Of a file, or of the text itself; raises InputError for a file that cannot be read."""
        path = Path(wanted)
        if not wanted.strip() or not is_there(path):
            if _is_file_name(wanted):
                raise InputError(f"{wanted}: no such file of candidates, and no {', '.join(WORDS)} or kanji either")
            return cls(wanted.splitlines(), "candidates", Path())
        try:
            return cls(path.read_text(encoding="utf-8-sig").splitlines(), str(path), path.parent)
        except UnicodeDecodeError as error:
            raise InputError(f"{path}: not a text in UTF-8 (byte {error.start:,}); save it as UTF-8") from error
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror})") from error

    def entries(self, known: Sequence[str]) -> list[Entry]:
        """Every candidate once; ``known``: the labels that the words choose among. Raises InputError for an empty list,
        for what is no candidate and for what is named twice."""
        entries = [entry for number, line in enumerate(self.lines, 1) for entry in self._of_line(line, number, known)]
        if not entries:
            raise InputError(f"{self.name}: no candidate in it; a line is a character, or name: description")
        first: dict[str, Entry] = {}
        twice = [(first[each.label], each) for each in entries if first.setdefault(each.label, each) is not each]
        if twice:
            named = ", ".join(f"'{one.label}' ({one.place.split(', ')[-1]} and again)" for one, _ in twice[:SHOWN])
            raise InputError(f"{twice[0][1].place}: candidates are named twice: {named}")
        return entries

    def files(self) -> list[Path]:
        """Those that its lines name, whether they are there or not."""
        described = (NAMED.split(COMMENT.sub("", line), maxsplit=1)[1:] for line in self.lines)
        named = (part.strip() for parts in described for part in parts)
        return [self.folder / name for name in named if name.lower().endswith((DRAWING, TABLE))]

    def _of_line(self, line: str, number: int, known: Sequence[str]) -> list[Entry]:
        text, place = COMMENT.sub("", line).strip(), f"{self.name}, line {number}"
        name, *described = (part.strip() for part in NAMED.split(text, maxsplit=1))
        if not described:
            return [Entry(label, "", place) for label in _labels(text, place, known)]
        entry = Entry(name, described[0], place)
        if not entry.label or not entry.spelled:
            raise InputError(f"{place}: '{text}': expected name: description, such as 鉢: ⿰釒本")
        return [entry._replace(label=each) for each in _labels(name, place, known)] if entry.is_looked_up else [entry]


def _labels(text: str, place: str, known: Sequence[str]) -> list[str]:
    """The characters of a text, and what its words stand for."""
    labels: list[str] = []
    for part in filter(None, BETWEEN.split(text)):
        if part in WORDS:
            labels += _of_word(part, known)
        elif part.isascii():
            raise InputError(f"{place}: '{part}': expected kanji, {', '.join(WORDS)}, or name: description")
        else:
            labels += part
    return labels


def _of_word(word: str, known: Sequence[str]) -> list[str]:
    level = {"level1": jis_kanji(1), "level2": jis_kanji(2), "all": known}[word]
    there = set(known)
    return [label for label in level if label in there]


def _is_file_name(wanted: str) -> bool:
    """Whether what is no file was meant to be one."""
    if NAMED.search(wanted) or len(wanted.splitlines()) != 1:
        return False
    return bool(FILE_NAME.search(wanted)) or (wanted.isascii() and not set(BETWEEN.split(wanted.strip())) <= set(WORDS))
