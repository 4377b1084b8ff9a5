"""Grey of a photo, scan or screenshot of one character → its ink, in every way in which the picture may be meant.

Which tone is ink, whether a frame or a dark edge belongs to the character: where the picture leaves that open, each way
is a reading with its share, so that a recogniser which has seen all of them can decide.

H×W pixels of the picture · h×w pixels around the character · M components
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.imaging.paper import Grey, depth_on_paper, two_levels

Tone = Literal["dark", "light"]
Mask = NDArray[np.bool_]

MIN_CONTRAST = 32  # grey levels of 255 between paper and ink
SPECK = 0.35  # of the strokes' width: a component of less than the square of it is dust
EDGE, SPAN = 0.125, 0.9  # of a side: where lines lie that come with the picture, and how long they are
THIN, THICK = 0.6, 1.7  # of the strokes' width: a frame of another width than that is none of them
# How probable it is that what lies at the border is none of the character's strokes.
FOREIGN_LINE, FOREIGN_PIECE, FOREIGN_FRAME, FRAME_LIKE_STROKES, INNER_FRAME = 0.97, 0.5, 0.97, 0.6, 0.15
ON_ALL_SIDES = 0.2  # … where several such pieces make up a tight crop: 三, 川
FEW_PIECES = 6  # paper included: more are measured all at once
MARGIN = 0.25  # of the ink's longer side: the paper that is left around it
LEAST_SHARE = 0.02  # less probable readings are left out
CUE_PX = 128  # the longer side of the picture that the cues are taken from
BORDER = 0.02  # of its sides
CUE_WEIGHTS = (6.0, 5.0, 3.0, 8.0)  # logits, fitted to tight, framed, shaded … kana, kanji and Arabic glyphs


class Reading(NamedTuple):
    """``ink_hw``: paper 0, half ink 127.5, full ink 255, around the character. ``share``: how probable it is beside
    the others. ``tone``: of the ink. ``is_cleared``: whether what lies at the border was taken away."""

    ink_hw: Grey
    share: float
    tone: Tone
    is_cleared: bool


@dataclass(frozen=True, eq=False)
class Pieces:
    """M + 1 components of ink, of which 0 is paper: the number of each pixel's, and (M + 1, 5) boxes and areas."""

    labels_HW: NDArray[np.int32]
    stats_M5: NDArray[np.int32]

    @cached_property
    def stroke_px(self) -> float:
        """The strokes' width; 1 where there are none."""
        if len(self.stats_M5) == 1:
            return 1.0
        box = self.box(np.arange(len(self.stats_M5)) > 0)
        return max(1.0, 4 * _mean_distance(self.labels_HW[box] > 0) - 2)  # in a bar they are 1 … half its width

    @cached_property
    def is_stroke_M(self) -> Mask:
        """(M + 1,) those that are neither paper nor dust; one alone is none, as its own width tells."""
        area_M = self.stats_M5[:, cv2.CC_STAT_AREA]
        is_stroke_M = area_M >= (0 if len(area_M) == 2 else (SPECK * self.stroke_px) ** 2)
        is_stroke_M[0] = False
        return np.asarray(is_stroke_M)

    def mask(self, chosen_M: Mask) -> Mask:
        """(H, W) where some of them are."""
        return np.asarray(chosen_M[self.labels_HW])

    def box(self, chosen_M: Mask) -> tuple[slice, slice]:
        """The rows and columns that some of them lie in, at least one."""
        left_m, top_m, width_m, height_m = self.stats_M5[chosen_M, :4].T
        rows = slice(int(top_m.min()), int((top_m + height_m).max()))
        return rows, slice(int(left_m.min()), int((left_m + width_m).max()))


class Layer(NamedTuple):
    """``ink_HW`` (H, W) as in a reading, 0 outside of ``seen_HW``; how well it is told apart from the paper; the
    ``pieces`` of what is at least half ink; ``share`` among the layers of the same tone."""

    ink_HW: Grey
    seen_HW: Mask
    separability: float
    pieces: Pieces
    share: float = 1.0


def ink_readings(grey_HW: Grey, tone: Tone | None = None, lean: float = 0.0) -> list[Reading]:
    """The readings of a picture, the most probable first; their shares add up to 1.

    ``tone`` is given where it is known; ``lean`` is what else speaks for dark ink, a logit. Raises InputError where
    nothing stands out.
    """
    tones: tuple[Tone, ...] = ("dark", "light") if tone is None else (tone,)
    found_layers = {each: _layers(grey_HW if each == "dark" else 255 - grey_HW) for each in tones}
    layers = {each: own for each, own in found_layers.items() if own}
    if not layers:
        levels = two_levels(grey_HW.ravel())
        raise InputError(
            f"nothing to see: ink and paper differ by {levels.ink - levels.paper:.0f} grey levels, at least "
            f"{MIN_CONTRAST} are needed"
        )
    shares = _tone_shares(layers, lean)
    found = [
        Reading(_around_character(layer), shares[each] * layer.share, each, not layer.seen_HW.all())
        for each in layers
        for layer in layers[each]
        if shares[each] * layer.share >= LEAST_SHARE
    ]
    total = sum(reading.share for reading in found)
    return sorted((each._replace(share=each.share / total) for each in found), key=lambda reading: -reading.share)


def tone_cues(layer: Layer) -> NDArray[np.float64]:
    """(4,) what speaks for the layer's being ink: paper at the border, little ink, strokes that the border does not
    cut, two clearly different tones."""
    ink_HW = layer.ink_HW
    if not layer.seen_HW.all():
        ink_HW = np.ascontiguousarray(ink_HW[_inner(layer.seen_HW, 1), _inner(layer.seen_HW, 0)])
    scale = min(1.0, CUE_PX / max(ink_HW.shape))
    size = max(1, round(ink_HW.shape[1] * scale)), max(1, round(ink_HW.shape[0] * scale))
    is_ink_hw = cv2.resize(ink_HW, size, interpolation=cv2.INTER_AREA) > 127
    ring_hw = np.ones(is_ink_hw.shape, np.bool_)
    width_px = max(1, round(BORDER * max(size)))
    ring_hw[width_px:-width_px, width_px:-width_px] = False
    count, labels_hw = cv2.connectedComponents(is_ink_hw.astype(np.uint8), connectivity=8)
    is_cut_m = np.zeros(count, np.bool_)
    is_cut_m[labels_hw[ring_hw]] = True
    is_cut_hw = is_cut_m[labels_hw] & is_ink_hw
    cut_share = is_cut_hw.sum() / max(1, is_ink_hw.sum())
    return np.array([-is_ink_hw[ring_hw].mean(), -is_ink_hw.mean(), -cut_share, layer.separability])


def _tone_shares(layers: dict[Tone, list[Layer]], lean: float) -> dict[Tone, float]:
    if len(layers) == 1:
        return dict.fromkeys(layers, 1.0)
    cues = {tone: tone_cues(max(own, key=lambda layer: layer.share)) for tone, own in layers.items()}
    logit = lean + float(np.array(CUE_WEIGHTS) @ (cues["dark"] - cues["light"]))
    dark = 1 / (1 + np.exp(-np.clip(logit, -50, 50)))
    return {"dark": dark, "light": 1 - dark}


def _layers(light_HW: Grey) -> list[Layer]:
    """All of the dark ink of a picture, if there is any, and where something lies at its border, what else there is."""
    everywhere = np.ones(light_HW.shape, np.bool_)
    whole = _layer(light_HW, everywhere)
    if whole is None:
        return []
    pieces = whole.pieces
    border_M = _border_pieces(pieces)
    if not border_M.any():
        return [whole]
    grown_HW = cv2.dilate(pieces.mask(border_M).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    rest = _layer(light_HW, ~grown_HW)
    if rest is None:
        return [whole]
    share = _foreign_share(pieces, border_M, rest.pieces)
    return [whole._replace(share=1 - share), rest._replace(share=share)]


def _layer(light_HW: Grey, seen_HW: Mask) -> Layer | None:
    """The ink of what is seen; None where it differs too little from the paper."""
    if not seen_HW.any():
        return None
    depth_HW, levels = depth_on_paper(light_HW, seen_HW)
    contrast = levels.ink - levels.paper
    if contrast < MIN_CONTRAST:
        return None
    ink_of_depth = np.clip(np.rint((np.arange(256) - levels.paper) * (255 / contrast)), 0, 255).astype(np.uint8)
    ink_HW = np.asarray(cv2.LUT(depth_HW, ink_of_depth), np.uint8)
    ink_HW[~seen_HW] = 0
    return Layer(ink_HW, seen_HW, levels.separability, _pieces(ink_HW))


def _pieces(ink_HW: Grey) -> Pieces:
    """The components of what is at least half ink. OpenCV's statistics take longer than its components: where these
    are few, they are measured one by one, and the paper not at all."""
    is_ink_HW = (ink_HW > 127).astype(np.uint8)
    count, labels_HW = cv2.connectedComponents(is_ink_HW, connectivity=8, ltype=cv2.CV_32S)
    if count > FEW_PIECES:
        _, labels_HW, stats_M5, _ = cv2.connectedComponentsWithStats(is_ink_HW, connectivity=8, ltype=cv2.CV_32S)
    else:
        masks = [is_ink_HW] if count == 2 else [(labels_HW == label).view(np.uint8) for label in range(1, count)]
        measured = [(*cv2.boundingRect(mask), cv2.countNonZero(mask)) for mask in masks]
        stats_M5 = np.array([(0,) * 5, *measured], np.int32)
    return Pieces(np.asarray(labels_HW, np.int32), np.asarray(stats_M5, np.int32))


def _border_pieces(pieces: Pieces) -> Mask:
    """(M + 1,) components that lie in the outer EDGE, and are cut by the border or go all around."""
    found_M = pieces.is_stroke_M & (_at_border(pieces) | _spans(pieces).all(axis=1))
    if found_M.any():
        height, width = pieces.labels_HW.shape
        top, left = round(EDGE * height), round(EDGE * width)
        inner_HW = pieces.labels_HW[top : height - top, left : width - left]
        found_M &= np.bincount(inner_HW.ravel(), minlength=len(found_M)) == 0
    return np.asarray(found_M)


def _spans(pieces: Pieces) -> Mask:
    """(M + 1, 2) whether a component is about as wide and as high as the picture."""
    height, width = pieces.labels_HW.shape
    return np.asarray(pieces.stats_M5[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]] >= SPAN * np.array([width, height]))


def _sides(pieces: Pieces) -> Mask:
    """(M + 1, 4) whether the left, upper, right, lower side of the picture cuts a component."""
    height, width = pieces.labels_HW.shape
    left_M, top_M, width_M, height_M = pieces.stats_M5[:, :4].T
    return np.stack([left_M == 0, top_M == 0, left_M + width_M == width, top_M + height_M == height], axis=1)


def _at_border(pieces: Pieces) -> Mask:
    """(M + 1,) components that the picture's border cuts."""
    return np.asarray(_sides(pieces).any(axis=1))


def _foreign_share(pieces: Pieces, border_M: Mask, rest: Pieces) -> float:
    """How probable it is that the pieces at the border are no strokes.

    A crop so tight that its border cuts the rest too has strokes there; a frame as wide as the strokes may be one.
    """
    if (_at_border(rest) & rest.is_stroke_M).any():
        return 0.0
    spans_m2 = _spans(pieces)[border_M]
    is_frame_m = spans_m2.all(axis=1)
    if not is_frame_m.any():
        if _sides(pieces)[border_M].any(axis=0).all():
            return ON_ALL_SIDES
        return FOREIGN_LINE if spans_m2.any() else FOREIGN_PIECE
    area = float(pieces.stats_M5[border_M, cv2.CC_STAT_AREA][is_frame_m].sum())
    thickness = area / (2 * sum(pieces.labels_HW.shape))
    if not THIN * rest.stroke_px <= thickness <= THICK * rest.stroke_px:
        return FOREIGN_FRAME
    return FRAME_LIKE_STROKES if _at_border(pieces)[border_M].any() else INNER_FRAME


def _around_character(layer: Layer) -> Grey:
    """The ink without dust, cut to its box, with paper around it."""
    pieces, every_M = layer.pieces, np.arange(len(layer.pieces.stats_M5)) > 0
    kept_M = pieces.is_stroke_M if pieces.is_stroke_M.any() else every_M
    soft = 1  # pixels: the soft border of a stroke
    box, near = (_widened(pieces.box(kept_M), by) for by in (soft, 2 * soft))
    ink_hw, labels_hw = layer.ink_HW[near], pieces.labels_HW[near]
    kept_hw = kept_M[labels_hw]
    dust_hw = (labels_hw > 0) & ~kept_hw
    if dust_hw.any():
        square = np.ones((3, 3), np.uint8)
        near_hw, around_hw = (cv2.dilate(mask.astype(np.uint8), square) > 0 for mask in (kept_hw, dust_hw))
        ink_hw = np.where(around_hw & ~near_hw, 0, ink_hw)
    inner = tuple(slice(wide.start - far.start, wide.stop - far.start) for wide, far in zip(box, near, strict=True))
    cut_hw = ink_hw[inner]
    return np.pad(cut_hw, round(MARGIN * max(cut_hw.shape)))


def _widened(box: tuple[slice, slice], by: int) -> tuple[slice, slice]:
    """The box with so many more rows and columns on all sides, as far as there are any."""
    rows, columns = (slice(max(0, side.start - by), side.stop + by) for side in box)
    return rows, columns


def _inner(seen_HW: Mask, axis: int) -> slice:
    """From the first to the last line of which at least half is seen."""
    lines = np.flatnonzero(seen_HW.mean(axis=axis) >= 0.5)
    return slice(lines[0], lines[-1] + 1) if len(lines) else slice(None)


def _mean_distance(mask_hw: Mask) -> float:
    """The mean distance of its pixels, of which there are some, from the nearest that is none of them, or outside."""
    distance_hw = cv2.distanceTransform(np.pad(mask_hw, 1).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    return float(distance_hw[1:-1, 1:-1][mask_hw].mean())
