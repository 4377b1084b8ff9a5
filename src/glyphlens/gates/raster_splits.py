"""Checks of gate_rasters that look at splits and classes: nothing learnt may be tested, everything tested is learnt."""

from itertools import pairwise

import numpy as np
import pandas as pd

from glyphlens.gates.check import SHOWN_ROWS, Checks, Outcome, Row, Verdict, at_least, at_most, first_rows, none_of
from glyphlens.gates.raster_data import KEY, RasterData, RasterLimits
from glyphlens.samples import SPLITS

HELD_OUT = ("val", "test")
EXCLUDED = "excluded"

CHECKS: Checks[RasterData, RasterLimits] = Checks()


@CHECKS.add("families-disjoint")
def families_disjoint(data: RasterData, limits: RasterLimits) -> Outcome:
    """Fonts of a family share their outlines: a family on two sides is a leak."""
    used = data.samples.index[data.samples.index["split"].isin(SPLITS)]
    sides = used.groupby("group")["split"].unique()
    shared = sides[sides.map(len) > 1]
    rows = [{"family": name, "splits": ", ".join(sorted(found))} for name, found in shared.items()]
    return none_of(len(shared), "families in more than one split", rows[:SHOWN_ROWS])


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
    pairs = pd.MultiIndex.from_frame(index[["raster_hash", "label"]])
    twins = index["split"].isin(HELD_OUT) & pairs.isin(pairs[(index["split"] == "train").to_numpy()])
    share = twins.sum() / max(1, index["split"].isin(HELD_OUT).sum())
    message = "share of held-out pictures identical to a trained one of their label"
    rows = first_rows(index, twins, *KEY, "split") if share > limits.max_twin_share else ()
    return at_most(share, limits.max_twin_share, message, rows, otherwise=Verdict.WARN)


@CHECKS.add("manifest")
def manifest(data: RasterData, limits: RasterLimits) -> Outcome:
    """splits.json is what people read and reuse: it must say what the index does."""
    index = data.samples.index
    listed = {(split, family) for split, families in data.manifest.items() for family in families}
    held_out = {family for split, family in listed if split in HELD_OUT}
    told = [
        family in held_out if split == EXCLUDED else (split, family) in listed
        for split, family in zip(index["split"], index["group"], strict=True)
    ]
    wrong = ~np.array(told, bool)
    message = "rows of another split than splits.json has their family in"
    return none_of(int(wrong.sum()), message, first_rows(index, wrong, *KEY, "split"))


@CHECKS.add("split-shares")
def split_shares(data: RasterData, limits: RasterLimits) -> Outcome:
    """With few families a rank of hashes can starve a split; each must be big enough to measure on."""
    index = data.samples.index
    families = index[index["split"].isin(HELD_OUT)].groupby("split")["group"].nunique()
    shares = {split: families.get(split, 0) / index["group"].nunique() for split in HELD_OUT}
    bad = {
        name: share for name, share in shares.items() if not limits.min_split_share <= share <= limits.max_split_share
    }
    value = ", ".join(f"{name} {share:.3f}" for name, share in shares.items())
    limit = f"{limits.min_split_share} … {limits.max_split_share} of the families each"
    rows = tuple({"split": name, "share": share} for name, share in bad.items())
    return Outcome(
        Verdict.FAIL if bad else Verdict.PASS, value, limit, "held-out splits of another share" if bad else "", rows
    )


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
    families = data.samples.index["group"].nunique()
    found = len(data.samples.classes)
    passed = found >= limits.min_classes and families >= limits.min_families
    limit = f"≥ {limits.min_classes} classes on ≥ {limits.min_families} families"
    return Outcome(Verdict.PASS if passed else Verdict.FAIL, f"{found} classes on {families} families", limit)


@CHECKS.add("class-map")
def class_map(data: RasterData, limits: RasterLimits) -> Outcome:
    """Class indices are positions in a sorted list without gaps: any other order mislabels silently."""
    labels = [entry.label for entry in data.samples.classes]
    disorder = [
        {"class": number, "label": label, "before": before}
        for number, (before, label) in enumerate(pairwise(labels), start=1)
        if before >= label
    ]
    unused = [{"class": number, "label": labels[number], "rows": 0} for number in sorted(_unused(data))]
    rows: list[Row] = [*disorder, *unused]
    return none_of(len(rows), "classes out of order, twice there, or without a row", rows[:SHOWN_ROWS])


@CHECKS.add("class-counts")
def class_counts(data: RasterData, limits: RasterLimits) -> Outcome:
    """classes.json says how many samples a class has, and readers believe it."""
    found = data.samples.index["label"].value_counts()
    rows = [
        {"label": entry.label, "classes.json": entry.count, "index": int(found.get(entry.label, 0))}
        for entry in data.samples.classes
        if entry.count != found.get(entry.label, 0)
    ]
    return none_of(len(rows), "classes whose count is another", rows[:SHOWN_ROWS])


@CHECKS.add("labels-agree")
def labels_agree(data: RasterData, limits: RasterLimits) -> Outcome:
    """A row's label is the one that its class index stands for."""
    labels = np.array([entry.label for entry in data.samples.classes], object)
    indices = data.samples.class_indices
    known = (indices >= 0) & (indices < len(labels))
    wrong = known & (labels[np.where(known, indices, 0)] != data.samples.index["label"].to_numpy(object))
    return none_of(int(wrong.sum()), "rows", first_rows(data.samples.index, wrong, *KEY, "class_index"))


@CHECKS.add("class-support")
def class_support(data: RasterData, limits: RasterLimits) -> Outcome:
    """A class needs samples from several families, or its font is learnt instead of its shape."""
    groups = data.samples.index.groupby("label")["group"]
    support = pd.DataFrame({"samples": groups.size(), "families": groups.nunique()}).reset_index()
    thin = (support["samples"] < limits.min_class_samples) | (support["families"] < limits.min_class_families)
    message = f"classes with < {limits.min_class_samples} samples or < {limits.min_class_families} families"
    return none_of(int(thin.sum()), message, first_rows(support, thin, "label", "samples", "families"))


@CHECKS.add("classes-trained")
def classes_trained(data: RasterData, limits: RasterLimits) -> Outcome:
    """What has no training sample cannot be recognised."""
    counts = _counts(data, "train")
    few = counts["samples"] < limits.min_train_samples
    message = f"classes with fewer than {limits.min_train_samples} training samples"
    return none_of(int(few.sum()), message, first_rows(counts, few, "label", "samples"))


@CHECKS.add("classes-tested")
def classes_tested(data: RasterData, limits: RasterLimits) -> Outcome:
    """Scores speak for the classes that the test families have; these should be most."""
    share = float((_counts(data, "test")["samples"] > 0).mean())
    return at_least(share, limits.min_tested_classes, "share of classes with a test sample")


@CHECKS.add("rows-sorted")
def rows_sorted(data: RasterData, limits: RasterLimits) -> Outcome:
    """Rows in one order give the same bytes on every machine."""
    keys = list(zip(*(data.samples.index[name] for name in ("group", "font_hash", "label")), strict=True))
    late = np.array([False, *(before > after for before, after in pairwise(keys))])
    message = "rows before the one above them by family, font and label"
    return none_of(int(late.sum()), message, first_rows(data.samples.index, late, *KEY, "font_hash"))


def _counts(data: RasterData, split: str) -> pd.DataFrame:
    """Rows of a split per class."""
    counts = data.samples.index.loc[data.samples.index["split"] == split, "label"].value_counts()
    labels = [entry.label for entry in data.samples.classes]
    return pd.DataFrame({"label": labels, "samples": [int(counts.get(label, 0)) for label in labels]})


def _unused(data: RasterData) -> set[int]:
    return set(range(len(data.samples.classes))) - set(data.samples.class_indices.tolist())
