"""What gate_rasters judges: the sample set, the split manifest, and pixel facts measured afresh from the pixels.

N images · H×W pixels · B = W/8 bytes a row of packed pixels
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from glyphlens.core.errors import InputError
from glyphlens.core.params import Section
from glyphlens.core.storage import load_table
from glyphlens.data.sample_set import SampleSet
from glyphlens.gates.ink_bounds import ink_bounds
from glyphlens.gates.sample_splits import read_manifest


class RasterLimits(Section):
    """Section ``gates.rasters`` of params.yaml."""

    min_ink_share: float = Field(ge=0, lt=1)
    max_ink_share: float = Field(gt=0, le=1)
    max_odd_ink_share: float = Field(ge=0, le=1)
    min_anchored_share: float = Field(ge=0, le=1)
    max_offset_px: int = Field(ge=0)
    max_far_share: float = Field(ge=0, le=1)
    max_side_error_px: int = Field(ge=0)
    min_true_side_share: float = Field(ge=0, le=1)
    max_em_offset: float = Field(gt=0)
    hole_labels: list[str] = Field(min_length=1)
    min_hole_share: float = Field(ge=0, le=1)
    min_classes: int = Field(ge=2)
    min_families: int = Field(ge=3)
    min_class_samples: int = Field(ge=1)
    min_class_families: int = Field(ge=1)
    min_train_samples: int = Field(ge=1)
    min_tested_classes: float = Field(ge=0, le=1)
    min_split_share: float = Field(ge=0, le=1)
    max_split_share: float = Field(ge=0, le=1)
    max_excluded_share: float = Field(ge=0, le=1)
    max_twin_share: float = Field(ge=0, le=1)
    max_undrawn_share: float = Field(ge=0, le=1)


@dataclass(frozen=True)
class RasterData:
    """The sample set, the manifest {split: families} and the glyphs that gave no picture."""

    samples: SampleSet
    manifest: dict[str, list[str]]
    audit: pd.DataFrame

    @classmethod
    def open(cls, folder: Path) -> "RasterData":
        """Raises InputError where a file is missing, broken or does not fit the others."""
        samples = SampleSet.open(folder)
        if samples.image.bits != 1:
            raise InputError(f"{folder / 'classes.json'}: {samples.image.bits} bits a pixel, glyph rasters have 1")
        manifest = read_manifest(folder / "splits.json", many="families")
        return cls(samples, manifest, load_table(folder / "audit.parquet"))

    @cached_property
    def facts(self) -> pd.DataFrame:
        """Key columns of the index beside what ``measure_pixels`` finds."""
        index = self.samples.index
        measured = measure_pixels(np.asarray(self.samples.pixels))
        return pd.concat([index.reset_index(drop=True), measured.add_prefix("measured_")], axis=1)


def measure_pixels(packed_NHB: NDArray[np.uint8]) -> pd.DataFrame:
    """Of packed images (N, H, W/8): ``ink_share``; ``top``, ``left``, ``bottom``, ``right`` in pixels.

    The sides are half-open bounds of the ink; a blank image has all four 0.
    """
    _, height_px, row_bytes = packed_NHB.shape
    ink_N = np.array([np.bitwise_count(image).sum() for image in packed_NHB], np.int64)
    rows_NH: NDArray[np.bool_] = np.any(packed_NHB, axis=2)
    columns_NW = np.unpackbits(np.bitwise_or.reduce(packed_NHB, axis=1), axis=1).astype(bool)
    return pd.DataFrame({"ink_share": ink_N / (height_px * row_bytes * 8), **ink_bounds(rows_NH, columns_NW)})
