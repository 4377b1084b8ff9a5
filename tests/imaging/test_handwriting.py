"""Cells are drawn with OpenCV: a cell of ETL9G is 128×127 with 16 grey levels, one of ETL1 64×63."""

import os
import platform
import subprocess
import sys

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from glyphlens.imaging.handwriting import HandwritingParams, prepare
from tests.checkout import ROOT

PARAMS = HandwritingParams(
    image_px=64, box_px=56, edge_share=0.125, speck_share=0.0008, min_contrast=30, blur_sigma_px=0.5
)
# い, 小 and 口 with a voicing mark, as lines in a square of 100.
SHAPES = {
    "i": [[(10, 20), (15, 70), (30, 80)], [(75, 25), (90, 60)]],
    "small": [[(50, 0), (50, 95), (40, 85)], [(20, 35), (0, 70)], [(75, 35), (100, 70)]],
    "mouth": [[(5, 10), (5, 90), (85, 90), (85, 10), (5, 10)], [(92, 0), (95, 8)], [(98, -3), (100, 5)]],
}
Image = NDArray[np.uint8]


def cell(
    name: str = "mouth", side: float = 60, at: tuple[float, float] = (34, 33), dark: int = 255, pen: int = 4
) -> Image:
    """(127, 128): a shape of ``side`` pixels whose upper left corner is ``at``; anti-aliased."""
    image = np.zeros((127, 128), np.uint8)
    for line in SHAPES[name]:
        points = np.rint((np.array(line) * side / 100 + at) * 16).astype(np.int32)
        cv2.polylines(image, [points], False, dark, pen, cv2.LINE_AA, shift=4)
    return image


def one(image: Image, params: HandwritingParams = PARAMS) -> Image:
    return np.asarray(prepare(image[None], params)[0])


def apart(first: Image, second: Image) -> float:
    """Mean difference of pixels where either has ink, of 255."""
    inked = (first > 0) | (second > 0)
    return float(np.abs(first.astype(int) - second)[inked].mean())


def box(image: Image) -> tuple[int, int, int, int]:
    rows, columns = (np.flatnonzero((image >= 64).any(axis=axis)) for axis in (1, 0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


# ── what must not matter ─────────────────────────────────────────────────────────────────────
@settings(max_examples=25, deadline=None)
@given(st.sampled_from(sorted(SHAPES)), st.integers(18, 50), st.integers(18, 48))
def test_the_place_in_the_cell(name: str, x: int, y: int) -> None:
    assert apart(one(cell(name, at=(x, y))), one(cell(name, at=(34, 33)))) < 6


@settings(max_examples=25, deadline=None)
@given(st.integers(85, 255), st.integers(0, 60))
def test_the_darkness_of_ink_and_paper(dark: int, paper: int) -> None:
    faint = (cell() * ((dark - 0.2 * paper) / 255)).astype(np.uint8) + np.uint8(0.2 * paper)
    assert apart(one(faint), one(cell())) < 12


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(sorted(SHAPES)), st.floats(45, 88))
def test_the_size(name: str, side: float) -> None:
    large, small = cell(name, 88, at=(18, 18), pen=9), cell(name, side, at=(18, 18), pen=round(side / 88 * 9))
    assert np.corrcoef(one(large).ravel(), one(small).ravel())[0, 1] > 0.88


@pytest.mark.parametrize("depth_bits", [1, 4, 6])
def test_the_depth_of_the_scan(depth_bits: int) -> None:
    levels = (1 << depth_bits) - 1
    rounded = (np.rint(cell() / 255 * levels) * (255 // levels)).astype(np.uint8)
    assert apart(one(rounded), one(cell())) < 30


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_pieces_of_neighbours_and_frame_lines(seed: int) -> None:
    """Whatever lies in the outer eighth, and darker than the character itself."""
    rng = np.random.default_rng(seed)
    image = cell("mouth", 58, at=(35, 34), dark=150)
    expected = one(image)
    rim = np.ones((127, 128), bool)
    rim[15:-15, 15:-15] = False
    dirt = (cv2.blur(rng.integers(0, 2, (127, 128)).astype(np.float32), (3, 3)) > 0.5) & rim
    dirt[:, 6:8] = dirt[120:122] = rng.random() < 0.7
    dirt &= rim
    dirty = np.where(dirt, rng.integers(60, 256), image).astype(np.uint8)
    assert np.array_equal(one(dirty), expected)


def test_specks_do_not_decide_the_box() -> None:
    dirty = cell("small", 50, at=(40, 40))
    for x, y in [(20, 20), (108, 22), (24, 104), (100, 108)]:
        dirty[y : y + 2, x : x + 2] = 255
    assert np.array_equal(one(dirty), one(cell("small", 50, at=(40, 40))))


def test_noisy_paper() -> None:
    rng = np.random.default_rng(0)
    clean = cell("i", 70, at=(30, 30), dark=160)
    noisy = np.clip(clean * 0.8 + rng.normal(45, 12, clean.shape), 0, 255).astype(np.uint8)
    assert apart(one(noisy), one(clean)) < 35
    top, bottom, left, right = box(one(noisy))
    assert one(noisy)[top:bottom, left:right].mean() < 100 and one(noisy)[:3].max() == 0


def test_other_images_of_the_batch() -> None:
    images = np.stack([cell(name, side, at=(20, 22)) for name in SHAPES for side in range(40, 90)])
    together = prepare(images, PARAMS)
    assert np.array_equal(together[::7], np.stack([one(image) for image in images[::7]]))
    assert np.array_equal(prepare(images[::-1], PARAMS), together[::-1])
    assert prepare(images[:0], PARAMS).shape == (0, 64, 64)


SCANS = """
import hashlib
import numpy as np
from glyphlens.imaging.handwriting import HandwritingParams, prepare
from tests.imaging.test_handwriting import PARAMS, SHAPES, cell
rng = np.random.default_rng(0)
clean = [cell(name, rng.uniform(40, 88), tuple(rng.uniform(16, 24, 2)), 200, 6) for name in SHAPES for _ in range(60)]
noisy = np.clip(np.stack(clean) * 0.8 + rng.normal(40, 10, (len(clean), 127, 128)), 0, 255)
print(hashlib.sha256(prepare(noisy.astype(np.uint8) // 17 * 17, PARAMS).tobytes()).hexdigest())
"""


@pytest.mark.slow
def test_threads_and_kernels_of_the_linear_algebra() -> None:
    """OpenBLAS adds up in another order with more threads and on other processors: no sum may be rounded before it."""
    settings = [{"OPENBLAS_NUM_THREADS": str(threads)} for threads in (1, 2)]
    if platform.machine() == "x86_64":
        settings += [{"OPENBLAS_CORETYPE": kernel, "OPENBLAS_NUM_THREADS": "1"} for kernel in ("Haswell", "Nehalem")]
    environments = [os.environ | setting | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"} for setting in settings]
    answers = [
        subprocess.run(
            [sys.executable, "-c", SCANS], env=environment, capture_output=True, text=True, check=True
        ).stdout
        for environment in environments
    ]
    assert len(set(answers)) == 1


# ── what must be kept ────────────────────────────────────────────────────────────────────────
@settings(max_examples=25, deadline=None)
@given(st.sampled_from(sorted(SHAPES)), st.floats(45, 88), st.sampled_from([3, 4, 7]))
def test_the_longer_side_is_the_box_and_the_middle_the_middle(name: str, side: float, pen: int) -> None:
    top, bottom, left, right = box(one(cell(name, side, at=(19, 20), pen=pen)))
    assert abs(max(bottom - top, right - left) - 56) <= 1
    assert abs(top + bottom - 64) <= 2 and abs(left + right - 64) <= 2


def test_the_aspect() -> None:
    bar = np.zeros((127, 128), np.uint8)
    bar[60:66, 30:90] = 255
    top, bottom, left, right = box(one(bar))
    assert (right - left, bottom - top) == (56, 6)


def test_a_mark_that_reaches_out_of_the_edge() -> None:
    """A voicing mark that begins in the outer eighth is the character's; wholly inside it, it is the neighbour's."""
    shape = cell("small", 55, at=(40, 42))
    kept, cleared = shape.copy(), shape.copy()
    kept[12:22, 98:102] = 255
    cleared[4:14, 98:102] = 255
    assert np.array_equal(one(cleared), one(shape))
    assert one(kept)[4:10, 45:].max() > 200 and not np.array_equal(one(kept), one(shape))


def test_a_stroke_that_runs_through_the_edge_is_whole() -> None:
    line = np.zeros((127, 128), np.uint8)
    line[62:67, 3:125] = 255
    top, bottom, left, right = box(one(line))
    assert right - left == 56 and bottom - top in (2, 3)


@pytest.mark.parametrize("place", [(2, 40), (60, 2), (118, 60), (30, 120)])
def test_what_lies_only_in_the_edge_is_kept_where_there_is_nothing_else(place: tuple[int, int]) -> None:
    image = np.zeros((127, 128), np.uint8)
    image[place[0] : place[0] + 6, place[1] : place[1] + 6] = 200
    top, bottom, left, right = box(one(image))
    assert max(bottom - top, right - left) in (55, 56, 57)


def test_a_full_stop_is_no_speck_where_it_is_alone() -> None:
    image = np.zeros((63, 64), np.uint8)
    image[40:42, 20:22] = 187
    assert one(image).max() > 200


@pytest.mark.parametrize("level", [0, 7, 255])
def test_a_blank_cell_is_blank(level: int) -> None:
    blank = np.full((127, 128), level, np.uint8)
    assert one(blank).max() == 0
    grain = blank - (np.random.default_rng(0).integers(0, 2, blank.shape) * (17 if level == 255 else 0)).astype(
        np.uint8
    )
    assert one(grain).max() == 0


# ── shapes, sizes, settings ──────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("shape", [(127, 128), (63, 64), (60, 60), (76, 72), (64, 64), (300, 210), (30, 20)])
def test_cells_of_any_size(shape: tuple[int, int]) -> None:
    images = np.zeros((len(SHAPES), *shape), np.uint8)
    side = min(shape)
    for number, name in enumerate(SHAPES):
        square = cv2.resize(cell(name, 80, at=(24, 23), pen=9), (side, side), interpolation=cv2.INTER_AREA)
        images[number, :side, :side] = square
    for image, name in zip(prepare(images, PARAMS), SHAPES, strict=True):
        assert np.corrcoef(image.ravel(), one(cell(name, 80, at=(24, 23), pen=9)).ravel())[0, 1] > 0.8


def test_sides_are_parameters() -> None:
    params = PARAMS.model_copy(update={"image_px": 48, "box_px": 40, "blur_sigma_px": 0.0})
    sharp = one(cell(), params)
    top, bottom, left, right = box(sharp)
    assert sharp.shape == (48, 48) and abs(max(bottom - top, right - left) - 40) <= 1
    blurred = one(cell(), params.model_copy(update={"blur_sigma_px": 1.0}))
    assert blurred.max() < sharp.max() and abs(int(blurred.sum()) - int(sharp.sum())) < 0.03 * sharp.sum()


def test_what_is_no_image_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(N, H, W\) uint8, found \(1, 8, 8\) float32"):
        prepare(np.zeros((1, 8, 8), np.float32), PARAMS)
    with pytest.raises(ValueError, match=r"found \(8, 8\) uint8"):
        prepare(np.zeros((8, 8), np.uint8), PARAMS)
    with pytest.raises(ValueError, match=r"box_px \(70\) must not exceed image_px \(64\)"):
        prepare(np.zeros((1, 8, 8), np.uint8), PARAMS.model_copy(update={"box_px": 70}))
