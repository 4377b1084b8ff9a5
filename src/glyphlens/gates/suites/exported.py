"""Checks of exported ONNX files: they open, belong to the class list, and answer like the network that was trained.

s sampled rows · C classes
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.core.storage import sha256_file
from glyphlens.data.sample_set import SampleSet
from glyphlens.gates.check import SHOWN_ROWS, Checks, Outcome, Row, at_least, at_most, none_of
from glyphlens.inference.folder import CARD, ExportFolder
from glyphlens.inference.reading import feeds_of
from glyphlens.inference.recognizer import Recognizer, softmax

BATCH = 64
FEW_ROWS = 16  # scored one by one, beside the same rows as one batch


@dataclass(frozen=True)
class JudgedFile:
    """An exported file, or the folder of a single one, which the gate scores itself on ``rows`` of ``samples``."""

    path: Path
    inputs: frozenset[str]
    samples: SampleSet
    rows: NDArray[np.int64]

    @cached_property
    def recognizer(self) -> Recognizer:
        """The file, opened on one core; raises InputError where it cannot be."""
        return Recognizer.load(self.path, threads=1)

    @cached_property
    def logits(self) -> NDArray[np.float32]:
        """(s, C) of the sampled rows."""
        return self.score(self.rows)

    @property
    def top1(self) -> float:
        """Share of the sampled rows that the file gets right."""
        return float((self.logits.argmax(axis=1) == self.samples.class_indices[self.rows]).mean())

    def score(self, rows: NDArray[np.int64], batch: int = BATCH) -> NDArray[np.float32]:
        """(n, C) logits of any rows, ``batch`` at a time."""
        return self.recognizer.logits(feeds_of(self.samples, self.recognizer.inputs, rows), batch)


class ExportedData(Protocol):
    """What these checks look at."""

    @property
    def files(self) -> Mapping[str, JudgedFile]:
        """Every file, by the name that the report gives it."""

    @property
    def labels(self) -> Sequence[str]:
        """The labels of the classes, in their order."""

    @property
    def agreement(self) -> Mapping[str, float]:
        """Of each network: the share of rows on which its fp32 file and torch give the same first answer."""

    @property
    def int8_losses(self) -> Mapping[str, float]:
        """Top-1 that eight bits cost, by the name of what was compared."""


class ExportedLimits(Protocol):
    """What these checks need of a gate's limits."""

    @property
    def min_fp32_agreement(self) -> float:
        """Same first answer as torch, share of the rows."""

    @property
    def max_int8_loss(self) -> float:
        """Top-1."""

    @property
    def max_batch_gap(self) -> float:
        """Of a probability, alone or in a batch."""


CHECKS: Checks[ExportedData, ExportedLimits] = Checks()


@CHECKS.add("files-open")
def files_open(data: ExportedData, limits: ExportedLimits) -> Outcome:
    """onnxruntime opens every file; it reads what it was exported to read, and fits the label map beside it."""
    rows: list[Row] = []
    for name, file in data.files.items():
        try:
            found = set(file.recognizer.inputs)
        except InputError as error:
            rows.append({"file": name, "reason": str(error)})
            continue
        if found != file.inputs:
            rows.append({"file": name, "reason": f"reads {sorted(found)}, expected {sorted(file.inputs)}"})
    return none_of(len(rows), "files that cannot be used", rows[:SHOWN_ROWS])


@CHECKS.add("labels-agree")
def labels_agree(data: ExportedData, limits: ExportedLimits) -> Outcome:
    """Output i is class i: the label map beside a file has the labels of the sample set in the same order."""
    rows: list[Row] = []
    for name, file in data.files.items():
        found = [entry.label for entry in file.recognizer.classes]
        if found != list(data.labels):
            pairs = enumerate(zip(found, data.labels, strict=False))
            first = next((place for place, (own, other) in pairs if own != other), "end")
            rows.append({"file": name, "labels": len(found), "classes": len(data.labels), "differs at": first})
    return none_of(len(rows), "label maps that are not the class list", rows[:SHOWN_ROWS])


@CHECKS.add("fp32-parity")
def fp32_parity(data: ExportedData, limits: ExportedLimits) -> Outcome:
    """The exported graph is the trained network: the same first answer, measured on the file."""
    rows: list[Row] = [{"network": name, "agreement": share} for name, share in data.agreement.items()]
    message = "lowest share of rows with torch's first answer, as the export measured it"
    return at_least(min(data.agreement.values()), limits.min_fp32_agreement, message, rows)


@CHECKS.add("int8-loss")
def int8_loss(data: ExportedData, limits: ExportedLimits) -> Outcome:
    """Eight bits may cost half a point of top-1; a file that loses more must not be offered."""
    rows: list[Row] = [{"measured on": name, "loss": loss} for name, loss in data.int8_losses.items()]
    message = "largest loss of top-1, as the export measured it" if rows else "no int8 file is offered"
    return at_most(round(max(data.int8_losses.values(), default=0.0), 6), limits.max_int8_loss, message, rows)


@CHECKS.add("scores-finite")
def scores_finite(data: ExportedData, limits: ExportedLimits) -> Outcome:
    """One score that is no number spoils every probability of its row."""
    rows: list[Row] = []
    for name, file in data.files.items():
        bad_s = ~np.isfinite(file.logits).all(axis=1)
        rows += [{"file": name, "sample_id": int(row)} for row in file.rows[bad_s][:SHOWN_ROWS]]
    return none_of(len(rows), "rows with a score that is no number", rows[:SHOWN_ROWS])


@CHECKS.add("batch-free")
def batch_free(data: ExportedData, limits: ExportedLimits) -> Outcome:
    """A sample's answer does not depend on the batch that it comes in."""
    rows: list[Row] = []
    for name, file in data.files.items():
        few = file.rows[:FEW_ROWS]
        gap = np.abs(softmax(file.score(few, batch=1)) - softmax(file.logits[: len(few)])).max()
        rows.append({"file": name, "gap": float(gap)})
    rows.sort(key=lambda row: -float(row["gap"]))
    message = f"largest difference of a probability, alone and among {FEW_ROWS}"
    # NaN is no difference that passes
    worst = float(np.max([float(row["gap"]) for row in rows]))
    return at_most(worst, limits.max_batch_gap, message, rows[:SHOWN_ROWS])


def cards_name(files: Iterable[Path]) -> Outcome:
    """The card beside each file names it by its SHA-256."""
    rows: list[Row] = []
    for file in files:
        card, digest = ExportFolder(file.parent).card, sha256_file(file)
        if not card.is_file() or digest not in card.read_text(encoding="utf-8"):
            rows.append({"card": f"{file.parent.name}/{CARD}", "file": file.name, "SHA-256": digest})
    return none_of(len(rows), "cards that are missing or do not name the file beside them", rows[:SHOWN_ROWS])
