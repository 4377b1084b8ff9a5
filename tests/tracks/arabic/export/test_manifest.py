"""The manifest says everything that is needed to draw glyphs for a model and to name its answers."""

import json
from pathlib import Path

import pandas as pd
import pytest

from glyphlens.core.errors import ParamsError
from glyphlens.core.params import load_params
from glyphlens.data.sample_set import CharacterClass
from glyphlens.tracks.arabic.export.manifest import DrawingRule, class_coverage, glyph_manifest
from tests.export import tiny

CLASSES = (CharacterClass("beh.init", ("U+0628",), "init", ("beh.init", "dotless_beh.init"), ("teh.init",), 12),)


def test_the_manifest_is_plain_json() -> None:
    content = glyph_manifest(CLASSES, DrawingRule.model_validate(tiny.RULE)).plain()
    assert json.loads(json.dumps(content)) == content
    assert content == {
        "script": "arabic",
        "decoder": "softmax",
        "rule": tiny.RULE,
        "classes": [
            {
                "label": "beh.init",
                "code_points": ["U+0628"],
                "form": "init",
                "members": ["beh.init", "dotless_beh.init"],
                "lookalikes": ["teh.init"],
            }
        ],
    }


def test_coverage_is_the_share_of_the_training_families() -> None:
    rows = [
        ("a", 0, "train"),
        ("a", 0, "train"),
        ("b", 0, "train"),
        ("b", 1, "train"),
        ("c", 1, "val"),
        ("d", 0, "train"),
    ]
    index = pd.DataFrame(rows, columns=["group", "class_index", "split"]).assign(char_class="isol")
    assert class_coverage(index, 3) == [1.0, 0.3333, 0.0]
    content = glyph_manifest(CLASSES, DrawingRule.model_validate(tiny.RULE), [0.3333]).plain()
    assert content["coverage"] == [0.3333]


def test_the_rule_is_part_of_the_rasters_section(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("rasters: {min_samples: 2, diacritic_rule: hybrid, diacritic_ratio: 0.3}\n")
    assert load_params(DrawingRule, "rasters", path).model_dump() == {
        "diacritic_rule": "hybrid",
        "diacritic_ratio": 0.3,
    }
    path.write_text("rasters: {min_samples: 2, diacritic_rule: hybrid}\n")
    with pytest.raises(ParamsError, match=r"rasters\.diacritic_ratio"):
        load_params(DrawingRule, "rasters", path)
