"""Records of the ETL Character Database → prepared pictures and a row for each, a file at a time.

Files are read twice: first to learn what the classes look like, then to clear the cells' edges by it. Memory is bounded
by the chunk: every process writes the pictures of its file to a part, which is read back in slices.
N records · P×P pixels
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
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
from glyphlens.imaging.handwriting import HandwritingParams
from glyphlens.sources.etl.codes import code_text
from glyphlens.sources.etl.faults import Faults
from glyphlens.sources.etl.finding import AuditRow, EtlFile, audit_frame, find_files
from glyphlens.sources.etl.reading import Records, read
from glyphlens.tracks.kanji.samples.cell_faults import cut_cells, noise_cells
from glyphlens.tracks.kanji.samples.class_means import ClassMean
from glyphlens.tracks.kanji.samples.edges import (
    LOOSE,
    EdgeSurvey,
    Rule,
    added_surveys,
    clear_edges,
    find_pieces,
    known_classes,
    survey_edges,
)

# A cell without a pixel as dark as this shows no character.
BLANK_BELOW = 96
BLANK = "blank cell"
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
    """``index`` has PRODUCED_COLUMNS; ``audit`` (AUDIT_COLUMNS) says what is not as published, or is no sample.

    ``cells``, row by row beside it: whether ink was ``cleared`` from the cell's edge, whether the character is ``cut``.
    """

    pixels: PixelParts
    index: pd.DataFrame
    cells: pd.DataFrame
    audit: pd.DataFrame


class _Shard(NamedTuple):
    file: EtlFile
    part: Path
    handwriting: HandwritingParams
    rule: Rule
    means: Mapping[str, ClassMean]


@dataclass(frozen=True)
class _Read:
    part: Part
    index: pd.DataFrame
    cells: pd.DataFrame
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
    shards = [_Shard(file, parts / f"{file.name}.u8", handwriting, LOOSE, {}) for file in found.files]
    done = list(map_shards(_read_file, _told(shards, workers), workers, "ETL files"))
    audit = [*found.audit, *(row for each in done for row in each.audit)]
    index = pd.concat([each.index for each in done], ignore_index=True)
    cells = pd.concat([each.cells for each in done], ignore_index=True)
    return EtlSamples(PixelParts([each.part for each in done], handwriting.image_px), index, cells, audit_frame(audit))


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


def _told(shards: Sequence[_Shard], workers: int) -> list[_Shard]:
    """The shards with what all files together show of the classes, and of each set's edges."""
    by_set: dict[str, list[EdgeSurvey]] = {}
    for shard, survey in zip(shards, map_shards(_survey_file, shards, workers, "ETL files, edges"), strict=True):
        by_set.setdefault(shard.file.etl_set.name, []).append(survey)
    surveys = {name: added_surveys(found) for name, found in by_set.items()}
    means = known_classes(surveys.values())
    return [shard._replace(rule=surveys[shard.file.etl_set.name].rule, means=means) for shard in shards]


def _survey_file(shard: _Shard) -> EdgeSurvey:
    found = [added_surveys([])]
    for records in read(shard.file):
        rows_n = np.flatnonzero(~records.is_model & (records.chars != ""))
        edge = find_pieces(records.take(rows_n, scaled=True), shard.handwriting)
        found = [added_surveys([*found, survey_edges(_labels(records, rows_n), edge, shard.handwriting)])]
    return found[0]


def _read_file(shard: _Shard) -> _Read:
    faults = Faults(shard.file)
    tables: list[pd.DataFrame] = []
    cells: list[pd.DataFrame] = [pd.DataFrame({"cleared": np.zeros(0, bool), "cut": np.zeros(0, bool)})]
    with writing(shard.part) as partial, partial.open("wb") as stream:
        for records in read(shard.file):
            written = np.flatnonzero(~records.is_model)
            faults.add("model pattern", "", records.numbers[records.is_model])
            faults.add_unlabelled(records, written)
            rows_n = written[records.chars[written] != ""]
            cells_NHW = records.take(rows_n, scaled=True)
            done = clear_edges(cells_NHW, _labels(records, rows_n), shard.means, shard.rule, shard.handwriting)
            shown_N = done.pictures_NPP.max(axis=(1, 2), initial=0) >= BLANK_BELOW
            shown_N &= ~noise_cells(cells_NHW, shard.handwriting)
            faults.add_each(BLANK, records, rows_n[~shown_N])
            stream.write(done.pictures_NPP[shown_N].tobytes())
            tables.append(_rows(records, rows_n[shown_N]))
            cells.append(pd.DataFrame({"cleared": done.cleared_N, "cut": cut_cells(done.edge)})[shown_N])
    index = pd.concat(tables, ignore_index=True) if tables else _no_rows()
    return _Read(Part(shard.part, len(index)), index, pd.concat(cells, ignore_index=True), faults.audit())


def _labels(records: Records, rows_n: NDArray[np.int64]) -> NDArray[np.object_]:
    return np.array([unified(char) for char in records.chars[rows_n].tolist()], object)


def _rows(records: Records, rows_n: NDArray[np.int64]) -> pd.DataFrame:
    """The index of some records, PRODUCED_COLUMNS."""
    repertoire = records.etl_set.repertoire
    codes = records.codes[rows_n].tolist()
    numbers: dict[str, Any] = {name: records.field(name)[rows_n] for name in ("quality", "sex", "age")}
    table = pd.DataFrame(
        {
            "label": _labels(records, rows_n).tolist(),
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
