"""gate_primitives: the visual alphabet is whole, in use, and every grid says what its picture shows.

N images · H×B packed pixels, B = W/8 · R×C cell grid · K primitives · 64 pixels a cell
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from glyphlens.core.params import Section
from glyphlens.core.storage import load_array
from glyphlens.data.sample_set import SampleSet, unpack_bits
from glyphlens.gates.check import Checks, Outcome, at_least, at_most, first_rows, none_of, spread_rows, within
from glyphlens.gates.run import Gate
from glyphlens.gates.suites.sample_set import KEY

CELL_PX = 8
DISTANCE_TOLERANCE = 1e-3  # squared pixels; float32 distances of equal centroids differ by less


class PrimitiveLimits(Section):
    """Section ``gates.primitives`` of params.yaml."""

    min_centroids: int = Field(ge=1)
    max_centroids: int = Field(ge=1, le=65535)
    min_used_share: float = Field(ge=0, le=1)
    max_top_share: float = Field(gt=0, le=1)
    min_empty_share: float = Field(ge=0, le=1)
    max_empty_share: float = Field(ge=0, le=1)
    max_bit_error: float = Field(ge=0, le=1)
    checked_rows: int = Field(ge=1)


class PrimitivePaths(NamedTuple):
    """The folders that the stages primitives and rasters wrote."""

    primitives: Path
    rasters: Path


@dataclass(frozen=True)
class PrimitiveData:
    """The rasters and what the primitives stage made of them; arrays unchecked, that is what the gate is for."""

    samples: SampleSet
    centroids_K64: NDArray[Any]
    grids_NRC: NDArray[Any]

    @classmethod
    def open(cls, paths: PrimitivePaths, limits: PrimitiveLimits) -> "PrimitiveData":
        """Raises InputError where a file is missing or broken."""
        arrays = (load_array(paths.primitives / name) for name in ("centroids.npy", "grids.npy"))
        return cls(SampleSet.open(paths.rasters), *arrays)

    @cached_property
    def inked_NRC(self) -> NDArray[np.bool_]:
        """Which cells hold any ink."""
        return inked_cells(np.asarray(self.samples.pixels))

    @cached_property
    def usage_K(self) -> NDArray[np.int64]:
        """How many cells have each id, ids beyond the last centroid left out."""
        return np.bincount(self.grids_NRC.ravel(), minlength=len(self.centroids_K64) + 1)[
            1 : len(self.centroids_K64) + 1
        ]

    def sample_rows(self, count: int) -> NDArray[np.int64]:
        """At most ``count`` rows, evenly spread, so that every run looks at the same ones."""
        return spread_rows(len(self.samples), count)

    def sample_cells(self, count: int) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
        """Non-empty cells of those rows that have a valid id: pixels (M, 64) of 0 and 1, ids (M,), rows (M,)."""
        rows_n = self.sample_rows(count)
        images_nHW = unpack_bits(np.asarray(self.samples.pixels[rows_n]))
        side = images_nHW.shape[1] // CELL_PX
        cells = images_nHW.reshape(len(rows_n), side, CELL_PX, side, CELL_PX).transpose(0, 1, 3, 2, 4).reshape(-1, 64)
        ids = self.grids_NRC[rows_n].astype(np.int64).ravel()
        kept = cells.any(axis=1) & (ids >= 1) & (ids <= len(self.centroids_K64))
        return cells[kept].astype(np.float32), ids[kept], np.repeat(rows_n, side * side)[kept]


CHECKS: Checks[PrimitiveData, PrimitiveLimits] = Checks()


@CHECKS.add("centroid-form")
def centroid_form(data: PrimitiveData, limits: PrimitiveLimits) -> Outcome:
    """Centroids are K rows of 64 float32: another type or shape is another file."""
    found = data.centroids_K64
    right = found.ndim == 2 and found.shape[1] == CELL_PX * CELL_PX and found.dtype == np.float32
    return none_of(int(not right), f"centroids are {found.dtype} {found.shape}, expected float32 (K, 64)")


@CHECKS.add("centroid-count")
def centroid_count(data: PrimitiveData, limits: PrimitiveLimits) -> Outcome:
    """Too few primitives blur the strokes, too many do not fit the networks' vocabulary."""
    return within(len(data.centroids_K64), limits.min_centroids, limits.max_centroids)


@CHECKS.add("centroids-finite")
def centroids_finite(data: PrimitiveData, limits: PrimitiveLimits) -> Outcome:
    """A centroid is a mean of cells: each of its pixels is a number between 0 and 1."""
    inside_K64 = (data.centroids_K64 >= 0) & (data.centroids_K64 <= 1)
    bad: NDArray[np.bool_] = ~np.all(inside_K64, axis=1)
    table = pd.DataFrame({"primitive": np.arange(1, len(bad) + 1), "lowest": data.centroids_K64.min(axis=1)})
    return none_of(int(bad.sum()), "centroids with pixels outside 0 … 1", first_rows(table, bad, "primitive", "lowest"))


@CHECKS.add("centroids-distinct")
def centroids_distinct(data: PrimitiveData, limits: PrimitiveLimits) -> Outcome:
    """Two equal centroids are one primitive with two names."""
    _, first_seen = np.unique(data.centroids_K64, axis=0, return_index=True)
    twin = np.ones(len(data.centroids_K64), bool)
    twin[first_seen] = False
    table = pd.DataFrame({"primitive": np.arange(1, len(twin) + 1)})
    return none_of(int(twin.sum()), "centroids equal to an earlier one", first_rows(table, twin, "primitive"))


@CHECKS.add("grid-form")
def grid_form(data: PrimitiveData, limits: PrimitiveLimits) -> Outcome:
    """One 16×16 grid of uint16 for every picture, in the order of the index."""
    return grids_have_form(data.grids_NRC, data.inked_NRC.shape)


@CHECKS.add("ids-in-range")
def ids_in_range(data: PrimitiveData, limits: PrimitiveLimits) -> Outcome:
    """An id beyond the last centroid stands for nothing."""
    beyond: NDArray[np.bool_] = np.any(data.grids_NRC > len(data.centroids_K64), axis=(1, 2))
    rows = first_rows(data.samples.index, beyond, *KEY)
    return none_of(int(beyond.sum()), f"pictures with an id above {len(data.centroids_K64)}", rows)


@CHECKS.add("empties")
def empties(data: PrimitiveData, limits: PrimitiveLimits) -> Outcome:
    """Id 0 is the cell without ink and no other: the diacritics' empty margin depends on it."""
    differs: NDArray[np.bool_] = np.any((data.grids_NRC != 0) != data.inked_NRC, axis=(1, 2))
    return none_of(
        int(differs.sum()), "pictures where 0 and ink disagree", first_rows(data.samples.index, differs, *KEY)
    )


@CHECKS.add("empty-share")
def empty_share(data: PrimitiveData, limits: PrimitiveLimits) -> Outcome:
    """About two thirds of the cells of Arabic glyphs are empty; far from it, the pictures are wrong."""
    return within(float((~data.inked_NRC).mean()), limits.min_empty_share, limits.max_empty_share, "of all cells")


@CHECKS.add("used-share")
def used_share(data: PrimitiveData, limits: PrimitiveLimits) -> Outcome:
    """A primitive that no glyph uses is a class that is never trained."""
    used = data.usage_K > 0
    table = pd.DataFrame({"primitive": np.arange(1, len(used) + 1), "cells": data.usage_K})
    rows = first_rows(table, ~used, "primitive", "cells")
    return at_least(float(used.mean()), limits.min_used_share, "share of primitives that occur", rows)


@CHECKS.add("top-share")
def top_share(data: PrimitiveData, limits: PrimitiveLimits) -> Outcome:
    """One primitive for everything is no alphabet: the histogram must not be hyper-skewed."""
    share = float(data.usage_K.max() / max(1, data.usage_K.sum()))
    row = {"primitive": int(data.usage_K.argmax()) + 1, "cells": int(data.usage_K.max())}
    return at_most(share, limits.max_top_share, "share of the commonest id among non-empty cells", [row])


@CHECKS.add("nearest")
def nearest(data: PrimitiveData, limits: PrimitiveLimits) -> Outcome:
    """Assignment is exact: no other centroid may be nearer to a cell than its own."""
    cells_M64, ids_M, rows_M = data.sample_cells(limits.checked_rows)
    centroids_K64 = data.centroids_K64.astype(np.float32)
    half_norm_K = np.square(centroids_K64).sum(axis=1) / 2
    excess_M = np.empty(len(ids_M), np.float32)
    for start in range(0, len(ids_M), 4096):
        part = slice(start, start + 4096)
        distance = half_norm_K - cells_M64[part] @ centroids_K64.T
        excess_M[part] = 2 * (distance[np.arange(len(distance)), ids_M[part] - 1] - distance.min(axis=1))
    wrong = np.unique(rows_M[excess_M > DISTANCE_TOLERANCE])
    mask = np.isin(np.arange(len(data.samples)), wrong)
    message = f"of {len(data.sample_rows(limits.checked_rows))} sampled pictures have a cell with a nearer centroid"
    return none_of(len(wrong), message, first_rows(data.samples.index, mask, *KEY))


@CHECKS.add("bit-error")
def bit_error(data: PrimitiveData, limits: PrimitiveLimits) -> Outcome:
    """A primitive must look like the cells that it stands for: share of wrong pixels in inked cells."""
    cells_M64, ids_M, _ = data.sample_cells(limits.checked_rows)
    wrong = (cells_M64 > 0) != (data.centroids_K64[ids_M - 1] >= 0.5)
    return at_most(float(wrong.mean()), limits.max_bit_error, "on the sampled pictures")


def inked_cells(packed_NHB: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(N, R, C) whether a cell holds any ink, from the packed pixels: a byte is one row of a cell."""
    count, height_px, row_bytes = packed_NHB.shape
    inked_NRC: NDArray[np.bool_] = np.any(packed_NHB.reshape(count, height_px // CELL_PX, CELL_PX, row_bytes), axis=2)
    return inked_NRC


def grids_have_form(grids: NDArray[Any], expected: tuple[int, ...]) -> Outcome:
    """uint16 of the expected shape."""
    right = grids.shape == expected and grids.dtype == np.uint16
    return none_of(int(not right), f"grids are {grids.dtype} {grids.shape}, expected uint16 {expected}")


GATE: Gate[PrimitivePaths, PrimitiveData, PrimitiveLimits] = Gate(
    name="primitives",
    purpose="Between the visual alphabet and the networks that read it.",
    paths=PrimitivePaths,
    limits=PrimitiveLimits,
    open=PrimitiveData.open,
    checks=CHECKS.entries,
    count_rows=lambda data: len(data.grids_NRC),
)
