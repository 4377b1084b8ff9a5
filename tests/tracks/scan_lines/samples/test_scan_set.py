"""A scan set gives lines back as they were stored, NaN where there is none, and refuses files that do not fit."""

from pathlib import Path

import numpy as np
import pytest

from glyphlens.core.errors import InputError
from glyphlens.core.storage import save_array
from glyphlens.data.sample_set import CharacterClass, ImageFormat, SampleSet
from glyphlens.tracks.scan_lines.samples.scan_reading import ScannedFiles
from glyphlens.tracks.scan_lines.samples.scan_set import ScanSet, ScanTable, save_scan_set
from tests.tracks.scan_lines.samples.small_scans import write_characters

LEVELS = np.random.default_rng(0).integers(0, 256, (9, 4, 6), np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Rows 8, 6, 4 … of nine pictures, the second of which has no line 2."""
    found = write_characters(tmp_path / "source", groups=2)
    numbers, table = np.arange(8, -1, -2), SampleSet.open(found).index.iloc[:5]
    missing = np.zeros((5, 4), np.bool_)
    missing[1, 2] = True
    known = ScanTable(table, [CharacterClass("あ")], missing)
    save_scan_set(tmp_path / "set", ScannedFiles(LEVELS), numbers, known, (4, 6))
    return tmp_path / "set"


def test_lines_are_those_that_were_stored(folder: Path) -> None:
    scans = ScanSet.open(folder)
    assert len(scans) == 5 and scans.shape_LS == (4, 6)
    lines = scans.lines(slice(None))
    assert lines.dtype == np.float32 and np.isnan(lines[1, 2]).all() and np.isnan(lines).sum() == 6
    expected = LEVELS[8::-2].astype(np.float32)
    expected[1, 2] = np.nan
    np.testing.assert_array_equal(lines, expected)
    np.testing.assert_array_equal(scans.lines(np.array([4, 1])), expected[[4, 1]])
    assert scans.groups.tolist() == scans.samples.index["group"].tolist()


def test_the_files_are_those_of_a_sample_set(folder: Path) -> None:
    assert SampleSet.open(folder).image == ImageFormat(4, 6, 8)
    np.testing.assert_array_equal(np.load(folder / "pixels.npy"), LEVELS[8::-2])


@pytest.mark.parametrize("missing", [np.zeros((5, 3), np.bool_), np.zeros((5, 4), np.uint8), np.zeros(5, np.bool_)])
def test_other_lines_than_pictures_are_refused(folder: Path, missing: np.ndarray) -> None:
    save_array(folder / "missing.npy", missing)
    with pytest.raises(InputError, match=r"missing\.npy: .*expected \(5, 4\) bool"):
        ScanSet.open(folder)


def test_lines_that_are_shares_of_their_span(tmp_path: Path) -> None:
    found = write_characters(tmp_path / "source", groups=2)
    table, spans = SampleSet.open(found).index.iloc[:2], np.array([[255, 0, 1e-9, 51], [1, 2, 255, 3]], np.float32)
    missing = np.array([[False] * 4, [True] + [False] * 3])

    def save(spans_NL: np.ndarray | None) -> ScanSet:
        known = ScanTable(table, [CharacterClass("あ")], missing, spans_NL)
        save_scan_set(tmp_path / "set", ScannedFiles(LEVELS), np.arange(2), known, (4, 6))
        return ScanSet.open(tmp_path / "set")

    expected = LEVELS[:2] * spans[..., None] / 255
    expected[1, 0] = np.nan
    np.testing.assert_allclose(save(spans).lines(slice(None)), expected, rtol=1e-6)
    np.testing.assert_allclose(save(spans).lines(np.array([1])), expected[1:], rtol=1e-6)
    for wrong in (spans[:, :3], spans.astype(np.float64), -spans, 2 * spans, spans * np.float32(np.nan)):
        with pytest.raises(InputError, match=r"spans\.npy: .*expected \(2, 4\) float32 of 0 … 255"):
            save(wrong)
    assert save(None).spans_NL is None, "those of another source are gone"


def test_a_sample_set_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="scans have 8 bits"):
        ScanSet.open(write_characters(tmp_path / "bits", bits=1))
    with pytest.raises(InputError, match=r"missing\.npy: not a readable"):
        ScanSet.open(write_characters(tmp_path / "grey"))
