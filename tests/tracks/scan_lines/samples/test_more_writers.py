"""Further writers calibrate and do nothing else; what there was before them stays as it was."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from glyphlens.data.sample_set import SampleSet
from glyphlens.sources.kanjivg import KanjiVG
from glyphlens.tracks.scan_lines.samples.more_writers import Desk, with_more_writers
from glyphlens.tracks.scan_lines.samples.scan_params import ScanSampleParams
from glyphlens.tracks.scan_lines.samples.scan_splits import CALIBRATION, SIDES, split_scans
from glyphlens.tracks.scan_lines.samples.sources import Scanned, scanned_characters
from tests.sources.standin.japanese_font import font_folder
from tests.sources.standin.settings import PREPARED, few
from tests.stroke_data import stroke_folder
from tests.tracks.scan_lines.samples.small_scans import small_params, write_characters

WRITERS, LABELS = 3, "あい"
PARAMS: ScanSampleParams = small_params(source="kanji", labels=["HIRAGANA"])


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    return scanned_characters(SampleSet.open(write_characters(tmp_path_factory.mktemp("set") / "characters")), PARAMS)


@pytest.fixture(scope="module")
def draw(tmp_path_factory: pytest.TempPathFactory, found: Scanned) -> Callable[..., Scanned]:
    fonts, kanjivg = font_folder(tmp_path_factory.mktemp("fonts")), KanjiVG.open(stroke_folder())

    def drawn(workers: int = 1, **standin: Any) -> Scanned:
        desk = Desk(fonts, kanjivg, few("あいこ一", writers=140, **standin), PREPARED, 1, workers)
        return with_more_writers(found, WRITERS, desk)

    return drawn


@pytest.fixture(scope="module")
def more(draw: Callable[..., Scanned]) -> Scanned:
    return draw()


def images(scans: Scanned) -> Any:
    return scans.pictures.images(np.arange(len(scans.table)))


def test_each_of_them_writes_every_class_once_under_a_number_of_its_own(found: Scanned, more: Scanned) -> None:
    rows = more.table.iloc[len(found.table) :]
    assert sorted(more.calibrating) == ["writer/140", "writer/141", "writer/142"]
    assert rows.groupby("group")["label"].agg("".join).tolist() == [LABELS] * WRITERS
    assert set(rows["source"]) == {"rendered"} and set(rows["record"]) == {-1} and set(rows["file"]) == {""}
    assert not more.missing_NL.any() and len(more.missing_NL) == len(more.table)
    pictures = images(more)[len(found.table) :]
    assert pictures.shape == (len(rows), 16, 12) and pictures.dtype == np.uint8
    assert pictures.max(axis=(1, 2)).min() > 100 and len({each.tobytes() for each in pictures}) == len(rows)


def test_nothing_else_changes(found: Scanned, more: Scanned) -> None:
    before, after = (split_scans(each, PARAMS) for each in (found, more))
    for side in set(SIDES) - {CALIBRATION}:
        assert before.manifest[side] == after.manifest[side]
    assert after.manifest[CALIBRATION] == sorted([*before.manifest[CALIBRATION], *more.calibrating])
    assert after.table.iloc[: len(before.table)].equals(before.table) and after.left_out == before.left_out
    mixed = np.array([len(found.table), 0, len(found.table) + 1, 3])
    np.testing.assert_array_equal(more.pictures.images(mixed), images(more)[mixed])
    np.testing.assert_array_equal(images(more)[: len(found.table)], images(found))


def test_the_same_from_any_number_of_workers(draw: Callable[..., Scanned], more: Scanned) -> None:
    np.testing.assert_array_equal(images(draw(workers=2)), images(more))


def test_without_fonts_in_the_standin_none_lends_its_proportions(draw: Callable[..., Scanned], more: Scanned) -> None:
    assert (images(draw(font_copies=0)) != images(more)).any()
