"""What is scanned: pictures of a sample set of characters as they are, or files of the user's own.

N scans · L lines · S samples of a line
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.core.file_names import shown
from glyphlens.data.sample_set import CharacterClass, SampleSet
from glyphlens.tracks.scan_lines.samples.resampling import resampled_levels
from glyphlens.tracks.scan_lines.samples.scan_params import ScanSampleParams
from glyphlens.tracks.scan_lines.samples.scan_set import LinePictures

SCANNED_COLUMNS = ("label", "group", "source", "file", "record")
SCAN_AUDIT_COLUMNS = ("file", "label", "reason", "lines", "count", "detail")
RENDERED, GLYPH, SCAN = "rendered", "glyph", "scan"
MISSING_LINES = "missing lines"  # the reason in the audit of scans that are used all the same
SCAN_SOURCES = (RENDERED, "etl", GLYPH, SCAN)
FONT = "font/"


@dataclass(frozen=True)
class ScanAudit:
    """What was left out or masked: ``lines`` are those of the scan that are missing, ``count`` how many of what."""

    file: str
    reason: str
    label: str = ""
    lines: str = ""
    count: int = 1
    detail: str = ""


class Scanned(NamedTuple):
    """``table`` has SCANNED_COLUMNS; ``classes`` what is known of each label; ``missing_NL`` bool.

    ``calibrating``: groups that are not split but calibrate the stopping rule and do nothing else. ``spans_NL``: how
    wide each line is, where the pictures are shares of that.
    """

    table: pd.DataFrame
    pictures: LinePictures
    missing_NL: NDArray[np.bool_]
    classes: Mapping[str, CharacterClass]
    audit: list[ScanAudit]
    calibrating: frozenset[str] = frozenset()
    spans_NL: NDArray[np.float32] | None = None


def scan_audit_frame(rows: Iterable[ScanAudit]) -> pd.DataFrame:
    """The rows as a table with SCAN_AUDIT_COLUMNS, in their order; file names as every table can hold them."""
    table = pd.DataFrame([asdict(row) for row in rows], columns=list(SCAN_AUDIT_COLUMNS))
    return table.assign(file=table["file"].map(shown), detail=table["detail"].map(shown))


@dataclass(frozen=True)
class CharacterLines:
    """The pictures of these rows of a sample set, each row of pixels a line."""

    samples: SampleSet
    rows_N: NDArray[np.int64]
    shape_LS: tuple[int, int]

    def images(self, numbers_n: NDArray[np.int64]) -> NDArray[np.uint8]:
        """(n, L, S) uint8, 255 is ink."""
        return resampled_levels(self.samples.images(self.rows_N[numbers_n]), *self.shape_LS)


def scanned_characters(samples: SampleSet, params: ScanSampleParams) -> Scanned:
    """The rows of a sample set whose character's name begins as ``labels`` say.

    Raises InputError where there is none.
    """
    chosen = {entry.label: entry for entry in samples.classes if _is_wanted(entry, params.labels)}
    is_chosen = samples.index["label"].isin(list(chosen))
    is_kept = samples.index.groupby(["label", "group"], observed=True).cumcount() < params.copies
    rows_N = np.flatnonzero((is_chosen & is_kept).to_numpy())
    if not len(rows_N):
        raise InputError(
            f"{samples.folder}: none of its {len(samples.classes)} classes is named {' or '.join(params.labels)}…; "
            "set scan_samples.labels in params.yaml to the beginnings of Unicode names (HIRAGANA), or to [] for all"
        )
    index = samples.index.iloc[rows_N].reset_index(drop=True)
    table = pd.DataFrame({name: index[name] for name in ("label", "group", "source")})
    if params.source == "arabic":
        table = table.assign(group=FONT + table["group"], source=GLYPH)
    table = table.assign(file=index.get("file", ""), record=rows_N)
    pictures = CharacterLines(samples, rows_N, (params.lines, params.samples))
    return Scanned(table, pictures, np.zeros((len(rows_N), params.lines), np.bool_), chosen, [])


def _is_wanted(entry: CharacterClass, beginnings: Sequence[str]) -> bool:
    """Whether the name of the class's first character is one of those that are asked for."""
    if not beginnings:
        return True
    code_point = entry.code_points[0].removeprefix("U+") if entry.code_points else ""
    return bool(code_point) and unicodedata.name(chr(int(code_point, 16)), "").startswith(tuple(beginnings))
