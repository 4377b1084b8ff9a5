"""Checks of gate_kanji_samples that look at stroke sequences: their form, and that they are those of their pictures.

M samples with strokes · S = 24 strokes · K = 8 points a stroke · F = 17 numbers: x0, y0 … x7, y7, presence
n sampled ones · H×W = 64×64 pixels
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from glyphlens.data.produced import STROKE_NUMBERS, STROKE_POINTS, STROKES
from glyphlens.gates.check import Checks, Outcome, at_least, first_rows, none_of
from glyphlens.gates.sample_splits import KEY
from glyphlens.gates.spread import spread
from glyphlens.tracks.kanji.gates.sample_data import KanjiSampleData, KanjiSampleLimits

BLOCK = 16384  # sequences: 26 MiB at a time
RANGE_TOLERANCE = 1e-3
Fault = Callable[[NDArray[np.float32]], NDArray[np.bool_]]

CHECKS: Checks[KanjiSampleData, KanjiSampleLimits] = Checks()


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
    places = spread(len(data.stroke_rows_M), limits.checked_rows)
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
    blocks = range(0, len(data.strokes_MSF), BLOCK)
    found = [fault(np.asarray(data.strokes_MSF[start : start + BLOCK])) for start in blocks]
    faulty_M = np.concatenate(found) if found else np.zeros(0, bool)
    known = data.stroke_rows_M[: len(faulty_M)]
    table = data.index.iloc[known[(known >= 0) & (known < len(data.samples))]]
    return none_of(int(faulty_M.sum()), message, first_rows(table, faulty_M[: len(table)], *KEY))
