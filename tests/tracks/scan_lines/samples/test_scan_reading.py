"""Scans of every kind are read as stored; what cannot be used is named, and several scans in a file are refused."""

from itertools import pairwise
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from glyphlens.core.errors import InputError
from glyphlens.tracks.scan_lines.samples import scan_reading
from glyphlens.tracks.scan_lines.samples.scan_reading import ScanFault, line_ranges, read_scan, read_scans
from tests.tracks.scan_lines.samples.small_scans import small_params, write_scans

RAMP = np.arange(12, dtype=np.float64).reshape(3, 4)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "<u2", ">i4", "int64", "float16", "float32", ">f8"])
def test_arrays_of_any_number(tmp_path: Path, dtype: str) -> None:
    values = RAMP.astype(dtype)
    np.save(tmp_path / "a.npy", values)
    found = read_scan(tmp_path / "a.npy")
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, values.astype(np.float64))
    np.save(tmp_path / "f.npy", np.asfortranarray(values))
    np.testing.assert_array_equal(read_scan(tmp_path / "f.npy"), found)


def test_the_only_array_of_an_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for save, name in ((np.savez, "a.npz"), (np.savez_compressed, "b.npz")):
        save(tmp_path / name, height=RAMP)
        np.testing.assert_array_equal(read_scan(tmp_path / name), RAMP)
    np.savez(tmp_path / "two.npz", trace=RAMP, retrace=RAMP)
    with pytest.raises(InputError, match=r"two\.npz: 2 arrays in one file \(trace, retrace\); a file is one scan"):
        read_scan(tmp_path / "two.npz")
    (tmp_path / "torn.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:-9])
    with pytest.raises(ScanFault, match=r"not a readable \.npz array"):
        read_scan(tmp_path / "torn.npz")
    with ZipFile(tmp_path / "vast.npz", "w") as archive, archive.open("a.npy", "w") as member:
        header = {"descr": "<f8", "fortran_order": False, "shape": (10**7, 10**7)}
        np.lib.format.write_array_header_1_0(member, header)  # type: ignore[arg-type]
    with pytest.raises(ScanFault, match=r"not a readable \.npz array"):
        read_scan(tmp_path / "vast.npz")
    (tmp_path / "named.npy").write_bytes((tmp_path / "a.npz").read_bytes())
    np.testing.assert_array_equal(read_scan(tmp_path / "named.npy"), RAMP)
    monkeypatch.setattr(scan_reading, "MAX_PIXELS", 12)
    np.testing.assert_array_equal(read_scan(tmp_path / "b.npz"), RAMP)
    np.savez_compressed(tmp_path / "large.npz", np.zeros(1000))
    with pytest.raises(ScanFault, match="8,128 bytes, more than 12 values"):
        read_scan(tmp_path / "large.npz")


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize(("dtype", "factor"), [("uint8", 20), ("uint16", 5000)])
def test_pictures_of_8_and_16_bits(tmp_path: Path, suffix: str, dtype: str, factor: int) -> None:
    Image.fromarray((RAMP * factor).astype(dtype)).save(tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(read_scan(tmp_path / f"a{suffix}"), RAMP * factor)


def test_pictures_of_floats_whole_numbers_and_single_bits(tmp_path: Path) -> None:
    values = (RAMP - 5.25).astype(np.float32)
    values[1, 2] = np.nan
    for name, stored in {"f": values, "i": (RAMP * 70000).astype(np.int32), "b": RAMP > 5}.items():
        Image.fromarray(stored).save(tmp_path / f"{name}.tif")
        found = read_scan(tmp_path / f"{name}.tif")
        np.testing.assert_array_equal(found, stored.astype(np.float64) * (255 if name == "b" else 1))


def test_colours_become_luminance_and_what_is_not_opaque_is_missing(tmp_path: Path) -> None:
    colours = np.full((3, 4, 4), 255, np.uint8)
    colours[..., :3] = (RAMP * 20)[..., None]
    Image.fromarray(colours[..., :3]).save(tmp_path / "rgb.png")
    Image.fromarray(colours).save(tmp_path / "opaque.png")
    for name in ("rgb", "opaque"):
        np.testing.assert_array_equal(read_scan(tmp_path / f"{name}.png"), RAMP * 20)
    colours[1, 3, 3] = 254
    Image.fromarray(colours).save(tmp_path / "a.png")
    found = read_scan(tmp_path / "a.png")
    assert np.argwhere(np.isnan(found)).tolist() == [[1, 3]]
    Image.fromarray((RAMP * 20).astype(np.uint8)).convert("P").save(tmp_path / "p.png")
    np.testing.assert_array_equal(read_scan(tmp_path / "p.png"), RAMP * 20)


@pytest.mark.parametrize("shape", [(5,), (2, 3, 4), (3, 4, 3)])
def test_arrays_of_other_axes_are_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    np.save(tmp_path / "a.npy", np.zeros(shape))
    with pytest.raises(InputError, match=r"a\.npy: an array of shape .*a file is one scan, \(lines, samples\)"):
        read_scan(tmp_path / "a.npy")


def test_several_pages_are_refused(tmp_path: Path) -> None:
    pages = [Image.fromarray((RAMP * factor).astype(np.uint8)) for factor in (1, 2)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(InputError, match="2 pictures in one file; a file is one scan"):
        read_scan(tmp_path / "a.tif")


def test_what_cannot_be_used_says_why(tmp_path: Path) -> None:
    np.save(tmp_path / "row.npy", np.zeros((1, 50)))
    Image.fromarray(np.zeros((50, 1), np.uint8)).save(tmp_path / "column.png")
    np.save(tmp_path / "complex.npy", np.zeros((4, 4), complex))
    np.save(tmp_path / "text.npy", np.array([["a", "b"], ["c", "d"]]))
    np.save(tmp_path / "object.npy", np.array([[None, 1], [2, 3]]), allow_pickle=True)
    np.save(tmp_path / "large.npy", np.zeros((8001, 8000), np.bool_))
    (tmp_path / "empty.npy").touch()
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and nothing else")
    (tmp_path / "other.tif").write_text("no picture")
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
    Image.fromarray(noise).save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:2000])
    told = {
        "row.npy": "1 lines of 50 samples, at least 2 of 2",
        "column.png": "50 lines of 1 samples",
        "complex.npy": "values of type complex128",
        "text.npy": "values of type <U1",
        "object.npy": "not a readable .npy array",
        "large.npy": "at most 64,000,000 are read",
        "empty.npy": "not a readable .npy array",
        "broken.png": "not a readable PNG or TIFF picture",
        "other.tif": "not a readable PNG or TIFF picture",
        "cut.png": "not a readable PNG or TIFF picture",
        "nowhere.png": "not a readable PNG or TIFF picture",
        "nowhere.npy": "not a readable .npy array",
    }
    for name, reason in told.items():
        with pytest.raises(ScanFault, match=reason):
            read_scan(tmp_path / name)


def test_a_folder_of_scans_and_its_audit(tmp_path: Path) -> None:
    write_scans(tmp_path)
    gapped = np.random.default_rng(1).normal(size=(32, 40))
    gapped[[4, 5, 20], [1, 2, 3]] = np.nan
    np.save(tmp_path / "good/tip1/gapped.npy", gapped)
    np.save(tmp_path / "good/tip1/gone.npy", gapped * np.nan)
    np.save(tmp_path / "good/tip1/flat.npy", np.ones((9, 9)))
    (tmp_path / "bad/tip2/torn.npy").write_bytes(b"torn")
    found = read_scans(tmp_path, small_params())
    assert len(found.table) == len(found.missing_NL) == 2 * 8 * 2 + 1
    assert found.pictures.images(np.arange(3)).shape == (3, 16, 12)
    row = found.table["file"].tolist().index("good/tip1/gapped.npy")
    assert np.flatnonzero(found.missing_NL[row]).tolist() == [2, 10] and found.missing_NL.sum() == 2
    assert found.table.iloc[row][["label", "group", "source"]].tolist() == ["good", "scan/tip1", "scan"]
    audit = {each.file: each for each in found.audit}
    assert set(audit) == {f"good/tip1/{name}.npy" for name in ("gapped", "gone", "flat")} | {"bad/tip2/torn.npy"}
    assert (audit["good/tip1/gapped.npy"].lines, audit["good/tip1/gapped.npy"].count) == ("2, 10", 2)
    assert audit["good/tip1/gapped.npy"].detail == "of the file's 32 lines: 4-5, 20"
    assert "no two" not in audit["good/tip1/gone.npy"].detail and "no numbers" in audit["good/tip1/gone.npy"].detail
    assert audit["good/tip1/flat.npy"].detail == "no line has two different values"


def test_a_folder_of_which_nothing_can_be_used_is_refused(tmp_path: Path) -> None:
    (tmp_path / "good/a").mkdir(parents=True)
    (tmp_path / "good/a/1.png").write_text("no picture")
    with pytest.raises(InputError, match=r"none of its 1 files can be used, such as good/a/1\.png: not a readable"):
        read_scans(tmp_path, small_params())


@given(st.sets(st.integers(0, 40)))
def test_ranges_name_every_line_once(numbers: set[int]) -> None:
    parts = [part.split("-") for part in line_ranges(sorted(numbers)).split(", ") if part]
    named = [number for part in parts for number in range(int(part[0]), int(part[-1]) + 1)]
    assert named == sorted(numbers)
    assert all(int(one[-1]) + 1 < int(other[0]) for one, other in pairwise(parts))
