"""Lines are found on pages as people scan and photograph them; what is no text is said to be none."""

from itertools import pairwise, product
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glyphlens.core.errors import InputError
from glyphlens.inference.line_bands import line_bands
from glyphlens.inference.page import LineImage, read_lines, text_pieces
from tests.inference.khmer_pages import TEXTS, Grey, khmer_font, page, scanned, turned

SIZE_PX, LEADING_PX = 40, 72
SLACK_PX = 6


@pytest.fixture(scope="module")
def faces(khmer_font_folder: Path) -> Path:
    return khmer_font_folder


def font(folder: Path, name: str = "battambang-khmer-400", size_px: int = SIZE_PX):
    return khmer_font(next(folder.glob(f"{name}-*.woff2")), size_px)


def alone(text: str, face) -> Grey:
    """The ink of a line drawn by itself."""
    return cropped(255 - page([text], face, LEADING_PX))


def cropped(ink: Grey) -> Grey:
    rows, columns = (np.flatnonzero((ink > 128).any(axis=axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def likeness(line: LineImage, text: str, face) -> float:
    """Correlation of a line's ink with the same text drawn alone, where they fit best."""
    wanted = np.pad(alone(text, face), 2)
    room = [
        (max(4, wanted.shape[0] - line.pixels_hw.shape[0]),) * 2,
        (max(4, wanted.shape[1] - line.pixels_hw.shape[1]),) * 2,
    ]
    return float(cv2.matchTemplate(np.pad(line.pixels_hw, room), wanted, cv2.TM_CCOEFF_NORMED).max())


def test_lines_come_from_top_to_bottom_each_with_its_own_marks(faces: Path) -> None:
    face = font(faces)
    lines = read_lines(page(TEXTS, face, LEADING_PX))
    assert len(lines) == len(TEXTS)
    assert [likeness(line, text, face) > 0.97 for line, text in zip(lines, TEXTS, strict=True)] == [True] * len(TEXTS)


@pytest.mark.parametrize("name", ["hanuman-khmer-500", "siemreap-khmer-400", "koulen-khmer-400"])
def test_marks_of_close_lines_interleave_and_are_parted(faces: Path, name: str) -> None:
    face = font(faces, name)
    leading_px = int(1.05 * max(alone(text, face).shape[0] for text in TEXTS))
    grey = page(TEXTS, face, leading_px)
    lines = read_lines(grey)
    assert len(lines) == len(TEXTS)
    assert any(upper.box.bottom > lower.box.top for upper, lower in pairwise(lines)), "no straight cut parts them"
    assert min(likeness(line, text, face) for line, text in zip(lines, TEXTS, strict=True)) > 0.97


@pytest.mark.parametrize("degrees", [-3.0, -1.0, 3.0, 8.0])
def test_a_page_askew_is_straightened(faces: Path, degrees: float) -> None:
    face = font(faces)
    lines = read_lines(turned(page(TEXTS, face, LEADING_PX), degrees))
    assert len(lines) == len(TEXTS)
    assert abs(lines[0].angle - degrees) <= 0.3
    assert likeness(lines[2], TEXTS[2], face) > 0.85


def test_a_place_is_told_on_the_picture_as_it_was_given(faces: Path) -> None:
    face = font(faces)
    straight = read_lines(page(TEXTS, face, LEADING_PX))
    askew = turned(page(TEXTS, face, LEADING_PX), 3)
    for line, plain in zip(read_lines(askew), straight, strict=True):
        left, top, right, bottom = line.box
        inside = askew[max(0, top) : bottom, max(0, left) : right]
        assert (inside < 128).sum() > 0.9 * (plain.pixels_hw > 128).sum()
        (x0, y0), (x1, y1), *_ = line.outline
        assert abs(np.degrees(np.arctan2(y1 - y0, x1 - x0)) - 3) < 0.4
        assert line.part(0, line.pixels_hw.shape[1]) == line.box


def test_light_text_on_dark_is_the_same(faces: Path) -> None:
    grey = page(TEXTS, font(faces), LEADING_PX)
    pairs = zip(read_lines(grey), read_lines(255 - grey), strict=True)
    assert all(np.array_equal(dark.pixels_hw, light.pixels_hw) for dark, light in pairs)


def test_a_fax_of_two_greys(faces: Path) -> None:
    grey = page(TEXTS, font(faces), LEADING_PX)
    assert len(read_lines(np.where(grey < 128, np.uint8(0), np.uint8(255)))) == len(TEXTS)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_scan_with_uneven_light_and_grain(faces: Path, seed: int) -> None:
    face = font(faces)
    lines = read_lines(scanned(turned(page(TEXTS, face, LEADING_PX), 1.5), seed))
    assert len(lines) == len(TEXTS)
    assert likeness(lines[4], TEXTS[4], face) > 0.8


def test_columns_are_read_one_after_the_other_below_their_title(faces: Path) -> None:
    small, title = font(faces, "siemreap-khmer-400", 28), font(faces, "moul-khmer-400", 44)
    left, right = (page(texts, small, 52, width_px=900) for texts in (TEXTS[:5], TEXTS[2:7]))
    head = page(["សេចក្ដីប្រកាសជាសកល"], title, 90, width_px=1800, margin_px=30)
    lines = read_lines(np.vstack([head, np.hstack([left, right])]))
    boxes = [line.box for line in lines]
    assert len(lines) == 11
    assert max(box.right for box in boxes[1:6]) < min(box.left for box in boxes[6:])
    assert boxes[0].bottom < min(box.top for box in boxes[1:]) + SLACK_PX
    assert [box.top for box in boxes[1:6]] == sorted(box.top for box in boxes[1:6])


@pytest.mark.parametrize("name", ["moul-khmer-400", "koulen-khmer-400", "battambang-khmer-900"])
def test_titles_are_whole_lines(faces: Path, name: str) -> None:
    assert len(read_lines(page(TEXTS[:4], font(faces, name), 90))) == 4


@pytest.mark.parametrize("text", [*TEXTS, "១២៣", "។", "AI", "ក"])
def test_a_picture_of_one_line_is_one_line(faces: Path, text: str) -> None:
    face = font(faces)
    ink = np.pad(alone(text, face), 4)
    (line,) = read_lines(255 - ink)
    assert likeness(line, text, face) > 0.97


def test_a_line_of_thirty_thousand_pixels(faces: Path) -> None:
    grey = page(TEXTS[:1], font(faces), LEADING_PX, margin_px=4)
    (line,) = read_lines(np.hstack([grey] * (30_000 // grey.shape[1] + 1)))
    assert line.pixels_hw.shape[1] > 29_000
    assert line.pixels_hw.shape[0] < 90


@given(st.integers(0, 4), st.integers(0, 4))
@settings(max_examples=8)
def test_margins_move_lines_and_change_nothing_else(faces: Path, down: int, right: int) -> None:
    grey = page(TEXTS[:3], font(faces), LEADING_PX)
    moved = np.pad(grey, ((16 * down, 0), (16 * right, 0)), constant_values=255)
    for line, other in zip(read_lines(grey), read_lines(moved), strict=True):
        assert np.array_equal(line.pixels_hw, other.pixels_hw)
        assert np.subtract(other.box, line.box).tolist() == [16 * right, 16 * down] * 2


def test_paper_without_text_is_said_to_be_empty() -> None:
    grain = np.random.default_rng(0).normal(200, 14, (800, 600)).clip(0, 255).astype(np.uint8)
    for empty in (np.full((800, 600), 255, np.uint8), np.zeros((50, 900), np.uint8), grain):
        with pytest.raises(InputError, match="no text"):
            read_lines(empty)


def test_text_on_its_side_is_said_to_be_so(faces: Path) -> None:
    grey = page(TEXTS, font(faces), LEADING_PX)
    for sideways in (np.rot90(grey), np.rot90(grey, 3), np.rot90(page(TEXTS[:1], font(faces), LEADING_PX))):
        with pytest.raises(InputError, match="on its side.*90°"):
            read_lines(np.ascontiguousarray(sideways))


def test_letters_too_small_to_be_read_are_said_to_be_so() -> None:
    dots = np.full((200, 200), 255, np.uint8)
    for row, column in product(range(20, 180, 12), range(20, 180, 9)):
        dots[row : row + 4, column : column + 4] = 0
    with pytest.raises(InputError, match=r"no text: .* pixels high"):
        read_lines(dots)


def test_ink_that_joins_three_lines_is_cut_between_each_two() -> None:
    ink = np.zeros((400, 600), np.uint8)
    for row in range(3):
        top = 120 + 34 * row
        for left in range(100, 500, 30):
            ink[top : top + 24, left : left + 20] = 255
    ink[130:200, 105:115] = 255
    bands = line_bands(text_pieces(ink))
    assert len(bands) == 3 and all(band.pieces.areas.min() > 0 and band.pieces.lefts.min() >= 100 for band in bands)
    assert [int(band.pieces.bottoms.max()) <= 120 + 34 * (row + 1) for row, band in enumerate(bands)] == [True] * 3
