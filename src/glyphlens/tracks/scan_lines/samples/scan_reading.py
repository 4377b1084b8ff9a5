"""A file of the user's → a scan in the unit in which it was stored; values that are not there are NaN.

H lines · W samples of a line · N scans · L×S of what is stored
"""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any
from zipfile import ZipFile, is_zipfile

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from PIL.TiffImagePlugin import IMAGELENGTH, IMAGEWIDTH

from glyphlens.core.arrays import BROKEN_ARRAYS
from glyphlens.core.errors import InputError
from glyphlens.core.file_names import shown
from glyphlens.data.sample_set import CharacterClass
from glyphlens.tracks.scan_lines.samples.resampling import StoredLines, resampled_scan
from glyphlens.tracks.scan_lines.samples.scan_files import ARCHIVE_SUFFIX, ARRAY_SUFFIXES, ScanFile, find_scans
from glyphlens.tracks.scan_lines.samples.scan_params import ScanSampleParams
from glyphlens.tracks.scan_lines.samples.sources import MISSING_LINES, SCAN, SCANNED_COLUMNS, ScanAudit, Scanned
from glyphlens.tracks.scan_lines.samples.wide_pictures import Tags, has_channels, is_cut, tiff_tags, whole_numbers

FORMATS = ("PNG", "TIFF")
MAX_PIXELS = 64_000_000  # of a scan: 8,000 × 8,000
WIDEST_BYTES, HEADER_BYTES = 16, 128  # of a number, and before the first, in an array file
FEWEST = 2  # lines, and samples of each
OPAQUE = 255
SHAPE = "a file is one scan, (lines, samples), the first line first; store each picture or channel as a file of its own"


class ScanFault(Exception):
    """Why a file is no scan that could be used; the message is the audit's ``detail``."""


@dataclass(frozen=True)
class ScannedFiles:
    """The lines of all files that could be read."""

    lines_NLS: NDArray[np.uint8]

    def images(self, numbers_n: NDArray[np.int64]) -> NDArray[np.uint8]:
        """(n, L, S) uint8, each line between its smallest and its largest value."""
        return self.lines_NLS[numbers_n]


def read_scans(folder: Path, params: ScanSampleParams) -> Scanned:
    """Every scan below the folder, resampled; files that cannot be used and missing lines are in the audit.

    Raises InputError for a layout, or a file of several pictures, that leaves open what is meant, and where no file
    can be used.
    """
    found = find_scans(folder)
    audit, kept = list(found.audit), list[tuple[ScanFile, StoredLines]]()
    for file in found.files:
        try:
            values_HW = read_scan(file.path)
            stored = resampled_scan(values_HW, params.lines, params.samples)
            require_contrast(stored)
        except ScanFault as fault:
            audit.append(ScanAudit(file.name, "no scan", file.label, detail=str(fault)))
            continue
        if stored.missing_L.any():
            audit.append(_missing(file, values_HW, stored.missing_L))
        kept.append((file, stored))
    if not kept:
        last = audit[-1]
        raise InputError(
            f"{folder}: none of its {len(found.files)} files can be used, such as {last.file}: {last.detail}"
        )
    rows = [(file.label, file.group, SCAN, file.name, -1) for file, _ in kept]
    classes = {file.label: CharacterClass(file.label, members=(file.label,)) for file, _ in kept}
    table = pd.DataFrame(rows, columns=list(SCANNED_COLUMNS))
    levels_NLS, missing_NL, spans_NL = (np.stack(parts) for parts in zip(*(stored for _, stored in kept), strict=True))
    return Scanned(table, ScannedFiles(levels_NLS), missing_NL, classes, audit, spans_NL=spans_NL)


def read_scan(path: Path) -> NDArray[np.float64]:
    """(H, W) float64 of an array of numbers (``.npy``, or the only one of a ``.npz``), or of a PNG or TIFF picture of 1
    to 64 bits or of floats.

    Colours become luminance. A pixel that is not opaque has no value and is NaN. Raises ScanFault where the file cannot
    be read or is too small or too large, InputError where it holds more than one scan.
    """
    values_HW = _array(path) if path.suffix.lower() in ARRAY_SUFFIXES else _picture(path)
    if min(values_HW.shape) < FEWEST:
        raise ScanFault(f"{values_HW.shape[0]} lines of {values_HW.shape[1]} samples, at least {FEWEST} of {FEWEST}")
    return values_HW


def line_ranges(numbers: Iterable[int]) -> str:
    """Ascending numbers as people write them.

    >>> line_ranges([3, 4, 5, 9])
    '3-5, 9'
    """
    runs = [[number for _, number in run] for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])]
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _array(path: Path) -> NDArray[np.float64]:
    try:
        is_archive = path.suffix.lower() == ARCHIVE_SUFFIX or is_zipfile(path)
        stored = _only_member(path) if is_archive else np.load(path, mmap_mode="r", allow_pickle=False)
    except BROKEN_ARRAYS as error:
        raise ScanFault(f"not a readable {path.suffix.lower()} array ({error})") from error
    if stored.ndim != len(("lines", "samples")):
        raise InputError(f"{shown(path)}: an array of shape {stored.shape}; {SHAPE}")
    if not (
        np.issubdtype(stored.dtype, np.floating) or np.issubdtype(stored.dtype, np.integer) or stored.dtype == bool
    ):
        raise ScanFault(f"values of type {stored.dtype}, expected whole numbers or floats")
    _require_pixels(*stored.shape)
    return np.array(stored, np.float64)


def _only_member(path: Path) -> NDArray[Any]:
    """The one array of an archive; its size is looked at before it is unpacked."""
    with ZipFile(path) as archive:
        names = [entry.filename.removesuffix(".npy") for entry in archive.infolist()]
        if len(names) != 1:
            raise InputError(
                f"{shown(path)}: {len(names)} arrays in one file ({', '.join(map(shown, names))}); {SHAPE}"
            )
        if (size := archive.infolist()[0].file_size) > MAX_PIXELS * WIDEST_BYTES + HEADER_BYTES:
            raise ScanFault(f"{size:,} bytes, more than {MAX_PIXELS:,} values")
        with archive.open(archive.infolist()[0]) as stream:
            member: NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
            return member


def _picture(path: Path) -> NDArray[np.float64]:
    try:
        with warnings.catch_warnings(), path.open("rb") as file:
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(file, formats=FORMATS)
            if (count := getattr(image, "n_frames", 1)) > 1:
                raise InputError(f"{shown(path)}: {count} pictures in one file; {SHAPE}")
            tags = getattr(image, "tag_v2", {})
            _require_one_channel(path, tags)
            _require_pixels(image.height, image.width)
            return whole_numbers(file, tags) if is_cut(image, tags) else _values(image)
    except (InputError, ScanFault):
        raise
    except UnidentifiedImageError:
        return _wide_tiff(path)
    except Exception as error:  # decoders answer to damaged files with errors of every kind
        raise ScanFault(f"not a readable PNG or TIFF picture ({error})") from error


def _wide_tiff(path: Path) -> NDArray[np.float64]:
    """A TIFF picture of 64 bits, which Pillow does not know; whatever else it does not know is no scan."""
    try:
        with path.open("rb") as file:
            tags = tiff_tags(file)
            if tags.next:
                raise InputError(f"{shown(path)}: several pictures in one file; {SHAPE}")
            _require_one_channel(path, tags)
            _require_pixels(tags[IMAGELENGTH], tags[IMAGEWIDTH])
            return whole_numbers(file, tags)
    except (InputError, ScanFault):
        raise
    except Exception as error:  # as above
        raise ScanFault(f"not a readable PNG or TIFF picture, or a damaged one ({error})") from error


def _values(image: Image.Image) -> NDArray[np.float64]:
    """Luminance of what has colours, the stored number of all else; NaN where it is not opaque."""
    if image.mode.startswith("I") or image.mode == "F":
        return np.asarray(image).astype(np.float64)
    if not image.has_transparency_data:
        return np.asarray(image.convert("L"), np.float64)
    coloured = image.convert("RGBA")
    opaque_HW = np.asarray(coloured.getchannel("A")) == OPAQUE
    return np.where(opaque_HW, np.asarray(coloured.convert("L"), np.float64), np.nan)


def _require_one_channel(path: Path, tags: Tags) -> None:
    if has_channels(tags):
        raise InputError(f"{shown(path)}: several channels in one file; {SHAPE}")


def _require_pixels(height: int, width: int) -> None:
    if height * width > MAX_PIXELS:
        raise ScanFault(f"{height:,} × {width:,} values, at most {MAX_PIXELS:,} are read")


def require_contrast(stored: StoredLines) -> None:
    """Raise ScanFault where there is nothing to read: every line is missing, or none has two different values."""
    if stored.missing_L.all():
        raise ScanFault("every line has values that are no numbers, or pixels that are not opaque")
    if not stored.levels_LS.any():
        raise ScanFault("no line has two different values")


def _missing(file: ScanFile, values_HW: NDArray[np.float64], missing_L: NDArray[np.bool_]) -> ScanAudit:
    unknown = np.flatnonzero(~np.isfinite(values_HW).all(axis=1))
    detail = f"of the file's {len(values_HW)} lines: {line_ranges(unknown.tolist())}"
    missing = np.flatnonzero(missing_L).tolist()
    return ScanAudit(file.name, MISSING_LINES, file.label, line_ranges(missing), len(missing), detail)
