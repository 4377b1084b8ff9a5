from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from glyphlens.data.sample_set import unpack_bits
from glyphlens.imaging.geometry import mark_known
from glyphlens.imaging.outlines import join_outlines, parse_many
from glyphlens.imaging.raster import DiacriticRule, rasterise
from glyphlens.tracks.arabic.glyphs.glyph_drawing import draw_glyphs, read_glyphs
from glyphlens.tracks.arabic.glyphs.variant_set import VariantParams, draw_variants, vary
from tests.forged_glyphs import forge_glyphs, forged_tables
from tests.imaging.shapes import box, outline

PARAMS = VariantParams(copies=3, slant=0.15, width=0.12, weight=0.02, jitter=0.006)
STILL = VariantParams(copies=2, slant=0, width=0, weight=0, jitter=0)
RULE = DiacriticRule(diacritic_rule="ratio", diacritic_ratio=0.25)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return forge_glyphs(tmp_path_factory.mktemp("glyphs"), *forged_tables(4)) / "glyphs.db"


def clean(database: Path):
    return draw_glyphs(database, read_glyphs(database), RULE, workers=1)


def test_undeformed_copies_are_the_glyphs(database: Path) -> None:
    drawn = clean(database)
    variants = draw_variants(database, drawn.rows, 1, STILL)
    assert np.array_equal(variants.packed_TVHB, np.repeat(drawn.packed_NHB[:, None], 2, axis=1))
    geometry = mark_known(drawn.rows.filter(regex="^em_(?!height)").to_numpy(np.float32))
    np.testing.assert_allclose(variants.geometry_TVF, np.repeat(geometry[:, None], 2, axis=1), atol=1e-4)


def test_copies_differ_and_stay_well_placed(database: Path) -> None:
    drawn = clean(database)
    variants = draw_variants(database, drawn.rows, 1, PARAMS)
    images = unpack_bits(variants.packed_TVHB).reshape(-1, 128, 128)
    assert images.any(axis=(1, 2)).all()
    extent = np.maximum(images.any(axis=1).sum(axis=1), images.any(axis=2).sum(axis=1))
    targets = np.repeat(drawn.rows["target_dim"].to_numpy(), 3)
    assert np.abs(extent - targets).max() <= 1
    assert images[:, 0].any(axis=1).all()
    assert images[:, :, 0].any(axis=1).all()
    different = variants.packed_TVHB != drawn.packed_NHB[:, None]
    assert different.any(axis=(2, 3)).mean() > 0.9
    assert (variants.geometry_TVF[..., -1] == 1).all()


def test_neither_workers_nor_neighbours_change_a_copy(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("glyphlens.tracks.arabic.glyphs.variant_set.GLYPHS_PER_SHARD", 7)
    rows = clean(database).rows
    alone = draw_variants(database, rows, 1, PARAMS)
    together = draw_variants(database, rows, 1, PARAMS, workers=2)
    part = draw_variants(database, rows.iloc[5:6], 1, PARAMS)
    for whole, shared, single in zip(alone, together, part, strict=True):
        assert np.array_equal(whole, shared)
        assert np.array_equal(whole[5:6], single)
    assert not np.array_equal(alone.packed_TVHB, draw_variants(database, rows, 2, PARAMS).packed_TVHB)


def test_a_copy_that_vanishes_keeps_its_own_outline() -> None:
    """A dotted line of specks that are just large enough: nearly any thinning makes a copy blank."""
    specks = outline(*(box(x, 0, x + 5.6, 5.6) for x in range(0, 1000, 40)))
    outlines = join_outlines([specks])
    glyphs = pd.DataFrame({"glyph_id": [1], "upem": [1000], "advance": [1000.0], "is_diacritic": [False]})
    assert not rasterise(outlines, np.array([1000.0]), np.array([0.0]), RULE).faults
    thinning = PARAMS.model_copy(update={"copies": 40, "weight": 0.2, "width": 0.5})
    assert vary(outlines, glyphs, 1, thinning).packed_TVHB.any(axis=(2, 3)).all()


def test_contours_that_changed_since_are_an_error(tmp_path: Path) -> None:
    fonts, glyphs = forged_tables(3)
    whole = forge_glyphs(tmp_path / "whole", fonts, glyphs) / "glyphs.db"
    rows = clean(whole).rows
    glyphs.loc[2, "contours"] = "[["
    broken = forge_glyphs(tmp_path / "broken", fonts, glyphs) / "glyphs.db"
    with pytest.raises(ValueError, match="glyph 3 was drawn before"):
        draw_variants(broken, rows, 1, PARAMS)
    assert sorted(parse_many(glyphs["contours"].tolist())[1]) == [2]
