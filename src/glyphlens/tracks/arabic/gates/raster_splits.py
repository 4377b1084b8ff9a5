"""Checks of gate_rasters that look at splits and classes: nothing learnt may be tested, everything tested is learnt."""

from itertools import pairwise

import numpy as np
import pandas as pd

from glyphlens.gates import sample_splits
from glyphlens.gates.check import Checks, Outcome, Verdict, at_most, first_rows, none_of
from glyphlens.gates.sample_splits import HELD_OUT, KEY
from glyphlens.tracks.arabic.gates.raster_data import RasterData, RasterLimits

EXCLUDED = "excluded"

CHECKS: Checks[RasterData, RasterLimits] = Checks()


@CHECKS.add("families-disjoint")
def families_disjoint(data: RasterData, limits: RasterLimits) -> Outcome:
    """Fonts of a family share their outlines: a family on two sides is a leak."""
    return sample_splits.groups_disjoint(data.samples.index, one="family", many="families")


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
    index = data.samples.index
    twins = sample_splits.held_out_twins(index, ("raster_hash", "label"))
    message = "share of held-out pictures identical to a trained one of their label"
    return sample_splits.twin_share(index, twins, limits.max_twin_share, message, Verdict.WARN, (*KEY, "split"))


@CHECKS.add("manifest")
def manifest(data: RasterData, limits: RasterLimits) -> Outcome:
    """splits.json is what people read and reuse: it must say what the index does."""
    return sample_splits.manifest_agrees(data.samples.index, data.manifest, one="family", excluded=EXCLUDED)


@CHECKS.add("split-shares")
def split_shares(data: RasterData, limits: RasterLimits) -> Outcome:
    """With few families a rank of hashes can starve a split; each must be big enough to measure on."""
    low, high = limits.min_split_share, limits.max_split_share
    return sample_splits.held_out_shares(data.samples.index, low, high, many="families")


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
    return sample_splits.enough_classes(data.samples, limits.min_classes, limits.min_families, many="families")


@CHECKS.add("class-support")
def class_support(data: RasterData, limits: RasterLimits) -> Outcome:
    """A class needs samples from several families, or its font is learnt instead of its shape."""
    samples, families = limits.min_class_samples, limits.min_class_families
    return sample_splits.classes_supported(data.samples.index, samples, families, many="families")


@CHECKS.add("classes-tested")
def classes_tested(data: RasterData, limits: RasterLimits) -> Outcome:
    """Scores speak for the classes that the test families have; these should be most."""
    return sample_splits.classes_held_out(data.samples, "test", limits.min_tested_classes)


@CHECKS.add("rows-sorted")
def rows_sorted(data: RasterData, limits: RasterLimits) -> Outcome:
    """Rows in one order give the same bytes on every machine."""
    keys = list(zip(*(data.samples.index[name] for name in ("group", "font_hash", "label")), strict=True))
    late = np.array([False, *(before > after for before, after in pairwise(keys))])
    message = "rows before the one above them by family, font and label"
    return none_of(int(late.sum()), message, first_rows(data.samples.index, late, *KEY, "font_hash"))
