"""Pictures: the same input gives the same bytes, glyphs survive the way into the page, absence is shown."""

import base64
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from glyphlens.evaluation.calibration import reliability_bins
from glyphlens.evaluation.charts import plot_accuracy_bars, plot_learning_curves, plot_reliability
from glyphlens.evaluation.pictures import Heat, Pair, centred, file_uri, folded, glyph_uri, plot_heat, plot_pairs

CURVE = pd.DataFrame({"step": [1, 2, 1, 1], "name": ["train_loss", "train_loss", "val_loss", "val_top1"], "value": 0.5})


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return picture.size


@given(st.integers(0, 120), st.integers(0, 120), st.integers(1, 8), st.integers(1, 8))
@settings(deadline=None)
def test_centring_moves_the_ink_and_loses_none(top: int, left: int, height: int, width: int) -> None:
    image = np.zeros((128, 128), np.uint8)
    image[top : top + height, left : left + width] = 255
    middle = centred(image)
    assert (middle > 0).sum() == height * width
    rows, columns = np.flatnonzero(middle.any(axis=1)), np.flatnonzero(middle.any(axis=0))
    assert abs(rows[0] - (127 - rows[-1])) <= 1 and abs(columns[0] - (127 - columns[-1])) <= 1
    assert (centred(middle) == middle).all()


def test_an_empty_picture_stays_empty() -> None:
    assert not centred(np.zeros((128, 128), np.uint8)).any()


def test_a_glyph_comes_back_from_its_address() -> None:
    image = np.zeros((128, 128), np.uint8)
    image[10:40, 5:9] = 255
    head, _, body = glyph_uri(image).partition(",")
    assert head == "data:image/png;base64"
    with Image.open(BytesIO(base64.b64decode(body))) as picture:
        ink = np.asarray(picture.convert("RGBA"))[..., 3] > 0  # the ground is transparent
    assert (ink == (centred(image) > 0)).all()
    assert len(body) < 400


@given(st.from_regex(r"[a-z]{1,9}(_[a-z]{1,9}){0,6}(\.(isol|init))?", fullmatch=True), st.integers(9, 30))
def test_a_folded_label_loses_nothing_and_keeps_its_width(label: str, characters: int) -> None:
    lines = folded(label, characters).split("\n")
    assert "".join(lines) == label
    assert all(len(line) <= max(characters, 10) for line in lines)  # the longest part, with its underscore
    assert len(label) > characters or len(lines) == 1


def test_an_absent_file_has_no_address(tmp_path: Path) -> None:
    assert file_uri(tmp_path / "none.png") is None


def draw_all(folder: Path) -> None:
    image = np.zeros((128, 128), np.uint8)
    image[:64, :32] = 255
    heat = np.zeros((16, 16))
    heat[0, 0], heat[1, 1] = 0.2, -0.1
    plot_learning_curves(folder / "curves.png", {"phase1": CURVE, "phase2": CURVE.iloc[:3]})
    plot_accuracy_bars(folder / "bars.png", ["a", "b"], [3, 0], {"x": [0.5, np.nan], "y": [0.4, np.nan]}, {"mean": 0.5})
    plot_reliability(folder / "bins.png", reliability_bins(np.array([0.5, 0.9]), np.array([True, False]), 5), 0.1)
    plot_pairs(folder / "pairs.png", [Pair(image, image, "beh.init", "teh.init", "1 of 2")] * 5, 4)
    plot_pairs(folder / "lonely.png", [Pair(image, None, "a_very_long_label_of_a_glyph.isol", "b", "")], 4)
    plot_heat(
        folder / "heat.png", [Heat(image, heat, "beh.init", "teh.init", "amiri"), Heat(image, heat * 0, "a", "b", "")]
    )


def test_the_same_chart_has_the_same_bytes(tmp_path: Path) -> None:
    draw_all(tmp_path / "a")
    draw_all(tmp_path / "b")
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert len(names) == 6
    for name in names:
        content = (tmp_path / "a" / name).read_bytes()
        assert content == (tmp_path / "b" / name).read_bytes()
        assert b"Software" not in content and b"tEXt" not in content
        assert min(size_of(tmp_path / "a" / name)) > 200


def test_nothing_to_show_is_a_picture_that_says_so(tmp_path: Path) -> None:
    plot_pairs(tmp_path / "pairs.png", [], 4)
    plot_heat(tmp_path / "heat.png", [])
    plot_reliability(tmp_path / "bins.png", reliability_bins(np.zeros(0), np.zeros(0, bool), 3), float("nan"))
    assert len(list(tmp_path.iterdir())) == 3
