"""The eleven sets of the ETL Character Database: their files, record types, codes and published counts."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from glyphlens.core.errors import InputError
from glyphlens.sources.etl.codes import Repertoire
from glyphlens.sources.etl.records import B8, B9, G8, G9, C, K, M, RecordType


class EtlSet(NamedTuple):
    """A set: its record type, its codes, and how many records each file holds (dummy records not counted).

    ``codes`` is the number of distinct codes, which is below the published number of classes where a code stands for
    several cells (ETL1: 99 cells, ETL4 and ETL5: 51, ETL2: 2,184). ``models`` names the file, and the number of
    the record in it, from which on records are model patterns, not writing.
    """

    name: str
    record: RecordType
    repertoire: Repertoire
    files: dict[str, int]
    codes: int
    models: tuple[str, int] | None = None

    @property
    def records(self) -> int:
        """Published number of records, models included."""
        return sum(self.files.values())


def _numbered(pattern: str, counts: Iterable[int]) -> dict[str, int]:
    return {pattern.format(number): count for number, count in enumerate(counts, start=1)}


_ETL1_RECORDS = [*[11_560] * 6, *[11_288] * 2, 11_287, *[11_288] * 2, 11_287, 4_233]
_ETL7_FILES = {"ETL7LC_1": 9_600, "ETL7LC_2": 7_200, "ETL7SC_1": 9_600, "ETL7SC_2": 7_200}

SETS = {
    each.name: each
    for each in (
        EtlSet("ETL1", M, "jis_x_0201_wi_we", _numbered("ETL1C_{:02}", _ETL1_RECORDS), 96),
        EtlSet("ETL2", K, "co59", _numbered("ETL2_{}", [9_056, 10_480, 11_360, 10_480, 11_420]), 2_168),
        EtlSet("ETL3", C, "jis_x_0201", _numbered("ETL3C_{}", [4_800] * 2), 48),
        EtlSet("ETL4", C, "hiragana", {"ETL4C": 6_120}, 48),
        EtlSet("ETL5", C, "katakana", {"ETL5C": 10_608}, 48),
        EtlSet("ETL6", M, "jis_x_0201", _numbered("ETL6C_{:02}", [*[13_830] * 11, 6_915]), 114),
        EtlSet("ETL7", M, "hiragana", _ETL7_FILES, 48),
        EtlSet("ETL8B", B8, "jis_x_0208", _numbered("ETL8B2C{}", [51_200, 51_200, 51_516]), 956, ("ETL8B2C3", 50_561)),
        EtlSet("ETL8G", G8, "jis_x_0208", _numbered("ETL8G_{:02}", [*[4_780] * 32, 956]), 956, ("ETL8G_33", 0)),
        EtlSet(
            "ETL9B", B9, "jis_x_0208", _numbered("ETL9B_{}", [*[121_440] * 4, 124_476]), 3_036, ("ETL9B_5", 121_441)
        ),
        EtlSet("ETL9G", G9, "jis_x_0208", _numbered("ETL9G_{:02}", [12_144] * 50), 3_036),
    )
}
_OWNERS = {name: each for each in SETS.values() for name in each.files}
_DESCRIPTION = re.compile(r"(ETL\w*INFO|README)(\.\w+)?|.+\.dvc", re.IGNORECASE)


def set_of(file_name: str) -> tuple[str, EtlSet] | None:
    """A file's canonical name and its set, whatever the case; None where the name is not one of the database."""
    name = file_name.upper()
    return (name, _OWNERS[name]) if name in _OWNERS else None


def is_description(file_name: str) -> bool:
    """Whether this is a text that comes with the data, such as ETL9INFO, or one of DVC's own files beside it."""
    return _DESCRIPTION.fullmatch(file_name) is not None


def chosen_sets(only: Iterable[str]) -> list[EtlSet]:
    """The named sets in the order of the database, all where none is named; InputError where a name is unknown."""
    names = {name.strip().upper() for name in only}
    if unknown := sorted(names - set(SETS)):
        raise InputError(f"no ETL set named {', '.join(unknown)}; there are {', '.join(SETS)}")
    return [each for name, each in SETS.items() if not names or name in names]
