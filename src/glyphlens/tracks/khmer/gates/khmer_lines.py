"""gate_khmer_lines: pictures of lines show all of their text, wide enough to be read, in fonts of one split each.

N lines · H×W pixels
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from glyphlens.core.errors import InputError
from glyphlens.core.params import Section
from glyphlens.core.storage import load_table
from glyphlens.data.sample_set import SPLITS, SampleSet
from glyphlens.gates.check import SHOWN_ROWS, Checks, Outcome, Row, at_least, at_most, first_rows, none_of
from glyphlens.gates.expectations import TableSuite, between, matches, one_of, unique
from glyphlens.gates.run import Gate
from glyphlens.gates.suites import sample_set
from glyphlens.gates.suites.sample_set import read_manifest
from glyphlens.tracks.khmer.drawing.faces import LATIN
from glyphlens.tracks.khmer.drawing.line_set import AUDIT, AUDIT_COLUMNS, SPLITS_FILE
from glyphlens.tracks.khmer.drawing.setting import STYLES
from glyphlens.tracks.khmer.drawing.wear import SLICES

INK_LEVEL = 128
FULL_EDGE = 0.4  # of an outermost column's pixels: a letter that is cut through has as much


class KhmerLineLimits(Section):
    """Section ``gates.khmer_lines`` of params.yaml."""

    min_lines: int = Field(ge=1)
    min_families: int = Field(ge=3)
    min_split_share: float = Field(ge=0, le=1)
    max_split_share: float = Field(ge=0, le=1)
    stride_px: int = Field(ge=1)
    min_frames_per_character: float = Field(gt=0)
    max_narrow_share: float = Field(ge=0, le=1)
    min_ink_share: float = Field(ge=0, lt=1)
    max_ink_share: float = Field(gt=0, le=1)
    max_outside_share: float = Field(ge=0, le=1)
    max_missing_share: float = Field(ge=0, le=1)
    min_slice_share: float = Field(ge=0, le=1)
    max_edge_share: float = Field(ge=0, le=1)


class KhmerLinePaths(NamedTuple):
    """The folder that the stage khmer_lines wrote."""

    lines: Path


@dataclass(frozen=True)
class KhmerLineData:
    """The sample set, its audit, and the families of each split by splits.json."""

    samples: SampleSet
    audit: pd.DataFrame
    manifest: Mapping[str, Sequence[str]]

    @classmethod
    def open(cls, paths: KhmerLinePaths, limits: KhmerLineLimits) -> "KhmerLineData":
        """Read the folder; raises InputError where a file is missing or of another form."""
        audit = load_table(paths.lines / AUDIT)
        if list(audit.columns) != list(AUDIT_COLUMNS):
            raise InputError(f"{paths.lines / AUDIT}: expected the columns {', '.join(AUDIT_COLUMNS)}")
        return cls(SampleSet.open(paths.lines), audit, read_manifest(paths.lines / SPLITS_FILE))

    @property
    def offsets_M(self) -> NDArray[np.int64]:
        """(N + 1,) where pictures are cut; raises InputError where they have one width."""
        if self.samples.offsets_M is None:
            raise InputError(f"{self.samples.folder}: lines of one width, expected any")
        return self.samples.offsets_M

    @cached_property
    def ink_N(self) -> NDArray[np.float64]:
        """(N,) share of each picture's pixels that are ink."""
        pictures = (self.samples.pixels[begin:end] for begin, end in pairwise(self.offsets_M))
        return np.array([(picture >= INK_LEVEL).mean() for picture in pictures])

    @cached_property
    def edges_N(self) -> NDArray[np.float64]:
        """(N,) share of ink in the fuller one of each picture's outermost columns."""
        height, widths_N = self.samples.image.height_px, self.samples.widths_N
        firsts = self.offsets_M[:-1, None] + np.arange(height) * widths_N[:, None]
        sides = (self.samples.pixels[places] >= INK_LEVEL for places in (firsts, firsts + widths_N[:, None] - 1))
        left_N, right_N = (side.mean(axis=1) for side in sides)
        return np.asarray(np.maximum(left_N, right_N))


def index_tables(data: KhmerLineData, limits: KhmerLineLimits) -> Sequence[TableSuite]:
    """What is expected of every row of the index."""
    expectations = (
        unique("sample-once", ["sample_id"], "The sample id names one row."),
        between("sample-range", "sample_id", 0, len(data.samples) - 1, "The sample id is the number of a row."),
        one_of("split-known", "split", list(SPLITS), "A split of another name is used by nobody."),
        one_of("slice-known", "slice", list(SLICES), "Results are told apart by slice."),
        one_of("style-known", "style", list(STYLES), "… and by style."),
        matches("group-named", "group", r"\S", "A row without a family cannot be kept to one side."),
    )
    return [TableSuite("index", data.samples.index, ("sample_id", "text"), expectations)]


CHECKS: Checks[KhmerLineData, KhmerLineLimits] = Checks()


@CHECKS.add("enough-lines")
def enough_lines(data: KhmerLineData, limits: KhmerLineLimits) -> Outcome:
    """With few lines a recogniser learns these by heart."""
    return at_least(len(data.samples), limits.min_lines, "lines")


@CHECKS.add("enough-families")
def enough_families(data: KhmerLineData, limits: KhmerLineLimits) -> Outcome:
    """Reading unknown fonts is learnt from many known ones."""
    return at_least(data.samples.index["group"].nunique(), limits.min_families, "families of fonts")


@CHECKS.add("families-disjoint")
def font_families_disjoint(data: KhmerLineData, limits: KhmerLineLimits) -> Outcome:
    """A font that was learnt tests nothing: a family is wholly on one side."""
    return sample_set.groups_disjoint(data.samples.index, many="families")


@CHECKS.add("texts-disjoint")
def line_texts_disjoint(data: KhmerLineData, limits: KhmerLineLimits) -> Outcome:
    """A test line whose text was learnt tests the memory, not the reading."""
    index = data.samples.index
    known = index["text"].isin(set(index.loc[index["split"] == "train", "text"])) & (index["split"] != "train")
    return none_of(int(known.sum()), "held-out texts that training has", first_rows(index, known, "sample_id", "text"))


@CHECKS.add("manifest")
def families_listed(data: KhmerLineData, limits: KhmerLineLimits) -> Outcome:
    """splits.json is what people read and reuse: it must say what the index does."""
    index = data.samples.index
    listed = {
        (split, name.split("/")[-1])
        for split, names in data.manifest.items()
        for name in names
        if not name.startswith(f"{LATIN}/")
    }
    right = np.array([pair in listed for pair in zip(index["split"], index["group"], strict=True)])
    return none_of(int((~right).sum()), "rows that splits.json denies", first_rows(index, ~right, "sample_id", "group"))


@CHECKS.add("split-shares")
def family_shares(data: KhmerLineData, limits: KhmerLineLimits) -> Outcome:
    """With few families a rank of hashes can starve a split."""
    families = data.samples.index.groupby("split")["group"].nunique()
    shares = {split: families.get(split, 0) / max(1, families.sum()) for split in SPLITS[1:]}
    bad = [{"split": name, "share": share} for name, share in shares.items() if not _within(share, limits)]
    limit = "splits with too few or too many families"
    return none_of(len(bad), limit, bad)


@CHECKS.add("wide-enough")
def wide_enough(data: KhmerLineData, limits: KhmerLineLimits) -> Outcome:
    """CTC writes one character per frame at most, with a frame between equal ones: no squeezed line can be read."""
    characters = data.samples.index["text"].map(len)
    frames = data.samples.widths_N / limits.stride_px
    narrow = frames < limits.min_frames_per_character * characters
    rows = first_rows(data.samples.index, narrow, "sample_id", "text", "font")
    return at_most(float(narrow.mean()), limits.max_narrow_share, f"share of lines; {narrow.sum()} of them", rows)


@CHECKS.add("inked")
def inked(data: KhmerLineData, limits: KhmerLineLimits) -> Outcome:
    """A line without ink, or nothing but ink, teaches nothing."""
    outside = (data.ink_N < limits.min_ink_share) | (data.ink_N > limits.max_ink_share)
    rows = first_rows(data.samples.index.assign(ink=data.ink_N), outside, "sample_id", "text", "slice", "ink")
    return at_most(float(outside.mean()), limits.max_outside_share, f"share of lines; {outside.sum()} of them", rows)


@CHECKS.add("not-cut")
def not_cut(data: KhmerLineData, limits: KhmerLineLimits) -> Outcome:
    """A line whose outermost column is full of ink goes on beyond the picture."""
    clean = (data.samples.index["slice"] == "clean").to_numpy()
    cut = clean & (data.edges_N > FULL_EDGE)
    rows = first_rows(data.samples.index, cut, "sample_id", "text", "font")
    return at_most(float(cut.sum() / max(1, clean.sum())), limits.max_edge_share, "share of clean lines", rows)


@CHECKS.add("fonts-draw")
def fonts_draw(data: KhmerLineData, limits: KhmerLineLimits) -> Outcome:
    """A text that no font of its split can draw is missing; fonts that cannot draw one are named in audit.parquet."""
    missing = sorted(set(data.audit["text"]) - set(data.samples.index["text"]))
    share = len(missing) / max(1, len(missing) + len(data.samples))
    rows: list[Row] = [{"text": text} for text in missing[:SHOWN_ROWS]]
    return at_most(share, limits.max_missing_share, f"share of texts; {len(missing)} of them", rows)


@CHECKS.add("slices-tested")
def slices_tested(data: KhmerLineData, limits: KhmerLineLimits) -> Outcome:
    """What a reader will meet is measured slice by slice, each on enough lines."""
    index = data.samples.index
    shares = index.loc[index["split"] == "test", "slice"].value_counts(normalize=True)
    few: list[Row] = [
        {"slice": name, "share": float(shares.get(name, 0))}
        for name in SLICES
        if shares.get(name, 0) < limits.min_slice_share
    ]
    return none_of(len(few), f"slices with less than {limits.min_slice_share} of the test", few)


def _within(share: float, limits: KhmerLineLimits) -> bool:
    return limits.min_split_share <= share <= limits.max_split_share


GATE: Gate[KhmerLinePaths, KhmerLineData, KhmerLineLimits] = Gate(
    name="khmer_lines",
    purpose="Between the pictures of lines and everything that learns to read them.",
    paths=KhmerLinePaths,
    limits=KhmerLineLimits,
    open=KhmerLineData.open,
    checks=CHECKS.entries,
    count_rows=lambda data: len(data.samples),
    tables=index_tables,
)
