"""Labels that a person gave to glyphs of fonts: CSV files, what is wrong with them, and the glyphs that they name.

A row is ``font,glyph,label``: the font by its SHA-256 (``…-1`` for the second face of a collection) or by its file's
name in fonts.parquet; the glyph by its number there (37) or by the label that shaping gives it (beh.init); the label
that it should have, or ``-`` for a glyph that is to be left out. Further columns are notes.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from glyphlens.core.errors import InputError
from glyphlens.core.file_names import shown
from glyphlens.core.folders import files_below
from glyphlens.sources.arabic_script import label_of, possible_forms
from glyphlens.tracks.arabic.glyphs.candidates import candidates, ligature_sequence
from glyphlens.tracks.arabic.members import label_code_points

COLUMNS = ("font", "glyph", "label")
LEFT_OUT = "-"  # the label of a glyph that is to be no sample
FIRST_ROW = 2  # of a file, as spreadsheets count: the first line has the columns' names


class OwnLabel(NamedTuple):
    """One row: where it stands, and what it says."""

    file: str
    row: int
    font: str
    glyph: str
    label: str

    @property
    def place(self) -> str:
        """``answers.csv, row 3``."""
        return f"{self.file}, row {self.row}"

    @property
    def gid(self) -> int | None:
        """The glyph's number, None where it is named by a label."""
        return int(self.glyph) if self.glyph.isascii() and self.glyph.isdecimal() else None


class Fault(NamedTuple):
    """A row that cannot be used, the value that is at fault, and why."""

    own: OwnLabel
    value: str
    reason: str


class FaceKey(NamedTuple):
    """A face of the manifest: the row of its file, and its number in it."""

    row: int
    face: int


def read_own_labels(folder: Path) -> list[OwnLabel]:
    """The rows of all CSV files of a folder, by file name; raises InputError where one is no such table."""
    skipped: dict[Path, str] = {}
    files = sorted(path for path in files_below(folder, skipped, hidden=False) if path.suffix.lower() == ".csv")
    if skipped:
        place, reason = next(iter(skipped.items()))
        raise InputError(f"{shown(place)}: cannot be read ({reason})")
    return [own for path in files for own in _rows(path, shown(path.relative_to(folder)))]


def faces_by_name(manifest: pd.DataFrame) -> dict[str, int]:
    """File name and SHA-256 of every font → its row in fonts.parquet."""
    rows = range(len(manifest))
    return dict(zip(manifest["file"], rows, strict=True)) | dict(zip(manifest["sha256"], rows, strict=True))


def face_of(own: OwnLabel, rows: Mapping[str, int]) -> FaceKey | None:
    """The face that a row names, None where there is no such font."""
    if own.font in rows:
        return FaceKey(rows[own.font], 0)
    font, _, number = own.font.rpartition("-")
    is_face = font in rows and number.isascii() and number.isdecimal() and int(number) > 0
    return FaceKey(rows[font], int(number)) if is_face else None


def by_face(own: Sequence[OwnLabel], manifest: pd.DataFrame) -> dict[FaceKey, list[OwnLabel]]:
    """The rows of each face, equal ones once; raises InputError for a font that is not in the manifest."""
    rows, found = faces_by_name(manifest), dict[FaceKey, dict[tuple[str, str], OwnLabel]]()
    for entry in own:
        face = face_of(entry, rows)
        if face is None:
            raise InputError(f"{entry.place}: font '{shown(entry.font)}' is not in fonts.parquet")
        found.setdefault(face, {}).setdefault((entry.glyph, entry.label), entry)
    return {face: list(entries.values()) for face, entries in found.items()}


def label_sequences(own: Sequence[OwnLabel]) -> set[tuple[int, ...]]:
    """Ligatures among the labels, so that each is known even where no font substitutes it."""
    named = (_code_points(label) for entry in own for label in (entry.label, entry.glyph))
    return {code_points for code_points in named if len(code_points) > 1}


def unknown_fonts(own: Sequence[OwnLabel], manifest: pd.DataFrame) -> list[Fault]:
    """Rows whose font is not there."""
    rows = faces_by_name(manifest)
    reason = "no such font in data/raw/fonts/arabic; put it into data/own_fonts (it has to map Arabic letters)"
    return [Fault(entry, entry.font, reason) for entry in own if face_of(entry, rows) is None]


def unknown_labels(own: Sequence[OwnLabel]) -> list[Fault]:
    """Rows with a label that nothing has; the nearest ones are offered."""
    faults = []
    for entry in own:
        named = (entry.label, *((entry.glyph,) if entry.gid is None else ()))
        for label in (label for label in named if label != LEFT_OUT and not is_label(label)):
            near = get_close_matches(label, _known_labels(), n=3)
            faults.append(Fault(entry, label, f"no such label{'; perhaps ' if near else ''}{', '.join(near)}"))
    return faults


def conflicts(own: Sequence[OwnLabel], manifest: pd.DataFrame) -> list[Fault]:
    """Rows that contradict an earlier one: two labels of one glyph, or one label of two glyphs of a font."""
    rows = faces_by_name(manifest)
    faults: list[Fault] = []
    of_glyph: dict[tuple[object, ...], OwnLabel] = {}
    of_label: dict[tuple[object, ...], tuple[int | str, OwnLabel]] = {}
    for entry in own:
        face = face_of(entry, rows) or entry.font
        glyph = entry.gid if entry.gid is not None else entry.glyph
        first = of_glyph.setdefault((face, glyph), entry)
        if first.label != entry.label:
            faults.append(Fault(entry, entry.label, f"the glyph is '{first.label}' in {first.place}"))
        elif entry.label != LEFT_OUT:
            other, first = of_label.setdefault((face, entry.label), (glyph, entry))
            if other != glyph:
                faults.append(Fault(entry, entry.label, f"glyph {first.glyph} has this label in {first.place}"))
    return faults


def is_label(label: str) -> bool:
    """Whether a label is one of a character in one of its forms, or of a ligature that there could be."""
    return label in _known_labels() or bool(_code_points(label))


def _code_points(label: str) -> tuple[int, ...]:
    """The characters of a ligature's label, none where it is spelt otherwise."""
    code_points = tuple(int(code.removeprefix("U+"), 16) for code in label_code_points(label))
    form = label.partition(".")[2]
    is_own = len(code_points) > 1 and ligature_sequence(code_points) == code_points
    fits = is_own and form in (possible_forms(code_points) or ("",)) and label_of(code_points, form) == label
    return code_points if fits else ()


@cache
def _known_labels() -> dict[str, None]:
    return dict.fromkeys(candidate.label for candidate in candidates())


def _rows(path: Path, name: str) -> Iterator[OwnLabel]:
    """The rows of one file; raises InputError, naming the row, where it is no CSV table of these columns."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            yield from _table(csv.reader(lines, strict=True), path, name)
    except UnicodeDecodeError as error:
        raise InputError(f"{shown(path)}: not UTF-8 (byte {error.start}); save it as CSV in UTF-8") from error
    except csv.Error as error:
        raise InputError(f"{shown(path)}: not a CSV table ({error})") from error
    except OSError as error:
        raise InputError(f"{shown(path)}: cannot be read ({error.strerror})") from error


def _table(table: Iterator[list[str]], path: Path, name: str) -> Iterator[OwnLabel]:
    header = [cell.strip() for cell in next(table, [])]
    if any(header.count(column) != 1 for column in COLUMNS):
        raise InputError(f"{shown(path)}: the first line is '{','.join(header)}'; it needs {','.join(COLUMNS)}")
    places = [header.index(column) for column in COLUMNS]
    for row, cells in enumerate(table, FIRST_ROW):
        if any(cell.strip() for cell in cells):
            yield OwnLabel(name, row, *_cells(cells, len(header), places, f"{shown(path)}, row {row}"))


def _cells(cells: Sequence[str], expected: int, places: Sequence[int], where: str) -> list[str]:
    if len(cells) != expected:
        raise InputError(f"{where}: {len(cells)} values, the first line has {expected}")
    values = [cells[place].strip() for place in places]
    for column, value in zip(COLUMNS, values, strict=True):
        if not value:
            raise InputError(f"{where}: no {column}; a glyph that is to be left out has the label {LEFT_OUT}")
    return values
