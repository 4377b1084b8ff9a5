"""Lines drawn: the same whatever the number of workers, of true aspect, worn in every way."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from glyphlens.core.storage import load_json, load_table
from glyphlens.data.sample_set import SampleSet
from glyphlens.inference.khmer_text import clusters
from glyphlens.tracks.khmer.drawing import line_set
from glyphlens.tracks.khmer.drawing.faces import faces_of_splits
from glyphlens.tracks.khmer.drawing.line_set import DrawnLines, LineParams, draw_line_set, line_counts, save_lines
from glyphlens.tracks.khmer.drawing.wear import HEIGHTS_PX, WEAR
from glyphlens.tracks.khmer.texts.characters import CHARACTERS
from glyphlens.tracks.khmer.texts.text_set import compose_texts
from glyphlens.tracks.khmer.texts.vocabulary import open_vocabularies
from tests.tracks.khmer.small_lines import LINE_PARAMS, NOTHING, TEXT_PARAMS, small_lines


@pytest.fixture(scope="module")
def texts(modules: Path) -> pd.DataFrame:
    return compose_texts(open_vocabularies(modules, NOTHING, TEXT_PARAMS.shares), TEXT_PARAMS, seed=1)


@pytest.fixture(scope="module")
def lines(texts: pd.DataFrame, khmer_fonts: Path, modules: Path) -> DrawnLines:
    faces, _ = faces_of_splits(khmer_fonts, modules, LINE_PARAMS.faces)
    return draw_line_set(texts, faces, LINE_PARAMS, seed=1, workers=1)


def test_the_same_lines_whatever_the_workers_and_shards(
    texts: pd.DataFrame, lines: DrawnLines, khmer_fonts: Path, modules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faces, _ = faces_of_splits(khmer_fonts, modules, LINE_PARAMS.faces)
    monkeypatch.setattr(line_set, "ROWS_PER_SHARD", 50)
    again = draw_line_set(texts, faces, LINE_PARAMS, seed=1, workers=2)
    assert again.rows == lines.rows
    assert again.audit == lines.audit
    assert all(np.array_equal(one, other) for one, other in zip(again.pictures, lines.pictures, strict=True))


def test_only_training_lines_are_drawn_in_faces_that_there_are_not(
    texts: pd.DataFrame, khmer_fonts: Path, modules: Path
) -> None:
    faces, _ = faces_of_splits(khmer_fonts, modules, LINE_PARAMS.faces)
    some = texts.groupby("split").head(8)
    drawn = []
    for share in (0.0, 1.0):
        deform = LINE_PARAMS.deform.model_copy(update={"share": share, "jitter": 0.03})
        drawn.append(draw_line_set(some, faces, LINE_PARAMS.model_copy(update={"deform": deform}), seed=1, workers=1))
    plain, deformed = drawn
    assert plain.rows == deformed.rows
    is_same = [np.array_equal(one, other) for one, other in zip(plain.pictures, deformed.pictures, strict=True)]
    is_train = [row[line_set.INDEX.index("split")] == "train" for row in plain.rows]
    assert is_same == [not train for train in is_train]
    assert 0 < sum(is_train) < len(is_train)


def test_every_text_is_drawn_in_a_font_of_its_split(
    texts: pd.DataFrame, lines: DrawnLines, khmer_fonts: Path, modules: Path, tmp_path: Path
) -> None:
    _, split = faces_of_splits(khmer_fonts, modules, LINE_PARAMS.faces)
    index = save_lines(tmp_path, lines, split, CHARACTERS, LINE_PARAMS)
    samples = SampleSet.open(tmp_path)
    assert samples.image.height_px == LINE_PARAMS.height_px
    assert len(samples) == len(index) >= 0.95 * len(texts)
    assert index.groupby("group")["split"].nunique().max() == 1
    assert set(index["text"]) <= set(texts["text"])
    assert set(index["slice"]) == set(WEAR)
    np.testing.assert_array_equal(samples.images(np.array([3]))[0], lines.pictures[3])
    assert set(load_json(tmp_path / "splits.json")) == {"train", "val", "test"}
    assert list(load_table(tmp_path / "audit.parquet").columns) == ["text", "font", "reason"]
    assert len(line_counts(index, lines.audit, lines.pictures)) == 6


def test_lines_have_ink_and_room_for_their_text(lines: DrawnLines) -> None:
    for picture, row in zip(lines.pictures, lines.rows, strict=True):
        assert picture.max() > 200, row
        assert picture.shape[1] >= 4 * len(clusters(row[0])), row


@pytest.mark.parametrize("wear", WEAR)
def test_wear_keeps_the_height_the_range_and_the_ink(wear: str) -> None:
    low, high = HEIGHTS_PX[wear]
    cover_HW = np.zeros(((low + high) // 2, 200), np.uint8)
    for column in range(20, 180, 9):
        cover_HW[len(cover_HW) // 3 : 2 * len(cover_HW) // 3, column : column + 4] = 255
    for seed in range(8):
        grey_HW = WEAR[wear](cover_HW, np.random.default_rng(seed))
        assert grey_HW.dtype == np.uint8
        assert grey_HW.shape[1] == 200 and len(grey_HW) >= len(cover_HW)
        middle, top = (np.percentile(grey_HW[row], 10) for row in (len(grey_HW) // 2, 2))
        assert middle < top, "ink is darker than paper"
        np.testing.assert_array_equal(WEAR[wear](cover_HW, np.random.default_rng(seed)), grey_HW)


def test_a_text_that_no_font_shows_is_in_the_audit(khmer_fonts: Path, modules: Path) -> None:
    faces, _ = faces_of_splits(khmer_fonts, modules, LINE_PARAMS.faces)
    row = {"text": "ក", "drawn": "ក ា", "split": "test", "kind": "rare", "source": "composed", "clusters": 1}
    found = draw_line_set(pd.DataFrame([row]), faces, LINE_PARAMS, seed=1, workers=1)
    assert not found.rows
    assert {text for text, _, _ in found.audit} == {"ក"}
    assert all("dotted circle" in reason for _, _, reason in found.audit)


def test_an_unknown_slice_or_style_is_named() -> None:
    with pytest.raises(ValidationError, match="mud: unknown"):
        LineParams.model_validate(small_lines(test_slices={"mud": 1.0}))
    with pytest.raises(ValidationError, match="wavy: unknown"):
        LineParams.model_validate(small_lines(styles={"wavy": 1.0}))
