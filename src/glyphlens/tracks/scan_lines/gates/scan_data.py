"""What gate_scan_samples judges: the scans that are learnt and tested, those for calibration, and their lines.

N scans of both · L lines of each · S samples of a line
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from glyphlens.core.errors import InputError
from glyphlens.core.params import Section
from glyphlens.core.storage import load_table
from glyphlens.data.pictures import CHUNK
from glyphlens.data.sample_set import SampleSet
from glyphlens.gates.suites.sample_set import read_manifest
from glyphlens.tracks.scan_lines.samples.scan_set import ScanSet
from glyphlens.tracks.scan_lines.samples.sources import SCAN_AUDIT_COLUMNS, SCANNED_COLUMNS

SCAN_COLUMNS = ("sample_id", "class_index", *SCANNED_COLUMNS, "split", "image_hash")


class ScanSampleLimits(Section):
    """Section ``gates.scan_samples`` of params.yaml."""

    checked_rows: int = Field(ge=1)
    max_repeat_share: float = Field(ge=0, le=1)
    max_missing_share: float = Field(ge=0, le=1)
    max_flat_share: float = Field(ge=0, le=1)
    min_deviation: float = Field(ge=0, le=128)
    max_faint_share: float = Field(ge=0, le=1)
    max_left_out_share: float = Field(ge=0, le=1)
    min_train_samples: int = Field(ge=1)
    min_train_groups: int = Field(ge=1)
    min_held_out_classes: float = Field(ge=0, le=1)
    min_calibration_groups: int = Field(ge=1)
    min_split_share: float = Field(ge=0, le=1)
    max_split_share: float = Field(ge=0, le=1)


class ScanSamplePaths(NamedTuple):
    """The two folders that the stage scan_samples wrote."""

    samples: Path
    calibration: Path


@dataclass(frozen=True)
class ScanSampleData:
    """Both scan sets, splits.json and the audit of the first."""

    scans: ScanSet
    calibration: ScanSet
    manifest: Mapping[str, list[str]]
    audit: pd.DataFrame

    @classmethod
    def open(cls, paths: ScanSamplePaths, limits: ScanSampleLimits) -> "ScanSampleData":
        """Raises InputError where a file is missing, broken or has another form."""
        scans, calibration = ScanSet.open(paths.samples), ScanSet.open(paths.calibration)
        audit = load_table(paths.samples / "audit.parquet")
        _require_columns(paths.samples / "index.parquet", scans.samples.index, SCAN_COLUMNS)
        _require_columns(paths.calibration / "index.parquet", calibration.samples.index, SCAN_COLUMNS)
        _require_columns(paths.samples / "audit.parquet", audit, SCAN_AUDIT_COLUMNS)
        return cls(scans, calibration, read_manifest(paths.samples / "splits.json"), audit)

    @property
    def samples(self) -> SampleSet:
        """The sample set of training, validation and test, which the checks of every sample set look at."""
        return self.scans.samples

    @property
    def sets(self) -> tuple[ScanSet, ScanSet]:
        """Both scan sets."""
        return self.scans, self.calibration

    @cached_property
    def rows(self) -> pd.DataFrame:
        """The rows of both sets, one below the other."""
        return pd.concat([each.samples.index for each in self.sets], ignore_index=True)

    @cached_property
    def facts(self) -> pd.DataFrame:
        """``rows`` beside ``missing``, ``flat`` (shares of the L lines), ``deviation`` and ``filled``.

        ``deviation``: the mean over the lines that are there, of 255. ``filled``: whether a missing line holds values.
        """
        measured = [_measured(each, start) for each in self.sets for start in range(0, len(each), CHUNK)]
        return pd.concat([self.rows, pd.concat(measured, ignore_index=True)], axis=1)


def _require_columns(path: Path, table: pd.DataFrame, columns: Sequence[str]) -> None:
    if missing := [name for name in columns if name not in table]:
        raise InputError(f"{path}: columns missing: {', '.join(missing)}")


def _measured(scans: ScanSet, start: int) -> pd.DataFrame:
    part = slice(start, start + CHUNK)
    levels_nLS, missing_nL = scans.samples.images(part), scans.missing_NL[part]
    is_flat_nL = (levels_nLS.max(axis=2) == levels_nLS.min(axis=2)) & ~missing_nL
    deviation_nL = np.where(missing_nL, 0, scans.lines(part).std(axis=2, dtype=np.float64))
    return pd.DataFrame(
        {
            "missing": missing_nL.mean(axis=1),
            "flat": is_flat_nL.mean(axis=1),
            "deviation": deviation_nL.sum(axis=1) / np.maximum((~missing_nL).sum(axis=1), 1),
            "filled": (levels_nLS.any(axis=2) & missing_nL).any(axis=1),
        }
    )
