"""Checks of gate_kanji_samples that look at pixels: ink, its place, contrast, paper, hashes."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from glyphlens.gates.check import Checks, Outcome, at_least, at_most, first_rows, none_of
from glyphlens.gates.ink_bounds import ink_within
from glyphlens.gates.sample_splits import KEY
from glyphlens.gates.spread import spread
from glyphlens.tracks.kanji.gates.sample_data import KanjiSampleData, KanjiSampleLimits

HASH_DIGITS = 16
SHOWN = (*KEY, "set")

CHECKS: Checks[KanjiSampleData, KanjiSampleLimits] = Checks()


@CHECKS.add("not-blank")
def not_blank(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """A cell that the preparation emptied has nothing to learn from, and its label is noise."""
    blank = data.facts["measured_ink_share"] == 0
    message = f"pictures without a pixel of level {limits.ink_level} or more"
    return none_of(int(blank.sum()), message, first_rows(data.facts, blank, *SHOWN, "measured_peak"))


@CHECKS.add("ink-share")
def ink_share(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """A speck is what was left of a fragment, and a nearly full picture is paper taken for ink."""
    low, high = limits.min_ink_share, limits.max_ink_share
    return ink_within(data.facts, low, high, limits.max_odd_ink_share, *SHOWN)


@CHECKS.add("class-ink")
def class_ink(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """一 has little ink and 鬱 much, but a class far outside what characters have was drawn or cut wrongly."""
    means = data.facts.groupby("label")["measured_ink_share"].mean().reset_index()
    outside = ~means["measured_ink_share"].between(limits.min_class_ink, limits.max_class_ink)
    message = f"classes with a mean ink share outside {limits.min_class_ink} … {limits.max_class_ink}"
    return none_of(int(outside.sum()), message, first_rows(means, outside, "label", "measured_ink_share"))


@CHECKS.add("class-ink-steady")
def class_ink_steady(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """A class has as much ink on one side of the split as on the other, pens apart, or its labels are mixed up."""
    held_out = np.where(data.facts["split"] == "train", "train", "held_out")
    means = data.facts.groupby(["label", held_out])["measured_ink_share"].mean().unstack()
    ratios = means.reindex(columns=["train", "held_out"]).dropna()
    ratios = ratios.assign(ratio=ratios["held_out"] / ratios["train"]).reset_index()
    factors = np.exp(np.abs(np.log(ratios["ratio"] / ratios["ratio"].median())))
    far = ~(factors <= limits.max_class_ink_factor)
    message = "largest factor between a class's ink in training and held out, over that of the median class"
    rows = first_rows(ratios, far, "label", "train", "held_out")
    return at_most(float(factors.max()), limits.max_class_ink_factor, message, rows)


@CHECKS.add("box-side")
def box_side(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """The ink's longer side is scaled to one length, whatever the size it was written in."""
    facts = data.facts
    side_px = np.maximum(
        facts["measured_bottom"] - facts["measured_top"], facts["measured_right"] - facts["measured_left"]
    )
    wrong = np.abs(side_px - limits.box_px) > limits.max_box_error_px
    rows = first_rows(facts.assign(side_px=side_px), wrong, *SHOWN, "side_px")
    message = f"share of pictures whose longer side is {limits.box_px} ± {limits.max_box_error_px} px"
    return at_least(1 - float(wrong.mean()), limits.min_placed_share, message, rows)


@CHECKS.add("box-centred")
def box_centred(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """The ink's box lies in the middle; off it, the box was that of a fragment or the picture was cut."""
    facts, image = data.facts, data.samples.image
    down_px = (facts["measured_top"] + facts["measured_bottom"] - image.height_px) / 2
    right_px = (facts["measured_left"] + facts["measured_right"] - image.width_px) / 2
    off_px = np.maximum(down_px.abs(), right_px.abs())
    wrong = off_px > limits.max_centre_error_px
    rows = first_rows(facts.assign(down_px=down_px, right_px=right_px), wrong, *SHOWN, "down_px", "right_px")
    message = f"share of pictures whose ink is within {limits.max_centre_error_px} px of the middle"
    return at_least(1 - float(wrong.mean()), limits.min_placed_share, message, rows)


@CHECKS.add("contrast")
def contrast(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """Faint pens are brought up: nearly every picture has strokes close to black."""
    faint = data.facts["measured_peak"] < limits.min_peak
    rows = first_rows(data.facts, faint, *SHOWN, "measured_peak")
    message = f"share of pictures whose darkest pixel reaches level {limits.min_peak}"
    return at_least(1 - float(faint.mean()), limits.min_contrast_share, message, rows)


@CHECKS.add("paper-clean")
def paper_clean(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """The rim beyond the ink's box is paper: grey there is background left standing, or a frame line."""
    grey = data.facts["measured_margin"] > limits.max_margin_level
    rows = first_rows(data.facts, grey, *SHOWN, "measured_margin")
    message = f"share of pictures whose rim has a mean level of at most {limits.max_margin_level}"
    return at_least(1 - float(grey.mean()), limits.min_clean_share, message, rows)


@CHECKS.add("image-hash-true")
def image_hash_true(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """The index describes these pixels and no others: the hashes of a spread of rows are those of their pictures."""
    rows_n = spread(len(data.samples), limits.checked_rows)
    found = np.array([image_hash(image) for image in data.samples.images(rows_n)], object)
    wrong = found != data.index["image_hash"].to_numpy(object)[rows_n]
    checked = data.index.iloc[rows_n].assign(picture_hash=found)
    message = f"of {len(rows_n)} sampled rows have another picture's hash"
    return none_of(int(wrong.sum()), message, first_rows(checked, wrong, *KEY, "image_hash", "picture_hash"))


@CHECKS.add("pictures-distinct")
def pictures_distinct(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """Two hands never draw the same pixels: repeated pictures are records read twice, or a generator stuck."""
    repeated = data.index["image_hash"].duplicated().to_numpy()
    rows = first_rows(data.index, repeated, *SHOWN, "image_hash")
    message = f"share of pictures that an earlier row shows already; {repeated.sum()} of them"
    return at_most(float(repeated.mean()), limits.max_repeat_share, message, rows)


@CHECKS.add("hash-one-shape")
def hash_one_shape(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """One picture has one character, look-alikes such as へ and ヘ apart, or a label is wrong."""
    alike = {entry.label: {entry.label, *entry.lookalikes} for entry in data.samples.classes}
    labels = data.index[["image_hash", "label"]].drop_duplicates()
    shared = labels[labels["image_hash"].duplicated(keep=False)].groupby("image_hash")["label"].agg(set)
    several = [hashed for hashed, found in shared.items() if any(found - alike.get(label, set()) for label in found)]
    conflict = data.index["image_hash"].isin(several).to_numpy()
    rows = first_rows(data.index, conflict, *SHOWN, "image_hash")
    message = f"share of pictures that stand under characters of different shape; {conflict.sum()} of them"
    return at_most(float(conflict.mean()), limits.max_conflict_share, message, rows)


def image_hash(image_HW: NDArray[np.uint8]) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of a picture's bytes."""
    return hashlib.sha256(image_HW.tobytes()).hexdigest()[:HASH_DIGITS]
