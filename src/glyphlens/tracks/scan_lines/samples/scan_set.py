"""A sample set whose pictures are read line by line, and which knows the lines that are missing.

``missing.npy`` stands beside the files of a sample set: (N, L) bool, true where a scan has no such line. So does
``preparation.json`` where pictures were prepared as handwriting before they became lines: the rule. Where the lines
are the user's own, ``spans.npy`` (N, L) float32 says how wide each is, 0 to 255; its pixels are shares of that.

N scans · n of them · L lines (the picture's height) · S samples of a line (its width)
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_array, load_json, save_array, save_table, writing
from glyphlens.data.pictures import CHUNK
from glyphlens.data.sample_set import CharacterClass, ImageFormat, SampleSet, save_classes
from glyphlens.tracks.scan_lines.samples.resampling import LEVELS, line_values

MISSING = "missing.npy"
SPANS = "spans.npy"
PREPARATION = "preparation.json"


@dataclass(frozen=True)
class ScanSet:
    """A sample set of 8 bits with ``missing_NL`` (N, L) bool, and ``spans_NL`` where pixels are shares of their line's
    span; pixels stay on disk until rows are asked for."""

    samples: SampleSet
    missing_NL: NDArray[np.bool_]
    spans_NL: NDArray[np.float32] | None = None

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
        return cls(samples, missing_NL, _spans(folder / SPANS, expected))

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def shape_LS(self) -> tuple[int, int]:
        """Lines of a scan, samples of a line."""
        return self.samples.image.height_px, self.samples.image.width_px

    @property
    def preparation(self) -> dict[str, Any]:
        """The rule by which pictures of handwriting became those of the set; empty where they are taken as they are."""
        file = self.samples.folder / PREPARATION
        return dict(load_json(file)) if file.is_file() else {}

    @cached_property
    def groups(self) -> NDArray[np.object_]:
        """(N,) the group of every scan, as text."""
        return self.samples.index["group"].to_numpy(object)

    def lines(self, rows: NDArray[np.int64] | slice) -> NDArray[np.float32]:
        """(n, L, S) float32 of these rows, 0 to 255, NaN throughout a missing line."""
        spans_nL = None if self.spans_NL is None else self.spans_NL[rows]
        return line_values(self.samples.images(rows), self.missing_NL[rows], spans_nL)


def _spans(path: Path, shape: tuple[int, int]) -> NDArray[np.float32] | None:
    if not path.is_file():
        return None
    spans_NL = load_array(path)
    if spans_NL.shape != shape or spans_NL.dtype != np.float32 or not ((spans_NL >= 0) & (spans_NL <= LEVELS)).all():
        found = f"{spans_NL.shape} {spans_NL.dtype}"
        raise InputError(f"{path}: {found}, expected {shape} float32 of 0 … {LEVELS}; run `dvc repro` again")
    return spans_NL


class ScanTable(NamedTuple):
    """What a scan set holds beside its pictures: the index, the classes in their order, the missing lines (N, L), and
    the spans of the lines where the pictures are shares of them."""

    table: pd.DataFrame
    classes: list[CharacterClass]
    missing_NL: NDArray[np.bool_]
    spans_NL: NDArray[np.float32] | None = None


class LinePictures(Protocol):
    """Pictures of L lines that can be had by their numbers: in memory, or made when asked for."""

    def images(self, numbers_n: NDArray[np.int64]) -> NDArray[np.uint8]:
        """(n, L, S) uint8."""
        ...


def save_scan_set(
    folder: Path, pictures: LinePictures, numbers_N: NDArray[np.int64], scans: ScanTable, shape_LS: tuple[int, int]
) -> None:
    """Write these pictures, in chunks, so that memory does not grow with their number, and what is known of them."""
    save_table(folder / "index.parquet", scans.table)
    save_classes(folder, scans.classes, ImageFormat(*shape_LS, 8))
    save_array(folder / MISSING, scans.missing_NL)
    if scans.spans_NL is None:
        (folder / SPANS).unlink(missing_ok=True)  # of another source, written here before
    else:
        save_array(folder / SPANS, scans.spans_NL)
    with writing(folder / "pixels.npy") as partial, partial.open("wb") as stream:
        header = {"descr": "|u1", "fortran_order": False, "shape": (len(numbers_N), *shape_LS)}
        np.lib.format.write_array_header_1_0(stream, header)
        for start in range(0, len(numbers_N), CHUNK):
            stream.write(pictures.images(numbers_N[start : start + CHUNK]).tobytes())
