"""gate_rasters: pictures, splits and classes are what every later stage takes them for.

N images · H×W pixels · B = W/8 bytes a row of packed pixels
"""

from collections.abc import Sequence
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
from glyphlens.data.sample_set import SampleSet
from glyphlens.gates.check import Checks, Outcome, Row, Verdict, at_least, at_most, first_rows, none_of
from glyphlens.gates.expectations import TableSuite, between, greater, matches, one_of, unique
from glyphlens.gates.run import Gate
from glyphlens.gates.suites import sample_set
from glyphlens.gates.suites.sample_set import EXCLUDED, HELD_OUT, KEY, ink_bounds, read_manifest
from glyphlens.tracks.arabic.gates.glyphs import labels_once

DIACRITIC_PX, MAIN_PX = 64, 128  # docs/SPEC.md#diacritics
SHARE_TOLERANCE = 1e-4
HASH = r"^[0-9a-f]{16,64}$"
EM_SIDES = ("em_left", "em_right", "em_bottom", "em_top", "em_advance", "em_major")


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


class RasterPaths(NamedTuple):
    """The folder that the stage rasters wrote."""

    rasters: Path


@dataclass(frozen=True)
class RasterData:
    """The sample set, the manifest {split: families} and the glyphs that gave no picture."""

    samples: SampleSet
    manifest: dict[str, list[str]]
    audit: pd.DataFrame

    @classmethod
    def open(cls, paths: RasterPaths, limits: RasterLimits) -> "RasterData":
        """Raises InputError where a file is missing, broken or does not fit the others."""
        folder = paths.rasters
        samples = SampleSet.open(folder)
        if samples.image.bits != 1:
            raise InputError(f"{folder / 'classes.json'}: {samples.image.bits} bits a pixel, glyph rasters have 1")
        manifest = read_manifest(folder / "splits.json")
        return cls(samples, manifest, load_table(folder / "audit.parquet"))

    @cached_property
    def facts(self) -> pd.DataFrame:
        """Key columns of the index beside what ``measure_pixels`` finds."""
        index = self.samples.index
        measured = measure_pixels(np.asarray(self.samples.pixels))
        return pd.concat([index.reset_index(drop=True), measured.add_prefix("measured_")], axis=1)


def measure_pixels(packed_NHB: NDArray[np.uint8]) -> pd.DataFrame:
    """Of packed images (N, H, W/8): ``ink_share``; ``top``, ``left``, ``bottom``, ``right`` of the ink, half-open, px.

    ``offset_px`` is the larger of top and left; ``major_px`` the longer side of the ink itself, so that a misplaced
    glyph is not also called misscaled. Of a blank image all are 0.
    """
    _, height_px, row_bytes = packed_NHB.shape
    ink_N = np.array([np.bitwise_count(image).sum() for image in packed_NHB], np.int64)
    rows_NH: NDArray[np.bool_] = np.any(packed_NHB, axis=2)
    columns_NW = np.unpackbits(np.bitwise_or.reduce(packed_NHB, axis=1), axis=1).astype(bool)
    bounds = ink_bounds(rows_NH, columns_NW)
    offset_N = np.maximum(bounds["top"], bounds["left"])
    major_N = np.maximum(bounds["bottom"] - bounds["top"], bounds["right"] - bounds["left"])
    shares_N = ink_N / (height_px * row_bytes * 8)
    return pd.DataFrame({"ink_share": shares_N, **bounds, "offset_px": offset_N, "major_px": major_N})


def raster_tables(data: RasterData, limits: RasterLimits) -> Sequence[TableSuite]:
    """What is expected of every row of the index."""
    farthest = limits.max_em_offset
    place = "A picture's place on its line, in em; further off is a broken outline or a wrong unit."
    hashed = "A malformed hash matches nothing, so duplicates would go unnoticed."
    expectations = (
        *sample_set.index_expectations(data.samples, EXCLUDED),
        unique("glyph-once", ["glyph_id"], "A glyph is drawn once."),
        unique("font-label-once", ["font_hash", "once"], "A font has one picture of a label."),
        one_of("source-font", "source", ["font"], "The Arabic track knows one source."),
        matches("outline-hash-form", "outline_hash", HASH, hashed),
        matches("raster-hash-form", "raster_hash", HASH, hashed),
        between("scale-positive", "scale_factor", 1e-6, 1e6, "Pixels per font unit."),
        between("major-ratio-range", "major_dim_ratio", 1e-6, farthest, "The longer side, in em heights."),
        greater("box-width", "bbox_max_x", "bbox_min_x", "A box without width encloses no ink."),
        greater("box-height", "bbox_max_y", "bbox_min_y", "A box without height encloses no ink."),
        *(between(f"{name.replace('_', '-')}-range", name, -farthest, farthest, place) for name in EM_SIDES),
    )
    # A database of one's own may give no advance.
    index = data.samples.index.assign(once=labels_once(data.samples.index))
    return [TableSuite("index", index, ("sample_id", "label"), expectations, nullable=("advance", "once"))]


CHECKS: Checks[RasterData, RasterLimits] = Checks()


@CHECKS.add("ink-share")
def ink_share(data: RasterData, limits: RasterLimits) -> Outcome:
    """A blank picture has no label, and a nearly full one is a filling rule gone wrong."""
    low, high = limits.min_ink_share, limits.max_ink_share
    return sample_set.ink_within(data.facts, low, high, limits.max_odd_ink_share, KEY)


@CHECKS.add("ink-share-recorded")
def ink_share_recorded(data: RasterData, limits: RasterLimits) -> Outcome:
    """The index describes these pixels and no others: its ink share is that of the pixels."""
    differs = ~np.isclose(data.facts["ink_share"], data.facts["measured_ink_share"], rtol=0, atol=SHARE_TOLERANCE)
    columns = (*KEY, "ink_share", "measured_ink_share")
    return none_of(int(differs.sum()), "rows whose index disagrees", first_rows(data.facts, differs, *columns))


@CHECKS.add("anchored-share")
def anchored_share(data: RasterData, limits: RasterLimits) -> Outcome:
    """Glyphs are anchored top-left: nearly all have ink in the first row and in the first column."""
    away = data.facts["measured_offset_px"] > 0
    rows = first_rows(data.facts, away, *KEY, "measured_top", "measured_left")
    message = "share of pictures with ink in the first row and column"
    return at_least(1 - away.mean(), limits.min_anchored_share, message, rows)


@CHECKS.add("anchored-offset")
def anchored_offset(data: RasterData, limits: RasterLimits) -> Outcome:
    """A pointed tip may leave the first pixels half covered; a glyph further off is misplaced."""
    away = data.facts["measured_offset_px"] > limits.max_offset_px
    rows = first_rows(data.facts, away, *KEY, "measured_top", "measured_left")
    message = f"share of pictures further than {limits.max_offset_px} px from the corner; {away.sum()} of them"
    return at_most(float(away.mean()), limits.max_far_share, message, rows)


@CHECKS.add("target-side")
def target_side(data: RasterData, limits: RasterLimits) -> Outcome:
    """Diacritics are drawn at 64 px and everything else at 128 px; the size tells them apart."""
    wrong = data.facts["target_dim"] != np.where(data.facts["is_diacritic"], DIACRITIC_PX, MAIN_PX)
    columns = (*KEY, "is_diacritic", "target_dim")
    return none_of(int(wrong.sum()), "rows with another target", first_rows(data.facts, wrong, *columns))


@CHECKS.add("major-side")
def major_side(data: RasterData, limits: RasterLimits) -> Outcome:
    """The ink's longer side is the target within a pixel, or the scaling is wrong."""
    wrong = np.abs(data.facts["measured_major_px"] - data.facts["target_dim"]) > limits.max_side_error_px
    rows = first_rows(data.facts, wrong, *KEY, "target_dim", "measured_major_px")
    message = f"share of pictures whose longer side is within {limits.max_side_error_px} px of its target"
    return at_least(1 - wrong.mean(), limits.min_true_side_share, message, rows)


@CHECKS.add("inside-box")
def inside_box(data: RasterData, limits: RasterLimits) -> Outcome:
    """Nothing is drawn outside the glyph's scaled bounding box."""
    facts, scale = data.facts, data.facts["scale_factor"]
    width_px = (facts["bbox_max_x"] - facts["bbox_min_x"]) * scale
    height_px = (facts["bbox_max_y"] - facts["bbox_min_y"]) * scale
    over = (facts["measured_right"] > np.ceil(width_px - 1e-3) + 1) | (
        facts["measured_bottom"] > np.ceil(height_px - 1e-3) + 1
    )
    columns = (*KEY, "measured_right", "measured_bottom")
    return none_of(int(over.sum()), "pictures with ink outside their box", first_rows(facts, over, *columns))


@CHECKS.add("holes-kept")
def holes_kept(data: RasterData, limits: RasterLimits) -> Outcome:
    """The eye of a meem or heh tells it from its neighbours; a filled one means a broken filling rule."""
    rows: list[Row] = []
    for label in sorted(limits.hole_labels):
        rows_n = np.flatnonzero((data.samples.index["label"] == label).to_numpy())
        holed = [count_holes(image) > 0 for image in data.samples.images(rows_n)]
        rows.append({"label": label, "pictures": len(holed), "with_holes": sum(holed) / max(1, len(holed))})
    rows.sort(key=lambda row: float(row["with_holes"]))
    bad = [row for row in rows if row["with_holes"] < limits.min_hole_share]
    return at_least(rows[0]["with_holes"], limits.min_hole_share, "lowest share of a label's pictures with a hole", bad)


@CHECKS.add("undrawn-share")
def undrawn_share(data: RasterData, limits: RasterLimits) -> Outcome:
    """Glyphs that leave no ink are audited, and there are few of them."""
    share = len(data.audit) / max(1, len(data.audit) + len(data.samples))
    rows = first_rows(data.audit, np.ones(len(data.audit), bool), "glyph_id", "label", "font_hash", "reason")
    return at_most(share, limits.max_undrawn_share, f"share of the glyphs; {len(data.audit)} of them", rows)


@CHECKS.add("families-disjoint")
def families_disjoint(data: RasterData, limits: RasterLimits) -> Outcome:
    """Fonts of a family share their outlines: a family on two sides is a leak."""
    return sample_set.groups_disjoint(data.samples.index, many="families")


@CHECKS.add("outlines-disjoint")
def outlines_disjoint(data: RasterData, limits: RasterLimits) -> Outcome:
    """Families copy each other: an outline that was learnt under its label tests nothing."""
    index = data.samples.index
    pairs = pd.MultiIndex.from_frame(index[["outline_hash", "label"]])
    earlier = {"val": index["split"] == "train", "test": index["split"].isin(["train", "val"])}
    leaks = np.zeros(len(index), bool)
    for split, before in earlier.items():
        leaks |= (index["split"] == split).to_numpy() & pairs.isin(pairs[before.to_numpy()])
    rows = first_rows(index, leaks, *KEY, "split", "outline_hash")
    return none_of(int(leaks.sum()), "held-out glyphs whose outline an earlier split has too", rows)


@CHECKS.add("twin-share")
def twin_share(data: RasterData, limits: RasterLimits) -> Outcome:
    """Simple marks look alike once scaled; if many held-out pictures are trained ones, scores flatter."""
    columns = ("raster_hash", "label")
    message = "share of held-out pictures identical to a trained one of their label"
    return sample_set.twins_within(data.samples.index, columns, limits.max_twin_share, message, Verdict.WARN)


@CHECKS.add("excluded-share")
def excluded_share(data: RasterData, limits: RasterLimits) -> Outcome:
    """Glyphs excluded for a copied outline are few, or whole families were copied."""
    split = data.samples.index["split"]
    excluded, held_out = (split == EXCLUDED).sum(), split.isin([*HELD_OUT, EXCLUDED]).sum()
    message = f"share of the held-out families' glyphs that is excluded ({excluded} of {held_out})"
    return at_most(excluded / max(1, held_out), limits.max_excluded_share, message)


@CHECKS.add("classes")
def classes(data: RasterData, limits: RasterLimits) -> Outcome:
    """Fewer classes or families than the default fonts give means that extraction lost some."""
    return sample_set.enough_classes(data.samples, limits.min_classes, limits.min_families, many="families")


@CHECKS.add("class-support")
def class_support(data: RasterData, limits: RasterLimits) -> Outcome:
    """A class needs samples from several families, or its font is learnt instead of its shape."""
    samples, families = limits.min_class_samples, limits.min_class_families
    return sample_set.classes_supported(data.samples.index, samples, families, many="families")


@CHECKS.add("classes-tested")
def classes_tested(data: RasterData, limits: RasterLimits) -> Outcome:
    """Scores speak for the classes that the test families have; these should be most."""
    return sample_set.classes_held_out(data.samples, "test", limits.min_tested_classes)


@CHECKS.add("rows-sorted")
def rows_sorted(data: RasterData, limits: RasterLimits) -> Outcome:
    """Rows in one order give the same bytes on every machine."""
    keys = list(zip(*(data.samples.index[name] for name in ("group", "font_hash", "label")), strict=True))
    late = np.array([False, *(before > after for before, after in pairwise(keys))])
    message = "rows before the one above them by family, font and label"
    return none_of(int(late.sum()), message, first_rows(data.samples.index, late, *KEY, "font_hash"))


def count_holes(image_HW: NDArray[np.uint8]) -> int:
    """Regions of background (joined by sides) that ink encloses."""
    from scipy import ndimage

    _, regions = ndimage.label(np.pad(image_HW == 0, 1, constant_values=True))
    return int(regions) - 1


GATE: Gate[RasterPaths, RasterData, RasterLimits] = Gate(
    name="rasters",
    purpose="Between the drawn pictures and everything that learns from them.",
    paths=RasterPaths,
    limits=RasterLimits,
    open=RasterData.open,
    checks=[*CHECKS.entries, *sample_set.CHECKS.entries],
    count_rows=lambda data: len(data.samples),
    tables=raster_tables,
)
