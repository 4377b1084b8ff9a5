"""Which pixels of a written cell are its character's: paper level, contrast, connected components, box.

N images · H×W pixels of a cell · h×w pixels of the coarse mask · S sampled pixels of a cell
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from glyphlens.core.params import Section

# The mask in which components are found has about so many pixels a side: a cell twice as large is halved.
MASK_PX = 64
# Percentiles of a cell's inner pixels. The paper is what the lightest quarter is, so that dense kanji do not lift it;
# the darkest pixels are taken at a rank that a full stop of five pixels still decides.
PAPER, NOISE, DARKEST = 0.25, 0.05, 0.998
# Of the pixels at least half as dark as the darkest, this share is lighter than full ink.
FULL_INK = 0.75
# What is lighter than this share of full ink, or than so many times the paper's noise, is paper …
PAPER_SHARE, NOISE_TIMES, MAX_PAPER_SHARE = 0.12, 3, 0.5
# … and this share of what is above it is a stroke.
STROKE_SHARE = 0.2
# The box ends where the strokes of a row or column add up to this share of a pixel of full ink: noise alone does not.
LINE_SHARE = 0.5


class InkParams(Section):
    """``edge_share`` of the cell's side is its edge; components up to ``speck_share`` of its area are
    specks.

    Cells whose darkest pixels differ from their paper by less than ``min_contrast`` of 255 are blank.
    """

    edge_share: float = Field(ge=0, le=0.4)
    speck_share: float = Field(ge=0, lt=0.1)
    min_contrast: int = Field(ge=1, le=255)


class Ink(NamedTuple):
    """``strokes_NHW`` uint8 0 … range_N above the paper, edges cleared; the ink's box, empty where there is none."""

    strokes_NHW: NDArray[np.uint8]
    range_N: NDArray[np.int64]
    top_N: NDArray[np.int64]
    bottom_N: NDArray[np.int64]
    left_N: NDArray[np.int64]
    right_N: NDArray[np.int64]


def find_ink(images_NHW: NDArray[np.uint8], params: InkParams) -> Ink:
    """The character's own ink in (N, H, W) cells; at least one image. ``right`` and ``bottom`` are exclusive."""
    height, width = images_NHW.shape[1:]
    step = max(1, round(max(height, width) / MASK_PX))
    paper_N, full_N = _levels(images_NHW, params, step)
    # Whole steps, and one empty row of the mask below: all cells are one tall image for OpenCV.
    coarse_height, coarse_width = -(-height // step) + 1, -(-width // step)
    fine_height, fine_width = coarse_height * step, coarse_width * step
    strokes_NHW = np.zeros((len(images_NHW), fine_height, fine_width), np.uint8)
    inside_NHW = strokes_NHW[:, :height, :width]
    np.clip(images_NHW, paper_N[:, None, None], full_N[:, None, None], out=inside_NHW)
    inside_NHW -= paper_N[:, None, None]
    range_N = full_N - paper_N
    stroke_N11 = np.maximum(1, np.ceil(STROKE_SHARE * range_N)).astype(np.uint8)[:, None, None]
    coarse_Nhw = _resized(strokes_NHW, coarse_height, coarse_width, cv2.INTER_AREA)
    kept_Nhw = _kept(coarse_Nhw >= stroke_N11, coarse_height - 1, params)
    strokes_NHW &= _resized(_grown(kept_Nhw), fine_height, fine_width, cv2.INTER_NEAREST)
    inked_NHW = np.where(strokes_NHW >= stroke_N11, strokes_NHW, 0)
    line_N1 = LINE_SHARE * range_N[:, None]
    top_N, bottom_N = _extent((inked_NHW.sum(axis=2, dtype=np.uint32) >= line_N1) & (line_N1 > 0))
    left_N, right_N = _extent((inked_NHW.sum(axis=1, dtype=np.uint32) >= line_N1) & (line_N1 > 0))
    return Ink(strokes_NHW[:, :height, :width], range_N.astype(np.int64), top_N, bottom_N, left_N, right_N)


def _levels(images_NHW: NDArray[np.uint8], params: InkParams, step: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """(N,) the lightest and the darkest level that is told apart; equal where the cell is blank.

    Only the inner cell is looked at, unless that is blank: fragments at the edge may be darker than the character.
    """
    height, width = images_NHW.shape[1:]
    top, left = round(params.edge_share * height), round(params.edge_share * width)
    paper_N, full_N = _levels_of(images_NHW[:, top : height - top : step, left : width - left : step], params)
    blank = np.flatnonzero(paper_N == full_N)
    if len(blank):
        paper_N[blank], full_N[blank] = _levels_of(images_NHW[blank, ::step, ::step], params)
    return paper_N, full_N


def _levels_of(sample_NHW: NDArray[np.uint8], params: InkParams) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    sorted_NS = np.sort(sample_NHW.reshape(len(sample_NHW), -1), axis=1, kind="stable")
    count = sorted_NS.shape[1]
    light_N, paper_N, dark_N = (sorted_NS[:, int(share * (count - 1))] for share in (NOISE, PAPER, DARKEST))
    middle_N = paper_N + (dark_N - paper_N) // 2
    strong_N = (sorted_NS > middle_N[:, None]).sum(axis=1)
    place_N = np.minimum(count - 1 - ((1 - FULL_INK) * strong_N).astype(np.int64), count - 1)
    full_N = sorted_NS[np.arange(len(sorted_NS)), place_N]
    span_N = (full_N - paper_N).astype(np.float32)
    lift_N = np.maximum(PAPER_SHARE * span_N, NOISE_TIMES * (paper_N - light_N).astype(np.float32))
    paper_N = paper_N + np.minimum(lift_N, MAX_PAPER_SHARE * span_N).astype(np.uint8)
    blank_N = span_N < params.min_contrast
    return np.where(blank_N, full_N, paper_N), full_N


def _kept(mask_Nhw: NDArray[np.bool_], height: int, params: InkParams) -> NDArray[np.bool_]:
    """The mask without components that lie in the edge, and without specks.

    A cell that has nothing else keeps its specks, and one that has no specks either what lies in its edge.
    """
    width = mask_Nhw.shape[2]
    count, labels = cv2.connectedComponents(mask_Nhw.reshape(-1, width).view(np.uint8), connectivity=8)
    labels_Nhw = labels.reshape(mask_Nhw.shape)
    top, left = round(params.edge_share * height), round(params.edge_share * width)
    speck = np.bincount(labels.reshape(-1), minlength=count) <= params.speck_share * height * width
    rank = np.ones(count, np.uint8)
    rank[labels_Nhw[:, top : height - top, left : width - left]] = 2
    rank[(rank == 2) & ~speck] = 3
    rank[0] = 0
    rank_Nhw = rank[labels_Nhw]
    best_N11 = rank_Nhw.max(axis=(1, 2), keepdims=True)
    kept_Nhw: NDArray[np.bool_] = (rank_Nhw == best_N11) & mask_Nhw
    return kept_Nhw


def _grown(mask_Nhw: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The masks as 0 and 255, one pixel larger on all sides: strokes keep their soft borders."""
    tall = mask_Nhw.reshape(-1, mask_Nhw.shape[2]).view(np.uint8) * np.uint8(255)
    return cv2.dilate(tall, np.ones((3, 3), np.uint8)).reshape(mask_Nhw.shape).astype(np.uint8, copy=False)


def _resized(images_NHW: NDArray[np.uint8], height: int, width: int, interpolation: int) -> NDArray[np.uint8]:
    """All images by the same whole factor, in one call, as one tall image."""
    count = len(images_NHW)
    tall = images_NHW.reshape(-1, images_NHW.shape[2])
    resized = cv2.resize(tall, (width, count * height), interpolation=interpolation)
    return resized.reshape(count, height, width).astype(np.uint8, copy=False)


def _extent(inked_NL: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and behind the last True of every row; 0, 0 where there is none."""
    any_N = inked_NL.any(axis=1)
    first_N = np.where(any_N, inked_NL.argmax(axis=1), 0)
    end_N = np.where(any_N, inked_NL.shape[1] - inked_NL[:, ::-1].argmax(axis=1), 0)
    return first_N, end_N
