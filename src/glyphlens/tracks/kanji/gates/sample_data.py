"""What gate_kanji_samples judges: the sample set with its strokes, structure, manifest, audit and measured pictures.

Pictures are measured block by block: ink, its box, contrast, paper, and a 256-bit thumbnail.

N samples · H×W = 64×64 pixels, 0 paper to 255 ink · n pictures of a block · W = 4 words of 64 bits
M samples with strokes · S = 24 strokes · F = 17 numbers a stroke · a held-out and b training pictures of a class
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from glyphlens.core.errors import InputError
from glyphlens.core.params import Section
from glyphlens.core.storage import load_array, load_json, load_table
from glyphlens.data.produced import PRODUCED_COLUMNS
from glyphlens.data.sample_set import ImageFormat, SampleSet
from glyphlens.gates.suites.sample_set import HELD_OUT, ink_bounds, read_manifest
from glyphlens.sources.etl.finding import AUDIT_COLUMNS

IMAGE = ImageFormat(64, 64, 8)
COLUMNS = (*PRODUCED_COLUMNS, "image_hash")
BLOCK = 4096  # pictures: 16 MiB at a time, so that memory does not grow with the set
THUMBNAIL_PX = 16
THUMBNAIL_LEVEL = 64  # mean of a thumbnail's pixel from which on it is ink: half of a pixel's width of black pen
MARGIN_PX = 2  # outermost rows and columns, which the ink box leaves free
PAIRS = 1 << 20  # thumbnails compared at a time
Words = NDArray[np.uint64]


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
    near_hands: int = Field(ge=1)
    min_cleared_cells: int = Field(ge=2)
    max_cleared_loss: float = Field(ge=0, le=1)
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


class KanjiSamplePaths(NamedTuple):
    """The folder that the stage kanji_samples wrote."""

    samples: Path


class PictureMeasures(NamedTuple):
    """``table``: ``ink_share``, ``top``, ``left``, ``bottom``, ``right``, ``peak``, ``margin``; thumbnails (N, 4)."""

    table: pd.DataFrame
    thumbnails_NW: Words


def measure_pictures(pixels_NHW: NDArray[np.uint8], ink_level: int) -> PictureMeasures:
    """Ink is a pixel of at least ``ink_level``; sides are half-open; ``margin`` is the mean level of the rim."""
    blocks = [np.asarray(pixels_NHW[start : start + BLOCK]) for start in range(0, len(pixels_NHW), BLOCK)]
    parts = [_measure(block, ink_level) for block in blocks]
    return PictureMeasures(
        pd.concat([part.table for part in parts], ignore_index=True),
        np.concatenate([part.thumbnails_NW for part in parts]),
    )


def _measure(pixels_nHW: NDArray[np.uint8], ink_level: int) -> PictureMeasures:
    inked_nHW = pixels_nHW >= ink_level
    rows_nH: NDArray[np.bool_] = np.any(inked_nHW, axis=2)
    columns_nW: NDArray[np.bool_] = np.any(inked_nHW, axis=1)
    table = pd.DataFrame(
        {
            "ink_share": inked_nHW.mean(axis=(1, 2)),
            **ink_bounds(rows_nH, columns_nW),
            "peak": pixels_nHW.max(axis=(1, 2)).astype(np.int64),
            "margin": margin_level(pixels_nHW),
        }
    )
    return PictureMeasures(table, thumbnails(pixels_nHW))


def margin_level(pixels_nHW: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(n,) mean level of the outermost MARGIN_PX rows and columns."""
    inner_nHW = pixels_nHW[:, MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]
    rim_px = pixels_nHW[0].size - inner_nHW[0].size
    total_n = pixels_nHW.sum(axis=(1, 2), dtype=np.int64) - inner_nHW.sum(axis=(1, 2), dtype=np.int64)
    level_n: NDArray[np.float64] = total_n / rim_px
    return level_n


def thumbnails(pixels_nHW: NDArray[np.uint8]) -> Words:
    """(n, 4) the picture at 16×16 pixels of one bit each: equal for a copy that was moved by less than a pixel."""
    count, height_px, width_px = pixels_nHW.shape
    # one tall picture: area sampling by whole numbers never mixes two of them
    tall = np.ascontiguousarray(pixels_nHW).reshape(count * height_px, width_px)
    small = cv2.resize(tall, (THUMBNAIL_PX, count * THUMBNAIL_PX), interpolation=cv2.INTER_AREA)
    bits_nB = np.packbits(small.reshape(count, -1) >= THUMBNAIL_LEVEL, axis=1)
    return bits_nB.view(np.uint64)


def distance(one_aW: Words, other_bW: Words) -> NDArray[np.uint16]:
    """(a, b) bits in which two lists of thumbnails differ."""
    total_ab = np.zeros((len(one_aW), len(other_bW)), np.uint16)
    for word in range(one_aW.shape[1]):
        total_ab += np.bitwise_count(one_aW[:, None, word] ^ other_bW[None, :, word])
    return total_ab


def nearest_trained(
    thumbnails_NW: Words, class_N: NDArray[np.int64], split_N: NDArray[np.object_]
) -> NDArray[np.int64]:
    """(N,) bits between a held-out picture and the nearest training one of its class; −1 where there is none.

    Classes are compared by themselves and at most PAIRS at a time: 600,000 pictures of 3,000 classes take seconds.
    """
    nearest_N = np.full(len(class_N), -1, np.int64)
    order = np.argsort(class_N, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(class_N[order])) + 1):
        train_b = rows[split_N[rows] == "train"]
        held_out_a = rows[np.isin(split_N[rows], HELD_OUT)]
        if not len(train_b):
            continue
        step = max(1, PAIRS // len(train_b))
        for start in range(0, len(held_out_a), step):
            part = held_out_a[start : start + step]
            nearest_N[part] = distance(thumbnails_NW[part], thumbnails_NW[train_b]).min(axis=1)
    return nearest_N


@dataclass(frozen=True)
class KanjiSampleData:
    """The files of the folder; arrays and ``structure`` unchecked, that is what the gate is for."""

    samples: SampleSet
    manifest: dict[str, list[str]]
    audit: pd.DataFrame
    structure: Any
    strokes_MSF: NDArray[Any]
    stroke_rows_M: NDArray[Any]
    cleared_rows: NDArray[Any]
    ink_level: int

    @classmethod
    def open(cls, paths: KanjiSamplePaths, limits: KanjiSampleLimits) -> "KanjiSampleData":
        """Raises InputError where a file is missing, broken or does not fit the others."""
        folder = paths.samples
        samples = SampleSet.open(folder)
        if samples.image != IMAGE:
            raise InputError(f"{folder / 'classes.json'}: pictures are {samples.image}, handwriting has {IMAGE}")
        audit = load_table(folder / "audit.parquet")
        for file, table, columns in (("index", samples.index, COLUMNS), ("audit", audit, AUDIT_COLUMNS)):
            if missing := [name for name in columns if name not in table]:
                raise InputError(f"{folder / file}.parquet: columns missing: {', '.join(missing)}")
        if not len(samples):
            raise InputError(f"{folder}: a sample set without a sample; see its audit.parquet")
        manifest = read_manifest(folder / "splits.json")
        structure = load_json(folder / "structure.json")
        strokes_MSF = load_array(folder / "strokes.npy", mmap=True)
        rows_M = load_array(folder / "stroke_rows.npy")
        # only cells of ETL records have edges that were cleared
        is_read = (samples.index["source"] == "etl").any()
        cleared_rows = load_array(folder / "cleared_rows.npy") if is_read else np.empty(0, np.int64)
        return cls(samples, manifest, audit, structure, strokes_MSF, rows_M, cleared_rows, limits.ink_level)

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
