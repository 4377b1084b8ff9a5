"""Numbers that Pillow would cut to 8 bits, take for unsigned, or not take at all are read as they are stored."""

import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import EXTRASAMPLES, PHOTOMETRIC_INTERPRETATION, PLANAR_CONFIGURATION

from glyphlens.core.errors import InputError
from glyphlens.tracks.scan_lines.samples.scan_reading import ScanFault, read_scan

RAMP = np.arange(12).reshape(3, 4)


@pytest.mark.parametrize("stored", [RAMP.astype(np.int8) - 5, RAMP * 1e-9 - 3])
def test_signed_bytes_and_64_bits(tmp_path: Path, stored: NDArray[Any]) -> None:
    assert cv2.imwrite(str(tmp_path / "a.tif"), stored)
    np.testing.assert_array_equal(read_scan(tmp_path / "a.tif"), stored.astype(np.float64))


@pytest.mark.parametrize("suffix", [".tif", ".png"])
def test_colours_of_16_bits_keep_them(tmp_path: Path, suffix: str) -> None:
    colours = np.repeat((RAMP * 5001).astype(np.uint16)[..., None], 3, axis=2)
    assert cv2.imwrite(str(tmp_path / f"grey{suffix}"), colours)
    np.testing.assert_allclose(read_scan(tmp_path / f"grey{suffix}"), RAMP * 5001)
    red = colours * np.array([0, 0, 1], np.uint16)  # OpenCV's order is blue, green, red
    assert cv2.imwrite(str(tmp_path / f"red{suffix}"), red)
    np.testing.assert_allclose(read_scan(tmp_path / f"red{suffix}"), 0.299 * RAMP * 5001)
    opacity = np.full((3, 4, 1), 65535, np.uint16)
    opacity[2, 1] = 65534
    assert cv2.imwrite(str(tmp_path / f"gap{suffix}"), np.concatenate([colours, opacity], axis=2))
    assert np.argwhere(np.isnan(read_scan(tmp_path / f"gap{suffix}"))).tolist() == [[2, 1]]


def test_opacity_of_floats_is_up_to_one(tmp_path: Path) -> None:
    pixels = np.repeat((RAMP * 0.5)[..., None], 4, axis=2)
    pixels[..., 3] = RAMP != 9
    assert cv2.imwrite(str(tmp_path / "a.tif"), pixels)
    np.testing.assert_allclose(read_scan(tmp_path / "a.tif"), np.where(RAMP == 9, np.nan, RAMP * 0.5))


def test_several_pages_of_64_bits_are_refused_and_torn_ones_named(tmp_path: Path) -> None:
    assert cv2.imwritemulti(str(tmp_path / "two.tif"), [RAMP * 0.5, RAMP * 0.25])
    with pytest.raises(InputError, match="several pictures in one file; a file is one scan"):
        read_scan(tmp_path / "two.tif")
    assert cv2.imwrite(str(tmp_path / "a.tif"), RAMP * 0.5)
    content = (tmp_path / "a.tif").read_bytes()
    for size in (9, len(content) // 2, len(content) - 20):
        (tmp_path / "a.tif").write_bytes(content[:size])
        with pytest.raises(ScanFault, match="not a readable PNG or TIFF picture"):
            read_scan(tmp_path / "a.tif")


def patch_tag(path: Path, tag: int, before: int, after: int) -> None:
    """Another number in a TIFF file's header."""
    entries = (struct.pack("<HHIHH", tag, 3, 1, value, 0) for value in (before, after))
    content = path.read_bytes()
    changed = content.replace(*entries)
    assert changed != content
    path.write_bytes(changed)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float64"])
@pytest.mark.parametrize("channels", [3, 4])
def test_channels_without_colours_are_refused(tmp_path: Path, dtype: str, channels: int) -> None:
    assert cv2.imwrite(str(tmp_path / "a.tif"), np.repeat(RAMP.astype(dtype)[..., None], channels, axis=2))
    patch_tag(tmp_path / "a.tif", PHOTOMETRIC_INTERPRETATION, 2, 1)
    with pytest.raises(InputError, match="several channels in one file; a file is one scan"):
        read_scan(tmp_path / "a.tif")


def test_a_channel_beside_grey_is_refused_and_opacity_is_none(tmp_path: Path) -> None:
    Image.fromarray(RAMP.astype(np.uint8)).convert("LA").save(tmp_path / "a.tif")
    np.testing.assert_array_equal(read_scan(tmp_path / "a.tif"), RAMP)
    patch_tag(tmp_path / "a.tif", EXTRASAMPLES, 2, 0)
    with pytest.raises(InputError, match="several channels in one file"):
        read_scan(tmp_path / "a.tif")


@pytest.mark.parametrize("dtype", ["uint16", "float64"])
def test_planes_that_opencv_would_mix_are_named(tmp_path: Path, dtype: str) -> None:
    assert cv2.imwrite(str(tmp_path / "a.tif"), np.repeat(RAMP.astype(dtype)[..., None], 3, axis=2))
    patch_tag(tmp_path / "a.tif", PLANAR_CONFIGURATION, 1, 2)
    with pytest.raises(ScanFault, match=r"planes one after the other.*store it as \.npy"):
        read_scan(tmp_path / "a.tif")
