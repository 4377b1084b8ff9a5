"""The stage from files to files: families of the test looked up, labels too rare for classes tried as new ones."""

import json
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pytest
from onnx import TensorProto, helper, numpy_helper

from glyphlens.core.errors import InputError
from glyphlens.core.storage import save_json, sha256_tree
from glyphlens.gates.token import write_token
from glyphlens.imaging.geometry import FEATURES
from glyphlens.tracks.arabic.stages import rasters, retrieval
from tests.forged_glyphs import FAMILIES, SHAPES, forge_glyphs, forged_tables

RARE = "meem.medi"
PARAMS = """
seed: 1
rasters: {min_samples: 7, min_families: 7, diacritic_rule: ratio, diacritic_ratio: 0.25, val_share: 0.1,
          test_share: 0.2, shape_share: 0.5}
machine: {workers: 1, batch_workers: 0}
retrieval: {few_shot_examples: 3, few_shot_repeats: 2, queries_shown: 4, neighbours_shown: 3}
"""


def save_pooled_model(folder: Path, labels: list[str]) -> None:
    """raster → means of 16×16 pixels → random scores."""
    weights = np.random.default_rng(2).normal(size=(64 + FEATURES, len(labels))).astype(np.float32)
    nodes = [
        helper.make_node("Cast", ["raster"], ["grey"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["grey", "axis"], ["planes"]),
        helper.make_node("AveragePool", ["planes"], ["coarse"], kernel_shape=[16, 16], strides=[16, 16]),
        helper.make_node("Flatten", ["coarse"], ["flat"]),
        helper.make_node("Concat", ["flat", "geometry"], ["both"], axis=1),
        helper.make_node("MatMul", ["both", "weights"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "pooled",
        [
            helper.make_tensor_value_info("raster", TensorProto.UINT8, ["N", 128, 128]),
            helper.make_tensor_value_info("geometry", TensorProto.FLOAT, ["N", FEATURES]),
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", len(labels)])],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(np.array([1]), "axis")],
    )
    folder.mkdir(parents=True)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), folder / "m.onnx")
    rule = {"diacritic_rule": "ratio", "diacritic_ratio": 0.25}
    save_json(folder / "labels.json", {"classes": [{"label": label} for label in labels], "rule": rule})


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(PARAMS)
    fonts, glyphs = forged_tables()
    forge_glyphs(Path("glyphs"), fonts, glyphs[(glyphs["label"] != RARE) | (glyphs["f_id"] < fonts["file_hash"][6])])
    write_token(Path("glyphs.json"), Path("glyphs"))
    rasters.main(
        ["--glyphs", "glyphs", "--token", "glyphs.json", "--out", "rasters", "--metrics", "rasters_metrics.json"]
    )
    write_token(Path("rasters.json"), Path("rasters"))
    save_pooled_model(Path("export/int8"), sorted(set(SHAPES) - {RARE}))
    write_token(Path("export.json"), Path("export"))
    return tmp_path


def run(out: str = "out") -> None:
    inputs = [word for name in ("glyphs", "rasters", "export") for word in (f"--{name}", name)]
    tokens = [word for name in ("glyphs", "rasters", "export") for word in (f"--{name}-token", f"{name}.json")]
    outputs = ["--out", out, "--metrics", "m/a.json", "--shapes", "m/b.json", "--few-shot", "m/c.json"]
    retrieval.main([*inputs, *tokens, *outputs])


def test_what_the_stage_writes(place: Path) -> None:
    run()
    labels, shapes, few = (json.loads(Path(f"m/{name}.json").read_text()) for name in "abc")
    assert set(labels) == set(shapes) and labels["recall_at_10"] == 1 and labels["effect"] > 0
    assert labels["recall_at_1"] <= shapes["recall_at_1"] <= shapes["label_recall_at_10"] == 1
    assert few["classes"] == 1 and few["few_shot_alone_top1"] == 1 and 0 <= few["few_shot_top1"] <= 1
    measured = json.loads(Path("out/measured.json").read_text())
    assert measured == {"retrieval": labels, "shapes": shapes, "few_shot": few}
    table = pd.read_csv("out/families.csv")
    assert table["samples"].sum() == 2 * (len(SHAPES) - 1) and set(table["group"]) < set(FAMILIES)
    assert {file.name for file in Path("out").glob("*.png")} == {"recall.png", "similarity.png", "neighbours.png"}


def test_the_same_input_gives_the_same_bytes(place: Path) -> None:
    run("one")
    run("two")
    assert sha256_tree(Path("one")) == sha256_tree(Path("two"))


def test_data_that_passed_no_gate_are_refused(place: Path) -> None:
    Path("export/int8/m.onnx").write_bytes(b"another")
    with pytest.raises(InputError, match="not the data that passed the gate"):
        run()
