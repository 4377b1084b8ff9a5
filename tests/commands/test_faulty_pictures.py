"""Pictures as people have them: each fault leaves the recogniser the same character as a clean picture does."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from benchmarks.picture_faults import FAULTS, faulty_file
from glyphlens.commands.image_pictures import Ink, Picture, read_pictures
from glyphlens.commands.model import open_model
from glyphlens.commands.predict import preparation
from glyphlens.inference.picture_readers import Prepare
from glyphlens.tracks.arabic.reader import fit_canvas
from tests.commands.test_predict_japanese import folder  # noqa: F401

Pixels = NDArray[np.uint8]
LOW = ("reduced to 32 px", "thin strokes, 32 px")


def drawn(*strokes: list[tuple[int, int]], pen: int = 9) -> Pixels:
    """(128, 128) ink 255 along lines through points (x, y)."""
    ink_HW = np.zeros((128, 128), np.uint8)
    for points in strokes:
        cv2.polylines(ink_HW, [np.array(points, np.int32)], False, 255, pen)
    return ink_HW


CHARACTERS = {
    "三": drawn([(25, 25), (100, 25)], [(32, 62), (94, 62)], [(12, 104), (114, 104)]),
    "ラ": drawn([(30, 20), (98, 20)], [(18, 48), (104, 48), (92, 80), (50, 112)]),
    "引": drawn(
        [(20, 20), (66, 20), (66, 48), (22, 48), (16, 74), (68, 74), (60, 112), (44, 104)], [(106, 14), (106, 114)]
    ),
    "ب": drawn([(14, 40), (22, 66), (104, 66), (112, 40)], [(62, 94), (63, 94)], pen=13),
    "門": drawn(
        [(14, 16), (14, 112)], [(14, 16), (54, 16), (54, 54), (14, 54)], [(14, 36), (54, 36)],
        [(114, 16), (114, 112)], [(114, 16), (74, 16), (74, 54), (114, 54)], [(114, 36), (74, 36)], pen=6,
    ),
}  # fmt: skip


@pytest.fixture(params=["glyph", "character"])
def prepare(request: pytest.FixtureRequest, folder: Path) -> Prepare:  # noqa: F811
    """Of the Arabic glyphs, and of the Japanese characters."""
    return fit_canvas if request.param == "glyph" else preparation(open_model(folder, 1), diacritic=False)


@pytest.fixture
def see(tmp_path: Path, prepare: Prepare) -> Callable[..., Picture]:
    def read(content: bytes | Pixels, ink: Ink = "auto") -> Picture:
        path = tmp_path / "picture.png"
        path.write_bytes(content) if isinstance(content, bytes) else Image.fromarray(content).save(path)
        (picture,) = read_pictures(path, prepare, ink)
        return picture

    return read


def likeness(one_hw: Pixels, other_hw: Pixels) -> float:
    """The ink that two pictures share, of all that either has, strokes one pixel wider: 1 is the same."""
    wide, more = (cv2.dilate(each, np.ones((3, 3), np.uint8)).astype(float) for each in (one_hw, other_hw))
    return float(np.minimum(wide, more).sum() / np.maximum(wide, more).sum())


@pytest.mark.parametrize("character", CHARACTERS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_leaves_the_character(see: Callable[..., Picture], fault: str, character: str) -> None:
    clean = see(faulty_file(CHARACTERS[character], "clean", 0))
    faulty = see(faulty_file(CHARACTERS[character], fault, 1))
    assert clean.pixels_hw is not None and faulty.fault == ""
    likenesses = [likeness(way.pixels_hw, clean.pixels_hw) for way in faulty.ways]
    assert max(likenesses) > (0.6 if fault in LOW else 0.8), "no way to see it is the character"
    assert likenesses[0] == max(likenesses) or faulty.ways[0].share < 0.9, "sure of what is none of it"


@pytest.mark.parametrize("character", CHARACTERS)
def test_a_margin_leaves_no_doubt(see: Callable[..., Picture], character: str) -> None:
    for fault in ("clean", "light on dark", "ink 20 on paper 110", "JPEG, quality 30"):
        (way,) = see(faulty_file(CHARACTERS[character], fault, 2)).ways
        assert way.share == 1 and way.seen_as == ("light ink" if fault == "light on dark" else "dark ink")


def test_a_frame_as_thick_as_the_strokes_may_be_one(see: Callable[..., Picture]) -> None:
    """国 in a tight crop, or 玉 in a frame."""
    inner = drawn([(38, 34), (90, 34)], [(40, 62), (88, 62)], [(34, 96), (94, 96)], [(64, 34), (64, 96)], pen=8)
    framed = cv2.rectangle(inner.copy(), (3, 3), (124, 124), 255, 8)
    ways = see(255 - framed).ways
    plain, alone = (see(255 - np.pad(each, 9)).pixels_hw for each in (framed, inner))
    assert plain is not None and alone is not None
    seen = [max(likeness(way.pixels_hw, wanted) for way in ways) for wanted in (plain, alone)]
    assert min(seen) > 0.9
    assert max(way.share for way in ways) < 0.9
    assert [way.seen_as for way in ways if likeness(way.pixels_hw, alone) > 0.9] == [
        "dark ink, without what lies at the border"
    ]


def test_what_is_known_of_the_ink_is_taken(see: Callable[..., Picture]) -> None:
    ink_HW = CHARACTERS["門"]
    (way,) = see(255 - ink_HW, "light").ways
    assert way.seen_as == "light ink"
    assert likeness(way.pixels_hw, see(ink_HW, "dark").ways[0].pixels_hw) == 1
