"""What gate_kanji_models judges: every exported recogniser's folder as plain values, and its files scored afresh.

n test rows of predictions.npz · s sampled rows · C classes
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from glyphlens.core.curves import TRAINING, read_curves
from glyphlens.core.errors import InputError
from glyphlens.core.params import Section
from glyphlens.data.sample_set import SPLITS, SampleSet
from glyphlens.export.bundle import drawn_rows
from glyphlens.gates.check import Row
from glyphlens.gates.suites.exported import JudgedFile
from glyphlens.inference.folder import (
    CARD,
    LABELS,
    MEASURED,
    PREDICTIONS,
    SKIPPED,
    ExportFolder,
    Precision,
    model_name,
)
from glyphlens.inference.reading import readable_rows
from glyphlens.inference.recognizer import STROKES

KINDS: tuple[Precision, ...] = ("fp32", "int8")
NEEDED = (model_name("fp32"), LABELS, TRAINING, MEASURED, CARD, PREDICTIONS)
NEEDED_SKIPPED = (MEASURED, TRAINING, CARD)
ARRAYS = ("rows", "fp32", "int8", "confidence", "top5")
AGAIN = "run `dvc repro kanji_export` again"


class KanjiModelLimits(Section):
    """Section ``gates.kanji_models`` of params.yaml."""

    min_top1: dict[str, float] = Field(min_length=1)
    min_other_top1: float = Field(ge=0, le=1)
    min_distinct_share: float = Field(ge=0, le=1)
    max_commonest_share: float = Field(gt=0, le=1)
    min_fp32_agreement: float = Field(ge=0, le=1)
    max_int8_loss: float = Field(ge=0, le=1)
    max_int8_mb: dict[str, float]
    max_qat_loss: float = Field(ge=0, le=1)
    scored_rows: int = Field(ge=1)
    max_scored_gap: float = Field(ge=0, le=1)
    min_prediction_agreement: float = Field(ge=0, le=1)
    max_batch_gap: float = Field(ge=0, le=1)


class KanjiModelPaths(NamedTuple):
    """The samples, and the folder of all exports."""

    samples: Path
    export: Path


@dataclass(frozen=True)
class KanjiExport:
    """One folder; numbers and arrays unchecked, that is what the gate is for."""

    folder: Path
    measured: dict[str, Any]
    curves: pd.DataFrame
    predictions: dict[str, NDArray[Any]]

    @classmethod
    def open(cls, folder: Path) -> "KanjiExport":
        """Raises InputError where a file is missing, cannot be read or lacks a part."""
        missing = [name for name in NEEDED if not (folder / name).is_file()]
        if missing:
            raise InputError(f"{folder}: files missing: {', '.join(missing)}; {AGAIN}")
        exported = ExportFolder(folder)
        measured = exported.measured()
        if not isinstance(measured, dict) or not {"reads", "val_top1", "int8_offered"} <= set(measured):
            raise InputError(f"{folder / MEASURED}: not the measurements of an exported recogniser")
        return cls(folder, measured, read_curves(exported.curves), exported.predictions(ARRAYS))

    @property
    def kinds(self) -> list[Precision]:
        """The model files that are there."""
        return [kind for kind in KINDS if (self.folder / model_name(kind)).is_file()]


@dataclass(frozen=True)
class KanjiModelData:
    """``exports`` are the folders that could be read, ``faults`` says what is wrong with the others."""

    exports: dict[str, KanjiExport]
    skipped: dict[str, str]
    faults: tuple[Row, ...]
    samples: SampleSet
    scored_rows: int

    @classmethod
    def open(cls, paths: KanjiModelPaths, limits: KanjiModelLimits) -> "KanjiModelData":
        """Raises InputError where there is no export at all."""
        folder = paths.export
        folders = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
        if not folders:
            raise InputError(f"{folder}: no exported recogniser there; run `dvc repro kanji_export`")
        exports, skipped, faults = {}, {}, list[Row]()
        for path in folders:
            try:
                if reason := _skipped(path):
                    skipped[path.name] = reason
                else:
                    exports[path.name] = KanjiExport.open(path)
            except InputError as error:
                faults.append({"recogniser": path.name, "fault": str(error)})
        return cls(exports, skipped, tuple(faults), SampleSet.open(paths.samples), limits.scored_rows)

    @cached_property
    def labels(self) -> list[str]:
        """The characters of the classes, in their order."""
        return [entry.label for entry in self.samples.classes]

    @cached_property
    def splits_without_strokes(self) -> list[str]:
        """Splits that have nothing to read for a recogniser of strokes."""
        return [split for split in SPLITS if not len(readable_rows(self.samples, (STROKES,), self.samples.rows(split)))]

    @cached_property
    def answers(self) -> dict[str, NDArray[np.int64]]:
        """(n,) classes that every fp32 file gave to its test rows."""
        return {name: export.predictions["fp32"].astype(np.int64) for name, export in self.exports.items()}

    @cached_property
    def truth(self) -> dict[str, NDArray[np.int64]]:
        """(n,) true classes of the same rows."""
        return {name: self.samples.class_indices[export.predictions["rows"]] for name, export in self.exports.items()}

    def measures(self, key: str) -> dict[str, float]:
        """One number of every measured.json; a missing one raises KeyError, which fails the check that asks."""
        return {name: float(export.measured[key]) for name, export in self.exports.items()}

    @property
    def curves(self) -> Mapping[str, pd.DataFrame]:
        """The learning curves of every recogniser."""
        return {name: export.curves for name, export in self.exports.items()}

    @property
    def agreement(self) -> Mapping[str, float]:
        """As every measured.json has it."""
        return self.measures("agreement")

    @property
    def int8_losses(self) -> Mapping[str, float]:
        """On validation, of the recognisers that have an int8 file, as measured.json has it."""
        fp32, int8 = self.measures("val_top1"), self.measures("val_int8_top1")
        return {name: fp32[name] - int8[name] for name, export in self.exports.items() if "int8" in export.kinds}

    def rows(self, name: str, split: str) -> NDArray[np.int64]:
        """(s,) rows of a split that the recogniser can read, drawn by lot; every run scores the same ones.

        Evenly spread ones would meet some classes again and again and others never: they come round with every writer.
        """
        rows = readable_rows(self.samples, (self.exports[name].measured["reads"],), self.samples.rows(split))
        return drawn_rows(rows, self.scored_rows, seed=0)

    @cached_property
    def judged(self) -> dict[tuple[str, Precision], JudgedFile]:
        """Every file that is there, by recogniser and kind, scored on validation rows."""
        return {
            (name, kind): JudgedFile(
                export.folder / model_name(kind),
                frozenset({export.measured["reads"]}),
                self.samples,
                self.rows(name, "val"),
            )
            for name, export in self.exports.items()
            for kind in export.kinds
        }

    @property
    def files(self) -> Mapping[str, JudgedFile]:
        """The same by the name that the report gives them."""
        return {f"{name}/{model_name(kind)}": file for (name, kind), file in self.judged.items()}


def _skipped(folder: Path) -> str:
    """Why a recogniser could not be trained on these samples, "" where it was; raises InputError for missing files."""
    measured = ExportFolder(folder).measured()
    if not isinstance(measured, dict) or SKIPPED not in measured:
        return ""
    missing = [name for name in NEEDED_SKIPPED if not (folder / name).is_file()]
    if missing:
        raise InputError(f"{folder}: files missing: {', '.join(missing)}; {AGAIN}")
    return str(measured[SKIPPED]) or "no reason given"
