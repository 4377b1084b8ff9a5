"""A picture of printed text → its lines: ink found on uneven paper, straightened, cut into columns and lines.

Marks of close lines interleave, so that no straight cut parts them: every connected piece of ink belongs to the line
whose letters, or marks already given to it, are nearest.

H×W pixels of a page · h×w of a line · M connected pieces of ink · L lines
"""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from glyphlens.core.errors import InputError
from glyphlens.imaging.line_images import prepare_line
from glyphlens.inference.line_bands import Band, Pieces, line_bands

Ink = NDArray[np.uint8]

MIN_CONTRAST = 24  # grey levels of 255 between paper and ink, on the mean over …
GRAIN_PX = 5  # … squares of so many pixels
LEAST_LETTER_PX = 5  # text whose letters are lower cannot be read
MOST_INK = 0.6  # of a picture; more is no text
BACKGROUND_SHARE = 24  # the paper is looked for in windows of this share of the picture's longer side …
LEAST_WINDOW_PX = 24  # … and of at least so many pixels
RULE_ASPECT = 12  # a piece so many times as long as it is thick is a rule …
LARGE = 6  # … and one so many times as high as letters is a picture or a frame
SKEW_RANGE_DEG, SKEW_STEP_DEG, FINE_STEP_DEG = 12.0, 0.5, 0.1
LEAST_SKEW_DEG = 0.15  # less is left as it is: turning blurs
SKEW_POINTS = 40_000  # pixels of ink that are looked at
SKEW_LETTERS, SKEW_WIDTH = 12, 4  # letters that there must be, and how wide text must be, to tell its slope
SKEW_GAIN = 1.03  # how much sharper lines must become for a page to be turned
SIDEWAYS_GAIN = 2.5  # how much more columns of pixels must differ than rows for text that stands on its side
LINE_SCALES = 0.4, 2.5  # letters: what is finer is strokes, what is coarser is blocks of text
# Of a line's own letters' height: room above and below them that a line has in any case, and around its ink.
ROOM_ABOVE, ROOM_BELOW, PADDING = 0.45, 0.3, 0.12
ERASED_PX = 1  # around the ink of another line


class Box(NamedTuple):
    """A rectangle of pixels of the picture as it was given; right and bottom lie outside."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True)
class LineImage:
    """One line of text, straight: ink (h, w) uint8, 0 paper to 255.

    ``outline`` are its four corners (x, y) on the picture as it was given, from the top left on clockwise; ``angle``
    is the slope of the text there, in degrees, positive where it falls to the right.
    """

    pixels_hw: Ink
    outline: tuple[tuple[float, float], ...]
    angle: float

    @property
    def box(self) -> Box:
        """The upright rectangle around the outline."""
        xs, ys = zip(*self.outline, strict=True)
        return Box(int(min(xs)), int(min(ys)), int(np.ceil(max(xs))), int(np.ceil(max(ys))))

    def part(self, left_px: float, right_px: float) -> Box:
        """The upright rectangle, on the picture as it was given, around columns of ``pixels_hw``."""
        (top_left, top_right, _, bottom_left), width = self.outline, self.pixels_hw.shape[1]
        along = np.subtract(top_right, top_left) / width
        corners = [np.add(corner, along * x) for corner in (top_left, bottom_left) for x in (left_px, right_px)]
        (left, top), (right, bottom) = np.min(corners, axis=0), np.max(corners, axis=0)
        return Box(int(left), int(top), int(np.ceil(right)), int(np.ceil(bottom)))


def read_lines(grey_HW: NDArray[np.uint8]) -> list[LineImage]:
    """The lines of a picture in reading order, columns one after the other; (H, W) uint8 grey, either polarity.

    Raises InputError where there is no text, or it is too small or stands on its side.
    """
    strength_HW = page_ink(grey_HW)
    pieces = text_pieces(strength_HW)
    angle = skew_of(pieces)
    turn = Turn.of(strength_HW.shape, angle)
    if angle:
        strength_HW = turn.apply(strength_HW)
        pieces = text_pieces(strength_HW)
    _require_upright(pieces)
    bands = line_bands(pieces)
    return [_line(strength_HW, pieces, band, turn) for band in bands]


def page_ink(grey_HW: NDArray[np.uint8]) -> Ink:
    """(H, W) uint8 ink, paper 0 and the strongest ink 255: what differs from the paper around it.

    The paper is what most of the picture is; its shade may differ from place to place. Raises InputError where
    nothing stands out.
    """
    low, middle, high = np.percentile(grey_HW, (0.5, 50, 99.5))
    dark_on_light = middle - low >= high - middle
    light_HW = grey_HW if dark_on_light else 255 - grey_HW
    paper_HW = _paper(light_HW)
    strength_HW = paper_HW - light_HW.astype(np.float32)
    strength_HW = np.clip(strength_HW - np.median(strength_HW), 0, None)  # grain makes the closing too light
    strokes = float(cv2.blur(strength_HW, (GRAIN_PX, GRAIN_PX)).max())  # grain is gone, strokes are not
    if strokes < MIN_CONTRAST:
        raise InputError(f"no text: ink and paper differ by {strokes:.0f} grey levels, {MIN_CONTRAST} are needed")
    strongest = max(float(np.percentile(strength_HW, 99.9)), float(strength_HW.max()) / 2)
    return np.asarray(np.rint(np.minimum(strength_HW * (255 / strongest), 255)), np.uint8)


def _paper(light_HW: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(H, W) the shade of the paper under dark ink: a closing that no letter survives, smoothed (Serra 1982)."""
    height, width = light_HW.shape
    window_px = max(LEAST_WINDOW_PX, min(max(height, width) // BACKGROUND_SHARE, 4 * min(height, width)))
    step = max(1, window_px // LEAST_WINDOW_PX)
    small = cv2.resize(light_HW, (-(-width // step), -(-height // step)), interpolation=cv2.INTER_AREA)
    small = cv2.medianBlur(small, 3) if min(small.shape) >= 3 else small  # one light speck is no paper
    side = max(3, window_px // step) | 1
    closed = cv2.morphologyEx(
        small, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8), borderType=cv2.BORDER_REFLECT_101
    )
    smooth = cv2.blur(closed, (side, side), borderType=cv2.BORDER_REPLICATE)
    large = cv2.resize(smooth.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(large, np.float32)


def text_pieces(strength_HW: Ink) -> Pieces:
    """The connected pieces of ink that can be text: no rules, pictures, frames and specks.

    Raises InputError where there is none.
    """
    threshold, _ = cv2.threshold(strength_HW, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    binary_HW = (strength_HW > max(threshold, MIN_CONTRAST)).astype(np.uint8)  # of two greys Otsu's threshold is 0
    if binary_HW.mean() > MOST_INK:
        raise InputError(f"no text: {binary_HW.mean():.0%} of the picture is ink")
    count, labels_HW, stats, _ = cv2.connectedComponentsWithStats(binary_HW, connectivity=8, ltype=cv2.CV_32S)
    pieces = Pieces.of(np.asarray(labels_HW, np.int32), np.asarray(stats[1:count], np.int32))
    letter_px = pieces.letter_px
    if letter_px < LEAST_LETTER_PX:
        raise InputError(f"no text: what stands out is {letter_px:.0f} pixels high, letters have {LEAST_LETTER_PX}")
    width, height = pieces.widths, pieces.heights
    is_rule = (width > RULE_ASPECT * height) & (width > 3 * letter_px)
    is_rule |= (height > RULE_ASPECT * width) & (height > 3 * letter_px)
    is_large = height > LARGE * letter_px
    is_speck = pieces.areas < max(3.0, (0.09 * letter_px) ** 2)
    return pieces.kept(~(is_rule | is_large | is_speck))


def skew_of(pieces: Pieces) -> float:
    """The slope of lines of text, in degrees, 0 where it is too little to matter or the lines are too short to tell.

    The angle under which the rows of a page differ most: Postl 1986, "Detection of linear oblique structures and skew
    scan in digitized documents".
    """
    ys, xs = np.nonzero(pieces.mask_HW)
    if pieces.widths.sum() < SKEW_LETTERS * pieces.letter_px or np.ptp(xs) < SKEW_WIDTH * pieces.letter_px:
        return 0.0
    if len(xs) > SKEW_POINTS:
        chosen = np.linspace(0, len(xs) - 1, SKEW_POINTS).astype(np.int64)
        ys, xs = ys[chosen], xs[chosen]
    coarse = np.arange(-SKEW_RANGE_DEG, SKEW_RANGE_DEG + SKEW_STEP_DEG / 2, SKEW_STEP_DEG)
    best = max(coarse, key=lambda angle: _sharpness(xs, ys, angle))
    fine = np.arange(best - SKEW_STEP_DEG, best + SKEW_STEP_DEG + FINE_STEP_DEG / 2, FINE_STEP_DEG)
    best = max(fine, key=lambda angle: _sharpness(xs, ys, angle))
    is_sharper = _sharpness(xs, ys, best) > SKEW_GAIN * _sharpness(xs, ys, 0.0)
    return round(float(best), 1) if abs(best) >= LEAST_SKEW_DEG and is_sharper else 0.0


def _sharpness(xs: NDArray[np.int64], ys: NDArray[np.int64], angle: float) -> float:
    radians = np.deg2rad(angle)
    rows = ys * np.cos(radians) - xs * np.sin(radians)
    profile = np.bincount((rows - rows.min()).astype(np.int64)).astype(np.float64)
    return float((np.diff(profile, prepend=0, append=0) ** 2).sum())


@dataclass(frozen=True)
class Turn:
    """A turn about the middle of a picture that makes text straight, on a canvas that keeps all corners."""

    matrix_23: NDArray[np.float64]
    size: tuple[int, int]  # width, height
    angle: float

    @classmethod
    def of(cls, shape: tuple[int, ...], angle: float) -> "Turn":
        """The turn of a picture (H, W) whose lines slope by ``angle`` degrees."""
        height, width = shape[:2]
        matrix_23 = np.asarray(cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0), np.float64)
        radians = abs(np.deg2rad(angle))
        turned_w = int(np.ceil(width * np.cos(radians) + height * np.sin(radians)))
        turned_h = int(np.ceil(width * np.sin(radians) + height * np.cos(radians)))
        matrix_23[:, 2] += np.array([turned_w - width, turned_h - height]) / 2
        return cls(matrix_23, (turned_w, turned_h), angle)

    def apply(self, strength_HW: Ink) -> Ink:
        """The turned picture; what comes in at the corners is paper."""
        return np.asarray(cv2.warpAffine(strength_HW, self.matrix_23, self.size, flags=cv2.INTER_CUBIC), np.uint8)

    def back(self, corners: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points (n, 2) of the turned picture on the one that was given."""
        inverse = cv2.invertAffineTransform(self.matrix_23)
        return np.asarray(corners @ inverse[:, :2].T + inverse[:, 2])


def _require_upright(pieces: Pieces) -> None:
    """Raise InputError where the letters stand in columns and not in rows."""
    rows, columns = (_contrast_of_lines(pieces, axis) for axis in (1, 0))
    if columns > SIDEWAYS_GAIN * rows:
        raise InputError("the text stands on its side, or runs from top to bottom; turn the picture by 90°")


def _contrast_of_lines(pieces: Pieces, axis: int) -> float:
    """How much ink differs from line to line, where lines run along an axis, in shares of the mean."""
    fine, coarse = (scale * pieces.letter_px for scale in LINE_SCALES)
    profile = np.trim_zeros(pieces.mask_HW.sum(axis=axis).astype(np.float64))
    padded = np.pad(profile, int(2 * coarse))
    return float(np.std(gaussian_filter1d(padded, fine) - gaussian_filter1d(padded, coarse)) / padded.mean())


def _line(strength_HW: Ink, pieces: Pieces, band: Band, turn: Turn) -> LineImage:
    own = band.pieces
    height, width = strength_HW.shape
    pad = PADDING * band.letter_px
    top = min(own.tops.min(), band.top - ROOM_ABOVE * band.letter_px) - pad
    bottom = max(own.bottoms.max(), band.bottom + ROOM_BELOW * band.letter_px) + pad
    top_px, bottom_px = max(0, int(top)), min(height, int(np.ceil(bottom)))
    left_px, right_px = max(0, int(own.lefts.min() - pad)), min(width, int(np.ceil(own.rights.max() + pad)))
    cut = (slice(top_px, bottom_px), slice(left_px, right_px))
    ink_hw = strength_HW[cut].copy()
    foreign = pieces.mask(cut) & ~own.mask(cut)
    if foreign.any():
        around = cv2.dilate(foreign.astype(np.uint8), np.ones((2 * ERASED_PX + 1,) * 2, np.uint8)) > 0
        ink_hw[around & ~own.mask(cut)] = 0
    corners = np.array([(left_px, top_px), (right_px, top_px), (right_px, bottom_px), (left_px, bottom_px)], np.float64)
    outline = tuple((float(x), float(y)) for x, y in turn.back(corners))
    return LineImage(prepare_line(255 - ink_hw, ink_hw.shape[0]), outline, turn.angle)
