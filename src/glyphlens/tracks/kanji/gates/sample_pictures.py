"""Checks of gate_kanji_samples that look at what was drawn: pictures, and stroke sequences that are those of pictures.

M samples with strokes · S = 24 strokes · K = 8 points a stroke · F = 17 numbers: x0, y0 … x7, y7, presence
n sampled ones · H×W = 64×64 pixels
"""

import hashlib
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from glyphlens.data.produced import STROKE_NUMBERS, STROKE_POINTS, STROKES
from glyphlens.gates.check import Checks, Outcome, at_least, at_most, first_rows, none_of, spread_rows
from glyphlens.gates.suites.sample_set import KEY, ink_within
from glyphlens.tracks.kanji.gates.sample_data import KanjiSampleData, KanjiSampleLimits

HASH_DIGITS = 16
SHOWN = (*KEY, "set")
SEQUENCES = 16384  # looked at together: 26 MiB at a time
RANGE_TOLERANCE = 1e-3
Fault = Callable[[NDArray[np.float32]], NDArray[np.bool_]]

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
    return ink_within(data.facts, low, high, limits.max_odd_ink_share, SHOWN)


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
    rows_n = spread_rows(len(data.samples), limits.checked_rows)
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


@CHECKS.add("stroke-form")
def stroke_form(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """24 strokes of 17 float32 for every row of stroke_rows.npy: another shape is another file."""
    strokes, rows = data.strokes_MSF, data.stroke_rows_M
    right = strokes.dtype == np.float32 and strokes.shape == (len(rows), STROKES, STROKE_NUMBERS)
    message = f"strokes.npy is {strokes.dtype} {strokes.shape}, expected float32 {(len(rows), STROKES, STROKE_NUMBERS)}"
    return none_of(int(not right), message)


@CHECKS.add("stroke-rows")
def stroke_rows(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """Rows with strokes ascend, exist, and are those drawn from strokes: a shift by one mislabels every sequence."""
    rows = data.stroke_rows_M
    if rows.dtype != np.int64 or rows.ndim != 1:
        return none_of(1, f"stroke_rows.npy is {rows.dtype} {rows.shape}, expected int64 (M,)")
    expected = np.flatnonzero((data.index["set"] == "strokes").to_numpy())
    differs = np.zeros(len(data.samples), bool)
    differs[np.setxor1d(rows[(rows >= 0) & (rows < len(differs))], expected)] = True
    beyond = int(((rows < 0) | (rows >= len(differs))).sum())
    late = int((np.diff(rows) <= 0).sum())
    message = f"rows with strokes and none drawn, or the reverse; {beyond} unknown rows, {late} out of order"
    return none_of(int(differs.sum()) + beyond + late, message, first_rows(data.index, differs, *KEY, "set"))


@CHECKS.add("stroke-values")
def stroke_values(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """Points are numbers inside the ink's box, −1 to 1: anything else is another scale or a broken path."""
    return _of_sequences(data, lambda strokes_nSF: ~_inside(strokes_nSF), "sequences with a number outside −1 … 1")


@CHECKS.add("stroke-flags")
def stroke_flags(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """A sequence has a stroke, its strokes stand at the front, and what is no stroke is all 0."""
    return _of_sequences(data, _misflagged, "sequences whose presence flags have gaps, or mark what is not there")


@CHECKS.add("stroke-ink")
def stroke_ink(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """A sequence lies on the ink of its own picture, and the ink on it; that of another row does not."""
    places = spread_rows(len(data.stroke_rows_M), limits.checked_rows)
    if not len(places):
        return at_least(1.0, limits.min_stroke_share, "no sequence in this set")
    rows_n = data.stroke_rows_M[places]
    strokes_nSF = np.asarray(data.strokes_MSF[places], np.float32)
    inked_nHW = data.samples.images(rows_n) >= limits.ink_level
    gaps = [stroke_gap_px(*pair, box_px=limits.box_px) for pair in zip(strokes_nSF, inked_nHW, strict=True)]
    far = np.array(gaps) > limits.max_stroke_gap_px
    rows = first_rows(data.index.iloc[rows_n].assign(gap_px=gaps), far, *KEY, "gap_px")
    message = f"share of {len(rows_n)} sampled sequences within {limits.max_stroke_gap_px} px of their ink on average"
    return at_least(1 - float(far.mean()), limits.min_stroke_share, message, rows)


def stroke_gap_px(strokes_SF: NDArray[np.float32], inked_HW: NDArray[np.bool_], *, box_px: int) -> float:
    """Mean distance in pixels from a sequence to its ink or from its ink to the sequence, the larger.

    A sequence of all 24 strokes may have been cut off; of it only the first counts. Infinite where one has nothing or
    no numbers.
    """
    drawn = strokes_SF[:, -1] > 0
    if not drawn.any() or not inked_HW.any() or not np.isfinite(strokes_SF).all():
        return float("inf")
    lined_HW = _lines(strokes_SF[drawn, :-1].reshape(-1, STROKE_POINTS, 2), inked_HW.shape, box_px)
    to_ink_px = float(_distance_px(inked_HW)[lined_HW].mean())
    to_lines_px = 0.0 if drawn.all() else float(_distance_px(lined_HW)[inked_HW].mean())
    return max(to_ink_px, to_lines_px)


def _lines(points_SK2: NDArray[np.float32], shape: tuple[int, ...], box_px: int) -> NDArray[np.bool_]:
    """The strokes as lines of one pixel in the middle of a picture."""
    canvas = np.zeros(shape, np.uint8)
    middle = np.array([(shape[1] - 1) / 2, (shape[0] - 1) / 2])
    pixels_SK2 = np.rint(middle + points_SK2 * box_px / 2).astype(np.int32)
    cv2.polylines(canvas, list(pixels_SK2), isClosed=False, color=1)
    return canvas > 0


def _distance_px(marked_HW: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Of every pixel to the nearest marked one."""
    distance_HW: NDArray[np.float32] = cv2.distanceTransform((~marked_HW).astype(np.uint8), cv2.DIST_L2, 3)  # type: ignore[assignment]
    return distance_HW


def _inside(strokes_nSF: NDArray[np.float32]) -> NDArray[np.bool_]:
    inside_n: NDArray[np.bool_] = np.all(np.abs(strokes_nSF) <= 1 + RANGE_TOLERANCE, axis=(1, 2))
    return inside_n


def _misflagged(strokes_nSF: NDArray[np.float32]) -> NDArray[np.bool_]:
    flags_nS = strokes_nSF[:, :, -1]
    is_flag_n = ((flags_nS == 0) | (flags_nS == 1)).all(axis=1)
    falls_n = (np.diff(flags_nS, axis=1) <= 0).all(axis=1) & (flags_nS[:, 0] == 1)
    filled_nS: NDArray[np.bool_] = np.any(strokes_nSF[:, :, :-1] != 0, axis=2)
    stray_n = (filled_nS & (flags_nS == 0)).any(axis=1)
    wrong_n: NDArray[np.bool_] = ~(is_flag_n & falls_n) | stray_n
    return wrong_n


def _of_sequences(data: KanjiSampleData, fault: Fault, message: str) -> Outcome:
    """No sequence has the fault, which is looked for block by block."""
    blocks = range(0, len(data.strokes_MSF), SEQUENCES)
    found = [fault(np.asarray(data.strokes_MSF[start : start + SEQUENCES])) for start in blocks]
    faulty_M = np.concatenate(found) if found else np.zeros(0, bool)
    known = data.stroke_rows_M[: len(faulty_M)]
    table = data.index.iloc[known[(known >= 0) & (known < len(data.samples))]]
    return none_of(int(faulty_M.sum()), message, first_rows(table, faulty_M[: len(table)], *KEY))
