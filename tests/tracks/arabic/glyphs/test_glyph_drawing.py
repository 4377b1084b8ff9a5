from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from glyphlens.data.sample_set import unpack_bits
from glyphlens.imaging.raster import NO_EXTENT, DiacriticRule
from glyphlens.tracks.arabic.glyphs.glyph_drawing import draw_glyphs, read_glyphs
from tests.forged_glyphs import FAMILIES, SHAPES, forge_glyphs, forged_tables

RULE = DiacriticRule(diacritic_rule="ratio", diacritic_ratio=0.25)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return forge_glyphs(tmp_path_factory.mktemp("glyphs"), *forged_tables()) / "glyphs.db"


def test_glyphs_know_their_font(database: Path) -> None:
    glyphs = read_glyphs(database)
    assert len(glyphs) == len(FAMILIES) * len(SHAPES)
    assert glyphs["family"].tolist()[:: len(SHAPES)] == [*FAMILIES]
    assert set(zip(glyphs["upem"], glyphs["em_height"], strict=True)) == {(1000, 1000), (2048, 2047)}


def test_a_font_without_family_stands_alone_and_an_unknown_advance_is_nan(tmp_path: Path) -> None:
    fonts, glyphs = forged_tables(2)
    fonts.loc[0, "family"] = None
    glyphs.loc[0, "width"] = None
    read = read_glyphs(forge_glyphs(tmp_path, fonts, glyphs) / "glyphs.db")
    assert read["family"].iloc[0] == fonts["file_hash"].iloc[0]
    assert np.isnan(read["advance"].iloc[0])


def test_pictures_and_facts_belong_together(database: Path) -> None:
    drawn = draw_glyphs(database, read_glyphs(database), RULE, workers=1)
    rows = drawn.rows
    assert drawn.audit.empty
    assert drawn.packed_NHB.shape == (len(rows), 128, 16)
    images = unpack_bits(drawn.packed_NHB)
    np.testing.assert_allclose(rows["ink_share"], images.mean(axis=(1, 2)), rtol=1e-6)
    extent = np.maximum(images.any(axis=1).sum(axis=1), images.any(axis=2).sum(axis=1))
    assert extent.tolist() == rows["target_dim"].tolist()
    assert set(rows.loc[rows["is_diacritic"], "label"]) == {"fatha", "kasra"}
    sides = rows[["bbox_max_x", "bbox_max_y"]].to_numpy() - rows[["bbox_min_x", "bbox_min_y"]].to_numpy()
    np.testing.assert_allclose(rows["scale_factor"] * sides.max(axis=1), rows["target_dim"], rtol=1e-5)
    np.testing.assert_allclose(rows["em_major"] * rows["upem"], sides.max(axis=1), rtol=1e-5)
    marks = rows[rows["font_hash"] == rows["font_hash"].iloc[0]].set_index("label")
    assert marks.loc["fatha", "raster_hash"] == marks.loc["kasra", "raster_hash"]
    assert marks.loc["fatha", "outline_hash"] != marks.loc["kasra", "outline_hash"]


def test_workers_do_not_change_the_result(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("glyphlens.tracks.arabic.glyphs.glyph_drawing.GLYPHS_PER_SHARD", 20)
    glyphs = read_glyphs(database)
    alone, together = (draw_glyphs(database, glyphs, RULE, workers) for workers in (1, 2))
    assert np.array_equal(alone.packed_NHB, together.packed_NHB)
    pd.testing.assert_frame_equal(alone.rows, together.rows)


def test_glyphs_without_a_picture_are_audited(tmp_path: Path) -> None:
    fonts, glyphs = forged_tables()
    glyphs.loc[3, "contours"] = '[[["moveTo",[5,5]],["lineTo",[5,5]],["qCurveTo",[[5,5],[5,5]]],["closePath",null]]]'
    glyphs.loc[7, "contours"] = '[[["moveTo",[5,5]],["lineTo",[9,9]]]]'
    glyphs.loc[8, "contours"] = '[[["moveTo",[0,0]],["lineTo",[500,0]],["closePath",null]]]'
    database = forge_glyphs(tmp_path, fonts, glyphs) / "glyphs.db"
    drawn = draw_glyphs(database, read_glyphs(database), RULE, workers=1)
    assert len(drawn.packed_NHB) == len(drawn.rows) == len(glyphs) - 3
    assert drawn.audit["glyph_id"].tolist() == [4, 8, 9]
    reasons = drawn.audit["reason"].tolist()
    assert (reasons[0], "not closed" in reasons[1], "no ink" in reasons[2]) == (NO_EXTENT, True, True)
    assert drawn.packed_NHB.any(axis=(1, 2)).all()
