"""The files of the ETL Character Database in a folder, nested, in any case or zipped, and what else lies there."""

import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from glyphlens.core.errors import InputError
from glyphlens.core.file_names import shown
from glyphlens.core.folders import files_below
from glyphlens.core.storage import BROKEN_ZIP, is_there
from glyphlens.sources.etl.sets import SETS, EtlSet, chosen_sets, is_description, set_of

DESCRIPTION, UNREADABLE = "description, not data", "cannot be read"
AUDIT_COLUMNS = ("set", "file", "reason", "record", "value", "count", "detail")


@dataclass(frozen=True)
class AuditRow:
    """Something that is not as published: ``record`` is the first one concerned, -1 where it is the whole file."""

    set: str
    file: str
    reason: str
    record: int = -1
    value: str = ""
    count: int = 1
    detail: str = ""


class EtlFile(NamedTuple):
    """A data file, unpacked or as ``member`` of a zip archive at ``path``."""

    name: str
    etl_set: EtlSet
    path: Path
    member: str
    size_bytes: int

    @property
    def place(self) -> str:
        """Where it lies, for messages."""
        return f"{self.path}:{self.member}" if self.member else str(self.path)

    @property
    def whole_records(self) -> int:
        """Whole records in the file, dummies included."""
        return self.size_bytes // self.etl_set.record.record_bytes

    @property
    def records(self) -> int:
        """Whole records that are data."""
        return max(0, self.whole_records - self.etl_set.record.dummies)

    @property
    def bytes_left(self) -> int:
        """Bytes behind the last whole record; 0 unless the file is cut off."""
        return self.size_bytes % self.etl_set.record.record_bytes


class Found(NamedTuple):
    """Data files in the order of the database, and everything that is not as published."""

    files: list[EtlFile]
    audit: list[AuditRow]


def audit_frame(rows: Iterable[AuditRow]) -> pd.DataFrame:
    """The rows as a table with columns AUDIT_COLUMNS, in their order; file names as every table can hold them."""
    table = pd.DataFrame(list(rows), columns=list(AUDIT_COLUMNS))
    return table.assign(file=table["file"].map(shown), detail=table["detail"].map(shown))


def is_empty(folder: Path) -> bool:
    """Whether nothing lies in the folder but hidden files and descriptions: a README, ETL9INFO, DVC's own files."""
    return all(is_description(path.name) for path in _walk(folder, {}))


def find_files(folder: Path, only: Iterable[str] = ()) -> Found:
    """The data files below ``folder`` (or in one zip archive), of the sets named in ``only`` or of all.

    Hidden files are passed over, files of sets that were not asked for too; foreign files, files found twice (the
    unpacked one is taken), cut-off and missing files and unexpected lengths are in the audit. Raises InputError where
    the folder is not there, holds no ETL file, or ``only`` names no set.
    """
    wanted = chosen_sets(only)
    asked = {each.name for each in wanted}
    if not is_there(folder):
        raise InputError(f"{folder}: no such folder; put the unpacked or zipped sets of the ETL database there")
    audit: list[AuditRow] = []
    files: dict[str, EtlFile] = {}
    for path, member, size_bytes in _entries(folder, audit):
        base = (member or path.name).rpartition("/")[2]
        place = f"{path}:{member}" if member else str(path)
        owner = set_of(base)
        if owner is None:
            described = is_description(base)
            reason, detail = (DESCRIPTION, "") if described else ("foreign file", "not a file of the database")
            audit.append(AuditRow("", place, reason, detail=detail))
        elif owner[1].name in asked and owner[0] in files:
            audit.append(AuditRow(owner[1].name, place, "found twice", detail=f"read from {files[owner[0]].place}"))
        elif owner[1].name in asked:
            files[owner[0]] = EtlFile(*owner, path, member, size_bytes)
    if not files:
        names = ", ".join(each.name for each in wanted)
        strange = [row for row in audit if row.reason != DESCRIPTION]
        other = f"; {len(strange)} other file(s), the first: {strange[0].file} ({_said(strange[0])})" if strange else ""
        raise InputError(f"{folder}: holds no data file of {names}{other}")
    for each in SETS.values():
        if each.name in asked:
            audit += _size_faults(each, files, named=bool(list(only)))
    return Found([files[name] for each in SETS.values() for name in each.files if name in files], audit)


def _said(row: AuditRow) -> str:
    return f"{row.reason}: {row.detail}" if row.detail else row.reason


def _entries(folder: Path, audit: list[AuditRow]) -> Iterator[tuple[Path, str, int]]:
    """Path, member of the archive and length in bytes: all unpacked files first, then those in archives."""
    archives: list[Path] = []
    skipped: dict[Path, str] = {}
    for path in _walk(folder, skipped):
        if path.suffix.lower() == ".zip":
            archives.append(path)
        elif path.is_file():
            yield path, "", path.stat().st_size
        else:
            audit.append(AuditRow("", str(path), UNREADABLE, detail="no file, or a link to nothing"))
    audit += [AuditRow("", str(place), UNREADABLE, detail=f"skipped: {reason}") for place, reason in skipped.items()]
    for path in archives:
        try:
            with zipfile.ZipFile(path) as archive:
                members = [entry for entry in archive.infolist() if not entry.is_dir()]
        except BROKEN_ZIP as error:
            audit.append(AuditRow("", str(path), UNREADABLE, detail=str(error)))
            continue
        for entry in members:
            if not entry.filename.rpartition("/")[2].startswith("."):
                yield path, entry.filename, entry.file_size


def _walk(folder: Path, skipped: dict[Path, str]) -> Iterator[Path]:
    """The folder's files but for hidden ones, or the one file that it is."""
    return iter([folder]) if folder.is_file() else files_below(folder, skipped, hidden=False)


def _size_faults(etl_set: EtlSet, files: dict[str, EtlFile], *, named: bool) -> Iterator[AuditRow]:
    """Files of a set that are missing, cut off or hold another number of records than published."""
    missing = [name for name in etl_set.files if name not in files]
    if len(missing) == len(etl_set.files):
        if named:
            yield AuditRow(etl_set.name, "", "set missing", detail=f"no file of {etl_set.name} was found")
        return
    if missing:
        records = sum(etl_set.files[name] for name in missing)
        names = ", ".join(missing[:3]) + (" …" if len(missing) > 3 else "")
        yield AuditRow(etl_set.name, names, "files missing", count=len(missing), detail=f"{records} records not there")
    for name, expected in etl_set.files.items():
        if name in missing:
            continue
        file = files[name]
        if file.bytes_left:
            whole = etl_set.record.record_bytes
            detail = f"record {file.whole_records} has {file.bytes_left} of {whole} bytes"
            yield AuditRow(etl_set.name, file.place, "cut off", file.whole_records, str(file.bytes_left), 1, detail)
        if file.records != expected:
            detail = f"{file.records} whole records, published {expected}"
            yield AuditRow(etl_set.name, file.place, "other count", -1, str(file.records), 1, detail)
