"""gate_export: the exported files answer like the network that was trained, and belong together.

S sampled validation rows · C classes
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from pydantic import Field

from glyphlens.core.params import Section
from glyphlens.core.storage import load_json
from glyphlens.data.sample_set import SampleSet
from glyphlens.gates.check import Checks, Outcome, at_least, at_most, spread_rows
from glyphlens.gates.run import Gate
from glyphlens.gates.suites import exported
from glyphlens.gates.suites.exported import JudgedFile, cards_name
from glyphlens.inference.folder import ExportFolder
from glyphlens.inference.recognizer import GEOMETRY, RASTER

MIB = 1 << 20
KINDS = ("fp32", "int8")
INPUTS = frozenset({RASTER, GEOMETRY})


class ExportLimits(Section):
    """Section ``gates.export`` of params.yaml."""

    min_fp32_agreement: float = Field(ge=0, le=1)
    max_int8_loss: float = Field(ge=0, le=1)
    max_int8_mib: float = Field(gt=0)
    scored_rows: int = Field(ge=1)
    min_scored_top1: float = Field(ge=0, le=1)
    max_scored_loss: float = Field(ge=0, le=1)
    min_scored_agreement: float = Field(ge=0, le=1)
    max_batch_gap: float = Field(ge=0, le=1)


class ExportPaths(NamedTuple):
    """The folder with both files, what the export measured on them, and the rasters."""

    export: Path
    export_metrics: Path
    rasters: Path


@dataclass(frozen=True)
class ExportData:
    """Folder and metrics of the export, and the rasters; ``scored_rows`` validation rows are scored afresh."""

    folder: Path
    metrics: Mapping[str, float]
    samples: SampleSet
    scored_rows: int

    @classmethod
    def open(cls, paths: ExportPaths, limits: ExportLimits) -> "ExportData":
        """Raises InputError where metrics or rasters are missing or broken; the files are opened by a check."""
        return cls(paths.export, load_json(paths.export_metrics), SampleSet.open(paths.rasters), limits.scored_rows)

    @cached_property
    def files(self) -> dict[str, JudgedFile]:
        """Both folders with the (S,) validation rows that their files are scored on."""
        rows = self.samples.rows("val")
        rows_S = rows[spread_rows(len(rows), self.scored_rows)]
        return {kind: JudgedFile(self.folder / kind, INPUTS, self.samples, rows_S) for kind in KINDS}

    @property
    def labels(self) -> list[str]:
        """The labels of the classes, in their order."""
        return [entry.label for entry in self.samples.classes]

    @property
    def agreement(self) -> Mapping[str, float]:
        """As metrics/arabic/export.json has it."""
        return {"glyphs": self.metrics["fp32_agreement"]}

    @property
    def int8_losses(self) -> Mapping[str, float]:
        """On the validation and on the test families, as metrics/arabic/export.json has it."""
        test = self.metrics["fp32_top1"] - self.metrics["int8_top1"]
        return {"validation families": self.metrics["int8_loss"], "test families": test}

    def model_file(self, kind: str) -> Path:
        """The .onnx file of a folder; raises InputError unless there is exactly one."""
        return ExportFolder(self.folder / kind).only_model()


CHECKS: Checks[ExportData, ExportLimits] = Checks()


@CHECKS.add("card-hash")
def card_hash(data: ExportData, limits: ExportLimits) -> Outcome:
    """The int8 file's card names the very file it describes, by its SHA-256."""
    return cards_name([data.model_file("int8")])


@CHECKS.add("int8-size")
def int8_size(data: ExportData, limits: ExportLimits) -> Outcome:
    """The small file is kept in git, so that a fresh clone can identify glyphs."""
    size_mib = data.model_file("int8").stat().st_size / MIB
    return at_most(size_mib, limits.max_int8_mib, "MiB")


@CHECKS.add("scored-top1")
def scored_top1(data: ExportData, limits: ExportLimits) -> Outcome:
    """The gate scores both files itself, so that numbers of another file cannot pass for theirs."""
    scores = {kind: file.top1 for kind, file in data.files.items()}
    rows = [{"file": kind, "top1": score, "rows": len(data.files[kind].rows)} for kind, score in scores.items()]
    message = "the lower top-1 of the two on sampled validation rows"
    return at_least(min(scores.values()), limits.min_scored_top1, message, rows)


@CHECKS.add("scored-loss")
def scored_loss(data: ExportData, limits: ExportLimits) -> Outcome:
    """Measured here on the same rows, int8 stays close to fp32."""
    fp32, int8 = (data.files[kind] for kind in KINDS)
    return at_most(fp32.top1 - int8.top1, limits.max_scored_loss, f"on {len(fp32.rows)} validation rows")


@CHECKS.add("scored-agreement")
def scored_agreement(data: ExportData, limits: ExportLimits) -> Outcome:
    """Two files of one network give the same first answer to nearly every picture."""
    fp32_S, int8_S = (data.files[kind].logits.argmax(axis=1) for kind in KINDS)
    share = float((fp32_S == int8_S).mean())
    return at_least(share, limits.min_scored_agreement, f"on {len(fp32_S)} validation rows")


GATE: Gate[ExportPaths, ExportData, ExportLimits] = Gate(
    name="export",
    purpose="Between the exported files and everybody who uses them.",
    paths=ExportPaths,
    limits=ExportLimits,
    open=ExportData.open,
    checks=[*CHECKS.entries, *exported.CHECKS.entries],
    count_rows=lambda data: len(data.files["fp32"].rows),
    judged=lambda paths: (paths.export,),
)
