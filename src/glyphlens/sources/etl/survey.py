"""What a folder holds of the ETL Character Database: one row a set, and everything that is not as published."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from glyphlens.sources.etl.codes import characters
from glyphlens.sources.etl.faults import Faults
from glyphlens.sources.etl.finding import AuditRow, EtlFile, audit_frame, find_files
from glyphlens.sources.etl.reading import read
from glyphlens.sources.etl.sets import SETS, EtlSet

SURVEY_COLUMNS = (
    "set", "files", "files_expected", "records", "records_expected", "codes", "codes_expected", "characters",
    "writers", "models", "complete",
)  # fmt: skip

# Reasons in the audit that leave a set complete.
HARMLESS = ("found twice", "unreadable CO-59 cell")


class Survey(NamedTuple):
    """The files, SURVEY_COLUMNS for every set found, and the audit (AUDIT_COLUMNS)."""

    files: list[EtlFile]
    table: pd.DataFrame
    audit: pd.DataFrame


class _Seen:
    """Codes and writers met in a set, models apart."""

    def __init__(self) -> None:
        self.codes: set[int] = set()
        self.writers: set[int] = set()
        self.records = self.models = 0


def survey(folder: Path, only: Iterable[str] = ()) -> Survey:
    """Read the header of every record; an unknown code is one audit row a file and code: first record and count.

    A set is complete where all its files are there with the published numbers of records and codes, and every code
    has a character, unreadable CO-59 cells apart. Raises InputError as ``find_files`` and ``read`` do.
    """
    found = find_files(folder, list(only))
    audit = list(found.audit)
    rows = []
    for etl_set in SETS.values():
        files = [file for file in found.files if file.etl_set.name == etl_set.name]
        if files:
            seen = _Seen()
            for file in files:
                audit += _read_headers(file, seen)
            if len(files) == len(etl_set.files) and len(seen.codes) != etl_set.codes:
                detail = f"{len(seen.codes)} distinct codes, published {etl_set.codes}"
                audit.append(AuditRow(etl_set.name, "", "other number of codes", -1, str(len(seen.codes)), 1, detail))
            at_fault = any(row.set == etl_set.name and row.reason not in HARMLESS for row in audit)
            rows.append(_row(etl_set, len(files), seen, complete=not at_fault))
    return Survey(found.files, pd.DataFrame(rows, columns=list(SURVEY_COLUMNS)), audit_frame(audit))


def _read_headers(file: EtlFile, seen: _Seen) -> list[AuditRow]:
    """Fill ``seen`` and report codes without a character."""
    faults = Faults(file)
    for records in read(file):
        written = ~records.is_model
        seen.records += len(records)
        seen.models += int(records.is_model.sum())
        seen.codes.update(np.unique(records.codes[written]).tolist())
        if file.etl_set.record.has_writers:
            seen.writers.update(np.unique(records.writers[written]).tolist())
        faults.add_unlabelled(records, np.arange(len(records)))
    return faults.audit()


def _row(etl_set: EtlSet, files: int, seen: _Seen, *, complete: bool) -> tuple[str | int | bool, ...]:
    table = characters(etl_set.repertoire)
    chars = {table[code] for code in seen.codes} - {""}
    counts = (files, len(etl_set.files), seen.records, etl_set.records, len(seen.codes), etl_set.codes)
    return (etl_set.name, *counts, len(chars), len(seen.writers), seen.models, complete)
