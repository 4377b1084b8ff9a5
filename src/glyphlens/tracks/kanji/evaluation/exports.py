"""What the exports of the kanji track left for the evaluation: measurements, predictions and learning curves.

n test rows that a recogniser was scored on · C classes
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.training_history import History, read_history
from glyphlens.inference.folder import MEASURED, PREDICTIONS, SKIPPED, ExportFolder

ARRAYS = ("rows", "fp32", "int8", "confidence", "top5")
AGAIN = "run `dvc repro` again"


class Measured(BaseModel):
    """What kanji_export measured on the files."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    recognizer: str
    reads: Literal["raster", "strokes"]
    parameters: int
    val_top1: float
    val_int8_top1: float
    int8_offered: bool
    fp32_mb: float
    int8_mb: float


@dataclass(frozen=True)
class Export:
    """One exported recogniser and its answers: ``fp32_n`` and ``int8_n`` class indices, ``top5_nk`` best first."""

    folder: Path
    measured: Measured
    rows_n: NDArray[np.int64]
    fp32_n: NDArray[np.int64]
    int8_n: NDArray[np.int64]
    confidence_n: NDArray[np.float32]
    top5_nk: NDArray[np.int64]
    curves: History

    @property
    def name(self) -> str:
        """The recogniser's name, that of its folder."""
        return self.folder.name


def read_exports(folder: Path, samples: SampleSet) -> tuple[list[Export], dict[str, str]]:
    """Every export below ``folder`` by name, and of those that were skipped the reasons.

    Raises InputError where no recogniser is left or one does not fit.
    """
    folders = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    facts = {path: ExportFolder(path).measured() for path in folders}
    skipped = {path.name: str(known[SKIPPED]) for path, known in facts.items() if SKIPPED in known}
    exports = [read_export(path, known, samples) for path, known in facts.items() if path.name not in skipped]
    if not exports:
        raise InputError(f"{folder}: no exported recogniser there; run `dvc repro kanji_export`")
    return exports, skipped


def read_export(folder: Path, facts: Any, samples: SampleSet) -> Export:
    """One export, ``facts`` from its measured.json.

    Raises InputError, naming the file, where one is missing, broken or made from other samples.
    """
    path = folder / MEASURED
    try:
        measured = Measured.model_validate(facts)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise InputError(f"{path}: {faults}; {AGAIN}") from error
    arrays = ExportFolder(folder).predictions(ARRAYS)
    _check_arrays(folder / PREDICTIONS, arrays, samples)
    rows_n, fp32_n, int8_n, top5_nk = (arrays[name].astype(np.int64) for name in ("rows", "fp32", "int8", "top5"))
    history = read_history(ExportFolder(folder).curves, folder.name)
    return Export(folder, measured, rows_n, fp32_n, int8_n, arrays["confidence"], top5_nk, history)


def facts_table(exports: list[Export]) -> pd.DataFrame:
    """One row a recogniser with what was measured: the columns are the fields of ``Measured``."""
    return pd.DataFrame([{**export.measured.model_dump(), "recognizer": export.name} for export in exports])


def _check_arrays(path: Path, arrays: dict[str, NDArray[Any]], samples: SampleSet) -> None:
    rows = arrays["rows"]
    for name in ARRAYS:
        shape = arrays[name].shape[:1] if name == "top5" else arrays[name].shape
        if shape != (len(rows),) or arrays[name].ndim != (2 if name == "top5" else 1):
            raise InputError(f"{path}: {name} has the shape {arrays[name].shape}, rows {rows.shape}; {AGAIN}")
        whole = np.issubdtype(arrays[name].dtype, np.integer)
        if whole == (name == "confidence"):
            raise InputError(f"{path}: {name} is {arrays[name].dtype}; {AGAIN}")
    if not len(rows):
        raise InputError(f"{path}: no test row was scored; see splits.json of {samples.folder}")
    strange = rows[~np.isin(rows, samples.rows("test"))]
    if len(strange):
        raise InputError(f"{path}: row {strange[0]} is not of the test split of {samples.folder}; {AGAIN}")
    if len(np.unique(rows)) != len(rows):
        raise InputError(f"{path}: {len(rows)} rows of which only {len(np.unique(rows))} differ; {AGAIN}")
    for name in ("fp32", "int8", "top5"):
        beyond = arrays[name][(arrays[name] < 0) | (arrays[name] >= len(samples.classes))]
        if beyond.size:
            raise InputError(f"{path}: {name} names class {beyond.flat[0]} of {len(samples.classes)}; {AGAIN}")
