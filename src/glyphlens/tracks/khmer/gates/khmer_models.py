"""gate_khmer_models: exported files read lines, alike in both precisions and any batch, in characters that there are.

s sampled validation lines
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from glyphlens.core.errors import InputError
from glyphlens.core.params import Section
from glyphlens.data.sample_set import SampleSet
from glyphlens.gates.check import (
    SHOWN_ROWS,
    Checks,
    Outcome,
    Row,
    at_most,
    none_of,
    spread_rows,
)
from glyphlens.gates.run import Gate
from glyphlens.gates.suites.exported import cards_name
from glyphlens.inference.folder import ExportFolder
from glyphlens.inference.khmer_text import canonical, clusters
from glyphlens.inference.line_reader import LineReader, LineText
from glyphlens.tracks.khmer.evaluation.scores import cer, exported_files, exports, line_table, read_rows

FEW_LINES = 8  # read one by one, beside the same lines together
MEGABYTE = 1_000_000


class KhmerModelLimits(Section):
    """Section ``gates.khmer_models`` of params.yaml."""

    max_cer: dict[str, float]
    max_other_cer: float = Field(ge=0)
    max_int8_loss: float = Field(ge=0)
    max_int8_mb: float = Field(gt=0)
    max_batch_gap: float = Field(ge=0, le=1)
    max_calibration_gap: float = Field(ge=0, le=1)
    scored_rows: int = Field(ge=1)


class KhmerModelPaths(NamedTuple):
    """The lines, and the exports, one folder per recogniser."""

    lines: Path
    export: Path


@dataclass(frozen=True)
class KhmerModelData:
    """The exports, and the ``rows_s`` of the validation split that the gate reads with each file."""

    folders: tuple[Path, ...]
    samples: SampleSet
    rows_s: NDArray[np.int64]

    @classmethod
    def open(cls, paths: KhmerModelPaths, limits: KhmerModelLimits) -> "KhmerModelData":
        """Raises InputError where there is no export, or no fp32 file in one."""
        folders = tuple(exports(paths.export))
        lacking = [folder.name for folder in folders if "fp32" not in exported_files(folder)]
        if lacking or not folders:
            raise InputError(f"{paths.export}: no fp32 file of {', '.join(lacking) or 'any recogniser'}")
        samples = SampleSet.open(paths.lines)
        rows = samples.rows("val")
        return cls(folders, samples, rows[spread_rows(len(rows), limits.scored_rows)])

    @cached_property
    def readers(self) -> Mapping[str, LineReader]:
        """Every file by recogniser and precision, opened on one core; raises InputError where one cannot be."""
        return {
            f"{folder.name} {precision}": LineReader.load(file, threads=1)
            for folder in self.folders
            for precision, file in exported_files(folder).items()
        }

    @cached_property
    def read(self) -> Mapping[str, Sequence[LineText]]:
        """What each file reads on the sampled lines."""
        return {name: read_rows(reader, self.samples, self.rows_s) for name, reader in self.readers.items()}

    @cached_property
    def cers(self) -> Mapping[str, float]:
        """Error rate of each file on them."""
        return {name: cer(line_table(self.samples, self.rows_s, read)) for name, read in self.read.items()}

    @property
    def int8_losses(self) -> Mapping[str, float]:
        """How much more each int8 file errs than its fp32 file."""
        names = [name.removesuffix(" int8") for name in self.cers if name.endswith(" int8")]
        return {name: self.cers[f"{name} int8"] - self.cers[f"{name} fp32"] for name in names}


CHECKS: Checks[KhmerModelData, KhmerModelLimits] = Checks()


@CHECKS.add("charset-whole")
def charset_whole(data: KhmerModelData, limits: KhmerModelLimits) -> Outcome:
    """Every character that a line can show must be one that the recogniser can write, and no other is there."""
    known = set(data.samples.charset.characters if data.samples.charset else "")
    rows: list[Row] = []
    for folder in data.folders:
        tokens = ExportFolder(folder).manifest.charset
        single = {token for token in tokens if len(token) == 1}
        lacking, strange = sorted(known - single), sorted({*"".join(tokens)} - known)
        if lacking or strange or len(set(tokens)) < len(tokens):
            rows.append({"recognizer": folder.name, "lacks": "".join(lacking[:10]), "strange": "".join(strange[:10])})
    return none_of(len(rows), "tables of tokens that are not the charset's", rows)


@CHECKS.add("reads-well")
def reads_well(data: KhmerModelData, limits: KhmerModelLimits) -> Outcome:
    """A recogniser that errs more than this was not trained, or not exported, as it should be."""
    rows: list[Row] = []
    for name, found in data.cers.items():
        limit = limits.max_cer.get(name.split()[0], limits.max_other_cer)
        if not found <= limit:
            rows.append({"file": name, "cer": found, "limit": limit})
    return none_of(len(rows), "files that err too often on validation lines", rows)


@CHECKS.add("int8-loss")
def int8_loss(data: KhmerModelData, limits: KhmerModelLimits) -> Outcome:
    """Eight bits may cost a tenth of a point of CER; a file that loses more must not be offered."""
    rows: list[Row] = [{"recognizer": name, "loss": loss} for name, loss in data.int8_losses.items()]
    message = "largest loss of CER on the sampled lines" if rows else "no int8 file is offered"
    return at_most(round(max(data.int8_losses.values(), default=0.0), 6), limits.max_int8_loss, message, rows)


@CHECKS.add("canonical")
def canonical_text(data: KhmerModelData, limits: KhmerModelLimits) -> Outcome:
    """What is read is canonical, and is made of its clusters: otherwise equal words would not compare equal."""
    rows: list[Row] = []
    for name, read in data.read.items():
        for row, line in zip(data.rows_s, read, strict=True):
            parts = [each.text for each in line.clusters]
            if line.text != canonical(line.text) or clusters(line.text) != parts:
                rows.append({"file": name, "row": int(row), "text": line.text, "clusters": " ".join(parts)})
    return none_of(len(rows), "lines that are not canonical or not made of their clusters", rows[:SHOWN_ROWS])


@CHECKS.add("places-in-order")
def places_in_order(data: KhmerModelData, limits: KhmerModelLimits) -> Outcome:
    """Clusters stand inside their line, one after the other: boxes are drawn from these places."""
    rows: list[Row] = []
    for name, read in data.read.items():
        for row, line in zip(data.rows_s, read, strict=True):
            width = data.samples.widths_N[row]
            begins, ends = [each.x0 for each in line.clusters], [each.x1 for each in line.clusters]
            inside = all(0 <= begin <= end <= width for begin, end in zip(begins, ends, strict=True))
            if not inside or begins != sorted(begins):
                rows.append({"file": name, "row": int(row), "width": int(width)})
    return none_of(len(rows), "lines whose clusters stand outside or out of order", rows[:SHOWN_ROWS])


@CHECKS.add("confidence")
def confidence(data: KhmerModelData, limits: KhmerModelLimits) -> Outcome:
    """A confidence is the chance that a line is right: on average the share of lines that are."""
    rows: list[Row] = []
    for name, read in data.read.items():
        table = line_table(data.samples, data.rows_s, read)
        sure, right = float(table["confidence"].mean()), float(table["top1"].mean())
        if not 0 <= table["confidence"].min() <= table["confidence"].max() <= 1:
            rows.append({"file": name, "confidence": sure, "right": "outside 0 … 1"})
        elif abs(sure - right) > limits.max_calibration_gap:
            rows.append({"file": name, "confidence": round(sure, 4), "right": round(right, 4)})
    return none_of(len(rows), f"files more than {limits.max_calibration_gap} off on average", rows)


@CHECKS.add("batch-free")
def batch_free(data: KhmerModelData, limits: KhmerModelLimits) -> Outcome:
    """A line is read alike alone and among others."""
    rows: list[Row] = []
    for name, reader in data.readers.items():
        ordered = data.rows_s[np.argsort(data.samples.widths_N[data.rows_s], kind="stable")]
        few = ordered[len(ordered) // 2 :][:FEW_LINES]  # lines of about one width are read together
        lines = [data.samples.images(np.array([row]))[0] for row in few]
        for row, line, together in zip(few, lines, reader.read(lines), strict=True):
            (alone,) = reader.read([line])
            gap = abs(alone.confidence - together.confidence)
            if alone.text != together.text or not gap <= limits.max_batch_gap:
                rows.append({"file": name, "row": int(row), "alone": alone.text, "together": together.text, "gap": gap})
    return none_of(len(rows), "lines that are read otherwise among others", rows[:SHOWN_ROWS])


@CHECKS.add("small")
def small(data: KhmerModelData, limits: KhmerModelLimits) -> Outcome:
    """The int8 file goes into git and onto phones."""
    sizes = {folder.name: exported_files(folder).get("int8") for folder in data.folders}
    megabytes = {name: file.stat().st_size / MEGABYTE for name, file in sizes.items() if file is not None}
    rows: list[Row] = [{"recognizer": name, "MB": round(size, 3)} for name, size in megabytes.items()]
    return at_most(round(max(megabytes.values(), default=0.0), 3), limits.max_int8_mb, "largest int8 file, MB", rows)


@CHECKS.add("cards")
def cards(data: KhmerModelData, limits: KhmerModelLimits) -> Outcome:
    """The card beside each file names it by its SHA-256: a card of another file says nothing about this one."""
    return cards_name(file for folder in data.folders for file in exported_files(folder).values())


GATE: Gate[KhmerModelPaths, KhmerModelData, KhmerModelLimits] = Gate(
    name="khmer_models",
    purpose="Between the exported recognisers of lines and their evaluation and release.",
    paths=KhmerModelPaths,
    limits=KhmerModelLimits,
    open=KhmerModelData.open,
    checks=CHECKS.entries,
    count_rows=lambda data: len(data.rows_s),
    judged=lambda paths: [paths.export],
)
