"""Records of the ETL Character Database → prepared pictures and a row for each, a file at a time.

Memory is bounded by the chunk: every process writes the pictures of its file to a part, which is read back in slices.
N records · P×P pixels
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.core.shards import map_shards
from glyphlens.core.storage import writing
from glyphlens.data.produced import PRODUCED_COLUMNS
from glyphlens.imaging.handwriting import HandwritingParams, prepare
from glyphlens.sources.etl.codes import code_text
from glyphlens.sources.etl.faults import Faults
from glyphlens.sources.etl.finding import AuditRow, EtlFile, audit_frame, find_files
from glyphlens.sources.etl.reading import Records, read

# A cell without a pixel as dark as this shows no character.
BLANK_BELOW = 96
# Sets that share their writers, and their cells too: one scan as grey levels and as black and white.
TWINS = {"ETL8B": "ETL8", "ETL8G": "ETL8", "ETL9B": "ETL9", "ETL9G": "ETL9"}


@dataclass(frozen=True)
class Part:
    """Pictures of one file of the database, in a file without a header."""

    path: Path
    count: int


class PixelParts:
    """Pictures (N, P, P) uint8 in parts one after another; a slice of rows is read from disk when asked for."""

    def __init__(self, parts: Sequence[Part], image_px: int) -> None:
        self.parts = parts
        self.image_px = image_px
        self.starts = np.cumsum([0, *(part.count for part in parts)])

    def __len__(self) -> int:
        return int(self.starts[-1])

    def __getitem__(self, rows: slice) -> NDArray[np.uint8]:
        """(n, P, P); only slices without a step."""
        start, stop, step = rows.indices(len(self))
        if step != 1:
            raise ValueError(f"only consecutive rows can be read, found {rows}")
        pieces = [np.empty((0, self.image_px, self.image_px), np.uint8)]
        for part, first in zip(self.parts, self.starts[:-1].tolist(), strict=True):
            low, high = max(start, first) - first, min(stop, first + part.count) - first
            if low < high:
                pieces.append(self._read(part, low, high))
        return np.concatenate(pieces)

    def _read(self, part: Part, low: int, high: int) -> NDArray[np.uint8]:
        picture_bytes = self.image_px**2
        try:
            flat = np.fromfile(part.path, np.uint8, (high - low) * picture_bytes, offset=low * picture_bytes)
            return flat.reshape(high - low, self.image_px, self.image_px)
        except (OSError, ValueError) as error:
            raise InputError(
                f"{part.path}: rows {low}–{high} cannot be read ({error}); run `dvc repro` again"
            ) from error


@dataclass(frozen=True)
class EtlSamples:
    """``index`` has PRODUCED_COLUMNS; ``audit`` (AUDIT_COLUMNS) says what is not as published, or is no sample."""

    pixels: PixelParts
    index: pd.DataFrame
    audit: pd.DataFrame


class _Shard(NamedTuple):
    file: EtlFile
    part: Path
    handwriting: HandwritingParams


@dataclass(frozen=True)
class _Read:
    part: Part
    index: pd.DataFrame
    audit: list[AuditRow]


def read_samples(
    folder: Path, parts: Path, only: Iterable[str], handwriting: HandwritingParams, workers: int
) -> EtlSamples:
    """All records of the sets in ``folder`` (those of ``only``, or all) that show a written or printed character.

    Pictures lie in the folder ``parts`` for as long as it is there. Model patterns, codes without a character and blank
    cells are counted in the audit. The same whatever the number of workers. Raises InputError as ``find_files`` and
    ``read`` do.
    """
    found = find_files(folder, list(only))
    shards = [_Shard(file, parts / f"{file.name}.u8", handwriting) for file in found.files]
    done = list(map_shards(_read_file, shards, workers, "ETL files"))
    audit = [*found.audit, *(row for each in done for row in each.audit)]
    index = pd.concat([each.index for each in done], ignore_index=True)
    return EtlSamples(PixelParts([each.part for each in done], handwriting.image_px), index, audit_frame(audit))


def group_names(records: Records) -> NDArray[np.object_]:
    """What a split keeps on one side: the sheet, which is the writer; of printed ETL2 the typeface, or else the file.

    Sheets of ETL7 hold the large and the small characters of a writer, those of ETL8B and ETL9B the cells of ETL8G and
    ETL9G: they are one group.
    """
    name = TWINS.get(records.etl_set.name, records.etl_set.name)
    if records.etl_set.record.has_writers:
        return np.array([f"{name}/{writer:04d}" for writer in records.writers.tolist()], object)
    return np.array([f"{name}/{mark or records.file.name}" for mark in records.field("mark").tolist()], object)


def unified(char: str) -> str:
    """One character for what JIS X 0201 has as ASCII and CO-59 and JIS X 0208 as full-width: NFKC, if that is one."""
    folded = unicodedata.normalize("NFKC", char)
    return folded if len(folded) == 1 and not folded.isspace() else char


def _read_file(shard: _Shard) -> _Read:
    faults = Faults(shard.file)
    tables: list[pd.DataFrame] = []
    with writing(shard.part) as partial, partial.open("wb") as stream:
        for records in read(shard.file):
            written = np.flatnonzero(~records.is_model)
            faults.add("model pattern", "", records.numbers[records.is_model])
            faults.add_unlabelled(records, written)
            labelled = written[records.chars[written] != ""]
            pictures_NPP = prepare(records.take(labelled, scaled=True), shard.handwriting)
            inked_N = pictures_NPP.max(axis=(1, 2), initial=0) >= BLANK_BELOW
            faults.add("blank cell", "", records.numbers[labelled[~inked_N]])
            stream.write(pictures_NPP[inked_N].tobytes())
            tables.append(_rows(records, labelled[inked_N]))
    index = pd.concat(tables, ignore_index=True) if tables else _no_rows()
    return _Read(Part(shard.part, len(index)), index, faults.audit())


def _rows(records: Records, rows_n: NDArray[np.int64]) -> pd.DataFrame:
    """The index of some records, PRODUCED_COLUMNS."""
    repertoire = records.etl_set.repertoire
    codes = records.codes[rows_n].tolist()
    numbers: dict[str, Any] = {name: records.field(name)[rows_n] for name in ("quality", "sex", "age")}
    table = pd.DataFrame(
        {
            "label": [unified(char) for char in records.chars[rows_n].tolist()],
            "group": group_names(records)[rows_n],
            "source": "etl",
            "set": records.etl_set.name,
            "file": records.file.name,
            "record": records.numbers[rows_n],
            "writer": records.writers[rows_n],
            "code": [code_text(repertoire, code) for code in codes],
            **numbers,
        }
    )
    return table[list(PRODUCED_COLUMNS)].astype(_TEXTS)


_TEXTS = dict.fromkeys(("label", "group", "source", "set", "file", "code"), "str")


def _no_rows() -> pd.DataFrame:
    numbers = {name: np.empty(0, np.int64) for name in PRODUCED_COLUMNS if name not in _TEXTS}
    return pd.DataFrame({name: numbers.get(name, []) for name in PRODUCED_COLUMNS}).astype(_TEXTS)
