"""What gate_kanji_samples judges: the sample set with its strokes, structure, split manifest and audit.

N samples · H×W = 64×64 pixels · M samples with strokes · S = 24 strokes · F = 17 numbers a stroke
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from glyphlens.core.errors import InputError
from glyphlens.core.params import Section
from glyphlens.core.storage import load_array, load_json, load_table
from glyphlens.data.produced import PRODUCED_COLUMNS
from glyphlens.data.sample_set import ImageFormat, SampleSet
from glyphlens.gates.sample_splits import read_manifest
from glyphlens.sources.etl.finding import AUDIT_COLUMNS
from glyphlens.tracks.kanji.gates.measures import PictureMeasures, measure_pictures, nearest_trained

IMAGE = ImageFormat(64, 64, 8)
COLUMNS = (*PRODUCED_COLUMNS, "image_hash")


class KanjiSampleLimits(Section):
    """Section ``gates.kanji_samples`` of params.yaml."""

    ink_level: int = Field(ge=1, le=255)
    min_ink_share: float = Field(ge=0, lt=1)
    max_ink_share: float = Field(gt=0, le=1)
    max_odd_ink_share: float = Field(ge=0, le=1)
    min_class_ink: float = Field(ge=0, lt=1)
    max_class_ink: float = Field(gt=0, le=1)
    max_class_ink_factor: float = Field(ge=1)
    box_px: int = Field(ge=1, le=64)
    max_box_error_px: int = Field(ge=0)
    max_centre_error_px: float = Field(ge=0)
    min_placed_share: float = Field(ge=0, le=1)
    min_peak: int = Field(ge=0, le=255)
    min_contrast_share: float = Field(ge=0, le=1)
    max_margin_level: float = Field(ge=0, le=255)
    min_clean_share: float = Field(ge=0, le=1)
    checked_rows: int = Field(ge=1)
    max_repeat_share: float = Field(ge=0, le=1)
    max_conflict_share: float = Field(ge=0, le=1)
    max_twin_share: float = Field(ge=0, le=1)
    near_bits: int = Field(ge=0, le=256)
    max_near_share: float = Field(ge=0, le=1)
    max_near_median: float = Field(ge=0, le=1)
    min_classes: int = Field(ge=2)
    min_groups: int = Field(ge=3)
    min_class_samples: int = Field(ge=1)
    min_class_groups: int = Field(ge=1)
    min_train_samples: int = Field(ge=1)
    min_held_out_classes: float = Field(ge=0, le=1)
    min_split_share: float = Field(ge=0, le=1)
    max_split_share: float = Field(ge=0, le=1)
    max_odd_fact_share: float = Field(ge=0, le=1)
    max_stroke_gap_px: float = Field(gt=0)
    min_stroke_share: float = Field(ge=0, le=1)


@dataclass(frozen=True)
class KanjiSampleData:
    """The files of the folder; arrays and ``structure`` unchecked, that is what the gate is for."""

    samples: SampleSet
    manifest: dict[str, list[str]]
    audit: pd.DataFrame
    structure: Any
    strokes_MSF: NDArray[Any]
    stroke_rows_M: NDArray[Any]
    ink_level: int

    @classmethod
    def open(cls, folder: Path, limits: KanjiSampleLimits) -> "KanjiSampleData":
        """Raises InputError where a file is missing, broken or does not fit the others."""
        samples = SampleSet.open(folder)
        if samples.image != IMAGE:
            raise InputError(f"{folder / 'classes.json'}: pictures are {samples.image}, handwriting has {IMAGE}")
        audit = load_table(folder / "audit.parquet")
        for file, table, columns in (("index", samples.index, COLUMNS), ("audit", audit, AUDIT_COLUMNS)):
            if missing := [name for name in columns if name not in table]:
                raise InputError(f"{folder / file}.parquet: columns missing: {', '.join(missing)}")
        if not len(samples):
            raise InputError(f"{folder}: a sample set without a sample; see its audit.parquet")
        manifest = read_manifest(folder / "splits.json", many="groups")
        structure = load_json(folder / "structure.json")
        strokes_MSF = load_array(folder / "strokes.npy", mmap=True)
        rows_M = load_array(folder / "stroke_rows.npy")
        return cls(samples, manifest, audit, structure, strokes_MSF, rows_M, limits.ink_level)

    @property
    def index(self) -> pd.DataFrame:
        """The index of the sample set."""
        return self.samples.index

    @cached_property
    def measured(self) -> PictureMeasures:
        """What every picture looks like, measured once."""
        return measure_pictures(self.samples.pixels, self.ink_level)

    @cached_property
    def facts(self) -> pd.DataFrame:
        """The index beside the measured numbers, whose names begin with ``measured_``."""
        return pd.concat([self.index.reset_index(drop=True), self.measured.table.add_prefix("measured_")], axis=1)

    @cached_property
    def nearest_N(self) -> NDArray[np.int64]:
        """(N,) as ``nearest_trained`` finds them."""
        split_N = self.index["split"].to_numpy(object)
        return nearest_trained(self.measured.thumbnails_NW, self.samples.class_indices, split_N)

    @cached_property
    def is_rendered(self) -> bool:
        """Whether this is the stand-in; rows of both sources are refused by a check of their own."""
        return bool((self.index["source"] == "rendered").any())
