"""Files of the ETL Character Database → chunks of records with label, writer and pixels, memory bounded by the chunk.

N records · B bytes · H×W pixels
"""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.core.storage import BROKEN_ZIP
from glyphlens.sources.etl.codes import characters
from glyphlens.sources.etl.decoding import field_values, pixels
from glyphlens.sources.etl.finding import EtlFile
from glyphlens.sources.etl.sets import EtlSet

CHUNK_RECORDS = 512
UNKNOWN = -1
# Facts of a record that go to the index, UNKNOWN where its type does not publish them.
FACTS = ("quality", "sex", "age", "serial")


@dataclass(frozen=True)
class Records:
    """Consecutive records of one file, still packed; ``first`` is the number of the first in the file, from 0.

    Dummy records count, so that numbers are places: the first one of ETL8B and ETL9B files is 1.
    """

    file: EtlFile
    first: int
    raw_NB: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.raw_NB)

    @property
    def etl_set(self) -> EtlSet:
        """The set that the file belongs to."""
        return self.file.etl_set

    @cached_property
    def numbers(self) -> NDArray[np.int64]:
        """Numbers of the records in the file."""
        return np.arange(self.first, self.first + len(self), dtype=np.int64)

    @cached_property
    def codes(self) -> NDArray[np.int64]:
        """The label of every record as its set writes it."""
        return self.field("code")

    @cached_property
    def chars(self) -> NDArray[Any]:
        """The label of every record as Unicode text; "" where the code has no character."""
        return characters(self.etl_set.repertoire)[self.codes]

    @cached_property
    def writers(self) -> NDArray[np.int64]:
        """Number of the sheet, which is the writer within the set; UNKNOWN in machine-printed ETL2."""
        return self.field("sheet")

    @cached_property
    def is_model(self) -> NDArray[np.bool_]:
        """Model patterns, which nobody wrote for the set: never to be split or trained on."""
        name, first_model = self.etl_set.models or ("", 0)
        return (self.numbers >= first_model) & (name == self.file.name)

    def field(self, name: str) -> NDArray[Any]:
        """A field of the record type by its name; UNKNOWN, or "" for text, where the type does not have it."""
        for field in self.etl_set.record.fields:
            if field.name == name:
                return field_values(self.raw_NB, field)
        if name in ("text", "mark", "style"):
            return np.full(len(self), "", dtype="<U1")
        return np.full(len(self), UNKNOWN, dtype=np.int64)

    def pixels(self, *, scaled: bool = False) -> NDArray[np.uint8]:
        """The images, uint8 (N, H, W), larger is more ink; see ``decoding.pixels``."""
        return pixels(self.raw_NB, self.etl_set.record, scaled=scaled)

    def take(self, rows: NDArray[np.int64], *, scaled: bool = False) -> NDArray[np.uint8]:
        """The images of a few rows only."""
        return pixels(self.raw_NB[rows], self.etl_set.record, scaled=scaled)

    def index(self) -> pd.DataFrame:
        """One row per record with its facts; ``mark`` is ETL2's printed source (A–D)."""
        return pd.DataFrame(
            {
                "set": self.etl_set.name,
                "file": self.file.name,
                "record": self.numbers,
                "writer": self.writers,
                "code": self.codes,
                "char": self.chars,
                **{name: self.field(name) for name in FACTS},
                "mark": self.field("mark"),
                "is_model": self.is_model,
            }
        )


def read(file: EtlFile, chunk_records: int = CHUNK_RECORDS) -> Iterator[Records]:
    """All whole records of a file but its dummies, in chunks; an unpacked file is memory-mapped, an archive streamed.

    What is behind the last whole record is not read; ``find_files`` reports it. Raises ValueError where chunk_records
    is below 1, InputError where the file cannot be read.
    """
    if chunk_records < 1:
        raise ValueError(f"chunk_records must be ≥ 1, found {chunk_records}")
    try:
        yield from (_zipped if file.member else _mapped)(file, chunk_records)
    except BROKEN_ZIP as error:
        raise InputError(f"{file.place}: cannot be read ({error}); fetch it again") from error


def _mapped(file: EtlFile, chunk_records: int) -> Iterator[Records]:
    record = file.etl_set.record
    if not file.records:
        return
    whole_NB = np.memmap(file.path, np.uint8, "r", shape=(file.whole_records, record.record_bytes))
    for first in range(record.dummies, file.whole_records, chunk_records):
        yield Records(file, first, whole_NB[first : first + chunk_records])


def _zipped(file: EtlFile, chunk_records: int) -> Iterator[Records]:
    record = file.etl_set.record
    with zipfile.ZipFile(file.path) as archive, archive.open(file.member) as stream:
        stream.read(record.dummies * record.record_bytes)
        for first in range(record.dummies, file.whole_records, chunk_records):
            count = min(chunk_records, file.whole_records - first)
            raw = stream.read(count * record.record_bytes)
            if len(raw) < count * record.record_bytes:
                raise EOFError(f"record {first + len(raw) // record.record_bytes} of {file.whole_records} is missing")
            yield Records(file, first, np.frombuffer(raw, np.uint8).reshape(count, record.record_bytes))
