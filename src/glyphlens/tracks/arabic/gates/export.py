"""gate_export: the exported files answer like the network that was trained, and belong together.

S sampled validation rows · C classes
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from glyphlens.core.errors import InputError
from glyphlens.core.params import Section
from glyphlens.core.storage import sha256_file
from glyphlens.data.sample_set import SampleSet
from glyphlens.gates.check import Checks, Outcome, Row, at_least, at_most, none_of
from glyphlens.gates.run import Gate
from glyphlens.imaging.geometry import geometry_features
from glyphlens.inference.recognizer import GEOMETRY, RASTER, Recognizer

MIB = 1 << 20
SUM_TOLERANCE = 1e-3
FEW_ROWS = 16  # scored one by one, beside the same rows as one batch


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


@dataclass(frozen=True)
class ExportData:
    """The two folders, the export's metrics and the rasters; ``rows`` are the validation rows to score afresh."""

    folders: dict[str, Path]
    metrics: dict[str, float]
    samples: SampleSet
    scored_rows: int

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """(S,) validation rows, evenly spread, so that every run scores the same ones."""
        rows = self.samples.rows("val")
        return rows[np.unique(np.linspace(0, len(rows) - 1, min(self.scored_rows, len(rows))).astype(np.int64))]

    @cached_property
    def recognizers(self) -> dict[str, Recognizer]:
        """Both files opened; raises InputError where one cannot be."""
        return {name: Recognizer.load(folder) for name, folder in self.folders.items()}

    @cached_property
    def probabilities(self) -> dict[str, NDArray[np.float32]]:
        """(S, C) of each file on the sampled rows."""
        return {name: self.score(name, self.rows, batch=64) for name in self.folders}

    def score(self, name: str, rows: NDArray[np.int64], batch: int) -> NDArray[np.float32]:
        """(n, C) probabilities of some rows, ``batch`` at a time."""
        geometry_nF = geometry_features(self.samples.index.iloc[rows])
        return self.recognizers[name].probabilities({RASTER: self.samples.images(rows), GEOMETRY: geometry_nF}, batch)

    def top1(self, name: str) -> float:
        """Share of the sampled rows that a file gets right."""
        return float((self.probabilities[name].argmax(axis=1) == self.samples.class_indices[self.rows]).mean())

    def model_file(self, name: str) -> Path:
        """The .onnx file of a folder; raises InputError unless there is exactly one."""
        files = sorted(self.folders[name].glob("*.onnx"))
        if len(files) != 1:
            raise InputError(f"{self.folders[name]}: {len(files)} .onnx files, expected one")
        return files[0]


CHECKS: Checks[ExportData, ExportLimits] = Checks()


@CHECKS.add("files-open")
def files_open(data: ExportData, limits: ExportLimits) -> Outcome:
    """onnxruntime opens both files; inputs, outputs and the label map beside them fit together."""
    rows: list[Row] = []
    for name, folder in data.folders.items():
        try:
            Recognizer.load(folder)
        except InputError as error:
            rows.append({"file": name, "reason": str(error)})
    return none_of(len(rows), "files that cannot be used", rows)


@CHECKS.add("labels-agree")
def labels_agree(data: ExportData, limits: ExportLimits) -> Outcome:
    """Both label maps are the classes of the rasters, in their order: output i is class i."""
    expected = [entry.label for entry in data.samples.classes]
    rows: list[Row] = []
    for name, recognizer in data.recognizers.items():
        found = [entry.label for entry in recognizer.classes]
        if found != expected:
            first = next((i for i, pair in enumerate(zip(found, expected, strict=False)) if pair[0] != pair[1]), "end")
            rows.append({"file": name, "labels": len(found), "classes": len(expected), "first difference": first})
    return none_of(len(rows), "label maps that are not the class list", rows)


@CHECKS.add("card-hash")
def card_hash(data: ExportData, limits: ExportLimits) -> Outcome:
    """The int8 file's card names the very file it describes, by its SHA-256."""
    card = data.folders["int8"] / "README.md"
    digest = sha256_file(data.model_file("int8"))
    named = card.is_file() and digest in card.read_text(encoding="utf-8")
    return none_of(int(not named), f"{card}: missing, or does not name SHA-256 {digest}")


@CHECKS.add("int8-size")
def int8_size(data: ExportData, limits: ExportLimits) -> Outcome:
    """The small file is kept in git, so that a fresh clone can identify glyphs."""
    size_mib = data.model_file("int8").stat().st_size / MIB
    return at_most(size_mib, limits.max_int8_mib, "MiB")


@CHECKS.add("fp32-parity")
def fp32_parity(data: ExportData, limits: ExportLimits) -> Outcome:
    """The exported graph is the trained network: the same first answer, measured on the file."""
    message = "share of pictures with torch's first answer (metrics/arabic/export.json)"
    return at_least(data.metrics["fp32_agreement"], limits.min_fp32_agreement, message)


@CHECKS.add("int8-loss")
def int8_loss(data: ExportData, limits: ExportLimits) -> Outcome:
    """Eight bits may cost half a point of top-1, not more, on the validation and on the test families."""
    test = data.metrics["fp32_top1"] - data.metrics["int8_top1"]
    losses = {"validation": data.metrics["int8_loss"], "test": round(test, 4)}
    rows = [{"split": name, "loss": loss} for name, loss in losses.items()]
    return at_most(max(losses.values()), limits.max_int8_loss, "the larger loss (metrics/arabic/export.json)", rows)


@CHECKS.add("scores-finite")
def scores_finite(data: ExportData, limits: ExportLimits) -> Outcome:
    """Probabilities are finite and add up to 1 in every row of both files."""
    rows: list[Row] = []
    for name, scores_SC in data.probabilities.items():
        sums_S = scores_SC.sum(axis=1)
        bad = ~(np.abs(sums_S - 1) <= SUM_TOLERANCE)  # NaN is bad too
        rows += [{"file": name, "sample_id": int(data.rows[i]), "sum": float(sums_S[i])} for i in np.flatnonzero(bad)]
    return none_of(len(rows), "rows that are no distribution", rows[:5])


@CHECKS.add("scored-top1")
def scored_top1(data: ExportData, limits: ExportLimits) -> Outcome:
    """The gate scores both files itself, so that numbers of another file cannot pass for theirs."""
    scores = {name: data.top1(name) for name in data.folders}
    rows = [{"file": name, "top1": score, "rows": len(data.rows)} for name, score in scores.items()]
    message = "the lower top-1 of the two on sampled validation rows"
    return at_least(min(scores.values()), limits.min_scored_top1, message, rows)


@CHECKS.add("scored-loss")
def scored_loss(data: ExportData, limits: ExportLimits) -> Outcome:
    """Measured here on the same rows, int8 stays close to fp32."""
    return at_most(
        data.top1("fp32") - data.top1("int8"), limits.max_scored_loss, f"on {len(data.rows)} validation rows"
    )


@CHECKS.add("scored-agreement")
def scored_agreement(data: ExportData, limits: ExportLimits) -> Outcome:
    """Two files of one network give the same first answer to nearly every picture."""
    fp32_S, int8_S = (data.probabilities[name].argmax(axis=1) for name in ("fp32", "int8"))
    return at_least(
        float((fp32_S == int8_S).mean()), limits.min_scored_agreement, f"on {len(data.rows)} validation rows"
    )


@CHECKS.add("batch-free")
def batch_free(data: ExportData, limits: ExportLimits) -> Outcome:
    """A picture's answer does not depend on the batch that it comes in."""
    few = data.rows[:FEW_ROWS]
    gaps = {
        name: float(np.abs(data.score(name, few, batch=1) - data.probabilities[name][: len(few)]).max())
        for name in data.folders
    }
    rows = [{"file": name, "largest difference": gap} for name, gap in gaps.items()]
    return at_most(max(gaps.values()), limits.max_batch_gap, "largest difference of a probability", rows)


GATE: Gate[ExportData, ExportLimits] = Gate(
    "gate_export",
    "Between the exported files and everybody who uses them.",
    CHECKS.entries,
    lambda data: len(data.rows),
)
