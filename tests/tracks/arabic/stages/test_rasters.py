import json
from pathlib import Path

import numpy as np
import pytest

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_table, sha256_tree
from glyphlens.data.sample_set import SampleSet
from glyphlens.gates.token import write_token
from glyphlens.tracks.arabic.stages import rasters
from tests.forged_glyphs import FAMILIES, SHAPES, forge_glyphs, forged_tables

PARAMS = """
seed: 1
rasters: {min_samples: 5, min_families: 5, diacritic_rule: ratio, diacritic_ratio: 0.25, val_share: 0.1,
          test_share: 0.2, shape_share: 0.5}
machine: {workers: 1, batch_workers: 0}
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(PARAMS)
    forge_glyphs(Path("glyphs"), *forged_tables())
    write_token(Path("token.json"), Path("glyphs"))
    return tmp_path


def run(out: str = "out") -> SampleSet:
    rasters.main(["--glyphs", "glyphs", "--token", "token.json", "--out", out, "--metrics", "metrics.json"])
    return SampleSet.open(Path(out))


def test_the_sample_set_of_a_small_database(place: Path) -> None:
    found = run()
    families, labels = len(FAMILIES), len(SHAPES)
    assert len(found) == families * labels
    assert [entry.label for entry in found.classes] == sorted(SHAPES)
    split = json.loads(Path("out/splits.json").read_text())
    assert {name: len(members) for name, members in split.items()} == {"train": 7, "val": 1, "test": 2}
    for name, members in split.items():
        assert set(found.index.loc[found.rows(name), "group"]) == set(members)
    assert json.loads(Path("metrics.json").read_text()) == {
        "samples": families * labels,
        "classes": labels,
        "families": families,
        "train_samples": 7 * labels,
        "test_samples": 2 * labels,
        "excluded": 0,
    }
    images = found.images(slice(None))
    assert set(np.unique(images)) == {0, 255}
    assert found.shape_class.tolist() == [0, 1, 2, 1, 4]  # fatha and kasra are drawn alike
    assert load_table(Path("out/audit.parquet")).empty


def test_the_same_input_gives_the_same_bytes(place: Path) -> None:
    run("one")
    Path("params.yaml").write_text(PARAMS.replace("workers: 1", "workers: 2"))
    run("two")
    assert sha256_tree(Path("one")) == sha256_tree(Path("two"))


def test_glyphs_that_passed_no_gate_are_refused(place: Path) -> None:
    Path("glyphs/labels.json").write_text("{}")
    with pytest.raises(InputError, match="not the data that passed the gate"):
        run()
    assert not Path("out").exists()


def test_too_few_classes(place: Path) -> None:
    Path("params.yaml").write_text(PARAMS.replace("min_families: 5", "min_families: 11"))
    with pytest.raises(InputError, match="0 of 5 labels have at least 5 glyphs from 11 font families"):
        run()


def test_bad_contours_are_counted_not_dropped_silently(place: Path) -> None:
    """Every glyph of the database is in the set, or in the audit, or its label among those left out."""
    fonts, glyphs = forged_tables()
    glyphs.loc[7, "label"] = "rare.isol"
    glyphs.loc[0, "contours"] = '[[["moveTo",[0,0]],["lineTo",[NaN,1]],["closePath",null]]]'
    forge_glyphs(Path("glyphs"), fonts, glyphs)
    write_token(Path("token.json"), Path("glyphs"))
    found = run()
    audit = load_table(Path("out/audit.parquet"))
    left_out = load_table(Path("out/left_out.parquet"))
    assert audit["glyph_id"].tolist() == [1]
    assert "not valid JSON" in audit["reason"].iloc[0]
    assert left_out.to_dict("records") == [{"label": "rare.isol", "samples": 1, "families": 1}]
    assert len(found) + len(audit) + left_out["samples"].sum() == len(glyphs)
