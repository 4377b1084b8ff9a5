from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from glyphlens.commands.image_pictures import read_pictures
from glyphlens.core.errors import InputError
from glyphlens.tracks.arabic.reader import fit_canvas


def corner(height: int = 60, width: int = 40) -> np.ndarray:
    """A thick L: (height, width) ink 0 or 255."""
    ink = np.zeros((height, width), np.uint8)
    ink[:, : width // 4] = ink[-height // 5 :] = 255
    return ink


def on_paper(ink: np.ndarray, pad: int = 9) -> np.ndarray:
    return 255 - np.pad(ink, ((pad, 2 * pad), (pad, pad)))


@pytest.fixture
def read(tmp_path):
    def save_and_read(image: Image.Image, suffix: str = ".png", prepare=fit_canvas, **options) -> np.ndarray:
        path = tmp_path / f"glyph{suffix}"
        image.save(path)
        (picture,) = read_pictures(path, prepare, **options)
        if picture.pixels_hw is None:
            raise InputError(picture.fault)
        return picture.pixels_hw

    return save_and_read


EXPECTED = fit_canvas(corner(), 128)


def test_dark_on_light_fills_the_longer_side(read):
    canvas = read(Image.fromarray(on_paper(corner())))
    assert np.array_equal(canvas, EXPECTED)
    assert canvas.dtype == np.uint8 and set(np.unique(canvas)) == {0, 255}
    assert canvas[127, 0] == 255 and canvas[127, 84] == 255 and not canvas[:, 86:].any()


def test_light_on_dark_is_the_same_glyph(read):
    assert np.array_equal(read(Image.fromarray(255 - on_paper(corner()))), EXPECTED)


@pytest.mark.parametrize("tone", [0, 255])
def test_ink_on_transparency_of_either_tone(read, tone):
    alpha = 255 - on_paper(corner())
    rgba = np.dstack([np.full_like(alpha, tone)] * 3 + [alpha])
    assert np.array_equal(read(Image.fromarray(rgba, "RGBA")), EXPECTED)


@pytest.mark.parametrize("mode", ["1", "P", "RGB", "CMYK", "LA"])
def test_every_mode_is_read(read, mode):
    image = Image.fromarray(on_paper(corner())).convert(mode)
    assert np.array_equal(read(image, ".tif" if mode == "CMYK" else ".png"), EXPECTED)


def test_lightness_is_read_of_lab(read):
    """As scanners save it for print: Pillow itself converts it by a colour profile only."""
    lightness = Image.fromarray(on_paper(corner()))
    neutral = Image.new("L", lightness.size, 128)
    assert np.array_equal(read(Image.merge("LAB", (lightness, neutral, neutral)), ".tif"), EXPECTED)


def test_sixteen_bits_and_low_contrast(read):
    deep = (on_paper(corner()).astype(np.uint16) * 40) + 9000
    assert np.array_equal(read(Image.fromarray(deep)), EXPECTED)
    pale = (on_paper(corner()) // 4 + 120).astype(np.uint8)
    assert np.array_equal(read(Image.fromarray(pale)), EXPECTED)


def test_a_lossy_picture_is_nearly_the_same(read):
    image = Image.fromarray(on_paper(corner())).resize((232, 348), Image.Resampling.BICUBIC)
    assert (read(image, ".jpg") != EXPECTED).mean() < 0.01


def test_a_mark_is_drawn_half_as_large(read):
    canvas = read(Image.fromarray(on_paper(corner())), prepare=partial(fit_canvas, target_px=64))
    assert canvas[63, 0] == 255 and not canvas[64:].any()


def test_a_tight_crop_needs_to_be_told(read):
    bar = Image.fromarray(np.zeros((50, 10), np.uint8))
    with pytest.raises(InputError, match="nothing to see: ink and paper differ by 0"):
        read(bar)
    tight = Image.fromarray(255 - corner(20, 20))
    assert np.array_equal(read(tight, ink="dark"), fit_canvas(corner(20, 20), 128))


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(0, 20))
def test_the_longer_side_fits_and_the_glyph_is_anchored(height, width, pad):
    canvas = fit_canvas(np.pad(np.full((height, width), 255, np.uint8), pad), 128)
    rows, columns = np.flatnonzero(canvas.any(axis=1)), np.flatnonzero(canvas.any(axis=0))
    assert rows[0] == columns[0] == 0 and max(rows[-1], columns[-1]) == 127
    assert min(len(rows), len(columns)) == max(1, round(128 * min(height, width) / max(height, width)))


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (Image.new("L", (30, 30), 200), "nothing to see"),
        (Image.new("RGBA", (30, 30), (9, 9, 9, 0)), "wholly transparent"),
    ],
)
def test_empty_pictures_are_refused(read, image, message):
    with pytest.raises(InputError, match=message):
        read(image)


def test_broken_files_are_refused(tmp_path):
    text, cut = tmp_path / "text.png", tmp_path / "cut.png"
    text.write_text("no image")
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 90), dtype=np.uint8)).save(cut)
    cut.write_bytes(cut.read_bytes()[:2000])
    for path, message in ((text, "not an image"), (cut, "cannot be read"), (tmp_path / "gone.png", "no such file")):
        (picture,) = read_pictures(path, fit_canvas)
        assert picture.pixels_hw is None and message in picture.fault


@settings(deadline=None, max_examples=5)
@given(st.sampled_from(["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "F"]), st.sampled_from([4000, 6200]))
def test_a_large_picture_is_the_same_glyph(tmp_path_factory, mode, side):
    ink = np.kron(on_paper(corner(150, 100)), np.ones((side // 180, side // 180), np.uint8))
    image = Image.fromarray(ink)
    large = Image.fromarray(ink.astype(np.uint16) * 200) if mode == "I;16" else image.convert(mode)
    path = tmp_path_factory.mktemp("large") / "large.tif"
    large.save(path)
    (picture,) = read_pictures(path, fit_canvas)
    assert (picture.pixels_hw != fit_canvas(corner(150, 100))).mean() < 0.01


@pytest.mark.parametrize("size", [(70_000, 3), (3, 70_000)])
def test_a_very_long_picture_is_read(read, size):
    image = Image.new("L", size, 255)
    image.paste(0, (100, 1, 60_000, 2) if size[0] > size[1] else (1, 100, 2, 60_000))
    assert read(image, ink="dark").any()
