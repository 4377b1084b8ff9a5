"""A sample set whose pictures are read line by line, and which knows the lines that are missing.

``missing.npy`` stands beside the files of a sample set: (N, L) bool, true where a scan has no such line.

N scans · n of them · L lines (the picture's height) · S samples of a line (its width)
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_array
from glyphlens.data.sample_set import SampleSet

MISSING = "missing.npy"


@dataclass(frozen=True)
class ScanSet:
    """A sample set of 8 bits with ``missing_NL`` (N, L) bool; pixels stay on disk until rows are asked for."""

    samples: SampleSet
    missing_NL: NDArray[np.bool_]

    @classmethod
    def open(cls, folder: Path) -> "ScanSet":
        """Open and cross-check the files; raises InputError naming the file that does not fit."""
        samples = SampleSet.open(folder)
        if samples.image.bits != 8 or samples.offsets_M is not None:
            raise InputError(f"{folder / 'classes.json'}: scans have 8 bits and one width, found {samples.image}")
        missing_NL = load_array(folder / MISSING)
        expected = (len(samples), samples.image.height_px)
        if missing_NL.shape != expected or missing_NL.dtype != np.bool_:
            raise InputError(
                f"{folder / MISSING}: {missing_NL.shape} {missing_NL.dtype}, expected {expected} bool; "
                "run `dvc repro` again"
            )
        return cls(samples, missing_NL)

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def shape_LS(self) -> tuple[int, int]:
        """Lines of a scan, samples of a line."""
        return self.samples.image.height_px, self.samples.image.width_px

    @cached_property
    def groups(self) -> NDArray[np.object_]:
        """(N,) the group of every scan, as text."""
        return self.samples.index["group"].to_numpy(object)

    def lines(self, rows: NDArray[np.int64] | slice) -> NDArray[np.float32]:
        """(n, L, S) float32 of these rows, 0 to 255 as stored, NaN throughout a missing line."""
        lines_nLS = self.samples.images(rows).astype(np.float32)
        lines_nLS[self.missing_NL[rows]] = np.nan
        return lines_nLS
