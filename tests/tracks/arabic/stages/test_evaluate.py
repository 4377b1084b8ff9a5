"""The stage from files to files: a real ONNX file that matches templates, two unseen families, one misread glyph."""

import json
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pytest
from onnx import TensorProto, helper, numpy_helper

from glyphlens.core.curves import CURVES
from glyphlens.core.errors import InputError, OutputError
from glyphlens.core.storage import load_json, save_array, save_json, save_text, sha256_file, sha256_tree
from glyphlens.data.sample_set import CharacterClass, ImageFormat, SampleSet, pack_bits, save_sample_set
from glyphlens.evaluation.release_card import without_head
from glyphlens.gates.token import write_token
from glyphlens.imaging.geometry import FEATURES, GEOMETRY
from glyphlens.tracks.arabic.export.context_graph import withdraw_context
from glyphlens.tracks.arabic.stages import evaluate
from tests.forged_curves import write_curves
from tests.forged_release import save_release
from tests.hub_cards import card_table, check_release_card
from tests.tracks.arabic.forged_context import save_forged_context

LABELS = ("beh.init", "fatha", "lam_alef.isol")
KINDS = ("init", "diacritic", "ligature")
MADE_OF_CELLS = ("primitives", "grids", "suspects")
PARAMS = """
seed: 42
evaluate:
  calibration_bins: 5
  confusions_shown: 4
  errors_shown: 4
  near_misses_shown: 1
  known_kept: 0.97
  targets: {test_top1: 0.8, ece: 0.03}
"""


def make_samples(folder: Path) -> None:
    """Class c inks row band c; the fatha of qahiri wrongly inks the band of beh."""
    rows, pictures = [], []
    for family, split in {"amiri": "train", "cairo": "val", "mada": "test", "qahiri": "test"}.items():
        for number, (label, kind) in enumerate(zip(LABELS, KINDS, strict=True)):
            picture = np.zeros((128, 128), bool)
            band = 0 if (family, label) == ("qahiri", "fatha") else number
            picture[16 * band : 16 * band + 8, :24] = True
            pictures.append(picture)
            facts = {"sample_id": len(rows), "class_index": number, "label": label, "group": family, "split": split}
            form = {"source": "font", "form": label.partition(".")[2], "char_class": kind}
            place = dict.fromkeys(GEOMETRY, np.float32(0.5))
            rows.append({**facts, **form, "is_diacritic": kind == "diacritic", **place})
    save_sample_set(
        folder,
        pack_bits(np.stack(pictures)),
        pd.DataFrame(rows),
        [CharacterClass(label) for label in LABELS],
        ImageFormat(128, 128, 1),
    )


def make_model(folder: Path, samples: SampleSet, name: str) -> None:
    """logits = ink under the training picture of each class / 16."""
    templates = samples.images(samples.rows("train")).reshape(len(LABELS), -1).T / np.float32(255 * 255 * 16)
    nodes = [
        helper.make_node("Cast", ["raster"], ["grey"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["grey"], ["flat"]),
        helper.make_node("MatMul", ["flat", "templates"], ["ink"]),
        helper.make_node("MatMul", ["geometry", "ignore"], ["nothing"]),
        helper.make_node("Add", ["ink", "nothing"], ["logits"]),
    ]
    weights = {"templates": templates.astype(np.float32), "ignore": np.zeros((FEATURES, len(LABELS)), np.float32)}
    graph = helper.make_graph(
        nodes,
        "templates",
        [
            helper.make_tensor_value_info("raster", TensorProto.UINT8, ["N", 128, 128]),
            helper.make_tensor_value_info("geometry", TensorProto.FLOAT, ["N", FEATURES]),
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", len(LABELS)])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    folder.mkdir(parents=True)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(model, folder / name)
    lists: dict[str, list[str]] = {"code_points": [], "members": [], "lookalikes": []}
    classes = [{"label": label, "form": "", **lists} for label in LABELS]
    save_json(folder / "labels.json", {"classes": classes, "rule": {"diacritic_rule": "ratio"}})


@pytest.fixture
def arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Everything the stage reads, in a folder it runs in; returns its command line as a mapping."""
    monkeypatch.chdir(tmp_path)
    save_text(tmp_path / "params.yaml", PARAMS)
    make_samples(tmp_path / "rasters")
    make_model(tmp_path / "export/fp32", SampleSet.open(tmp_path / "rasters"), "glyphs.fp32.onnx")
    make_model(tmp_path / "export/int8", SampleSet.open(tmp_path / "rasters"), "m.onnx")
    save_text(tmp_path / "export/int8/README.md", "# A card\n")
    save_release(tmp_path / "release", seed=1)
    write_token(tmp_path / "rasters.json", tmp_path / "rasters")
    write_token(tmp_path / "export.json", tmp_path / "export")
    save_forged_context(tmp_path / "context", tmp_path / "export/int8/m.onnx")
    write_token(tmp_path / "context.json", tmp_path / "context")
    save_array(tmp_path / "primitives/centroids.npy", np.zeros((3, 64), np.float32))
    ids_NRC = np.zeros((12, 16, 16), np.uint16)
    ids_NRC[:, 0, 0] = 1
    save_array(tmp_path / "primitives/grids.npy", ids_NRC)
    save_array(tmp_path / "grids/clean.npy", ids_NRC)
    save_array(tmp_path / "retrieval/embeddings.npy", np.tile(np.eye(3, 4, dtype=np.float16), (4, 1)))
    (tmp_path / "suspects").mkdir()
    save_array(tmp_path / "onestage/test_predictions.npy", np.array([0, 1, 2, 0, 1, 0], np.int32))
    for name in evaluate.TRAININGS:
        write_curves(tmp_path / name / CURVES)
    shown = [*(f"{name}_metrics" for name in evaluate.STAGES), *(f"{name}_gate" for name in evaluate.GATES)]
    for name in shown:
        save_json(tmp_path / f"in/{name}.json", {"checks": 1, "failed": 0} if "gate" in name else {"fonts": 1})
    found = ("recall_at_1", "recall_at_10", "label_recall_at_10", "mean_average_precision", "similarity_gain", "effect")
    numbers = dict.fromkeys(found, 0.62)
    few_shot = dict.fromkeys(("few_shot_top1", "few_shot_top5", "few_shot_alone_top1", "prototype_top1"), 0.63)
    measured = {"retrieval": numbers, "shapes": numbers, "few_shot": {**few_shot, "classes": 7}}
    save_json(tmp_path / "retrieval/measured.json", measured)
    scores = ("alone_top1", "context_top1", "shuffled_top1", "subset_alone_top1", "subset_top1", "context_ece")
    save_json(tmp_path / "in/context_metrics.json", dict.fromkeys(scores, 0.61))
    return {
        **{
            name: tmp_path / name
            for name in ("rasters", "export", "context", "retrieval", *MADE_OF_CELLS, *evaluate.TRAININGS)
        },
        **{f"{name}_token": tmp_path / f"{name}.json" for name in ("rasters", "export", "context")},
        **{name: tmp_path / f"in/{name}.json" for name in shown},
        "metrics": tmp_path / "out/evaluate.json",
        "slices": tmp_path / "out/slices.json",
        "companions": tmp_path / "out/companions.json",
        "report": tmp_path / "out/report",
        "release": tmp_path / "release",
        "timings": tmp_path / "timings.json",
    }


def run(arguments: dict[str, Path]) -> None:
    evaluate.main([text for name, path in arguments.items() for text in (f"--{name.replace('_', '-')}", str(path))])


def test_the_stage_writes_metrics_tables_pictures_and_page(arguments: dict[str, Path]) -> None:
    run(arguments)
    metrics = load_json(arguments["metrics"])
    assert list(metrics) == ["test_top1", "test_top5", "test_shape_top1", "macro_f1", "worst_family_top1", "ece"]
    assert metrics["test_top1"] == pytest.approx(5 / 6, abs=1e-4)
    assert metrics["worst_family_top1"] == pytest.approx(2 / 3, abs=1e-4)
    assert load_json(arguments["slices"])["no_geometry_top1"] == metrics["test_top1"]
    assert load_json(arguments["slices"])["marks_top1"] == 0.5
    written = {path.name for path in arguments["report"].iterdir()}
    assert {"report.html", "run.json", "predictions.parquet", "families.csv", "gallery.png", "saliency.png"} <= written
    assert "buckets.png" not in written  # phase 1 left no buckets.csv: the page says so instead
    page = (arguments["report"] / "report.html").read_text(encoding="utf-8")
    assert "read as <b" in page and "one stage" in page.lower()
    assert {"errors.html", "explained.png", "error_groups.csv", "nearest_families.csv"} <= written
    errors = (arguments["report"] / "errors.html").read_text(encoding="utf-8")
    assert "What 1 misread glyphs" in errors and "qahiri: 66.7" in errors and "Nearest training family: amiri" in errors
    record = load_json(arguments["report"] / "run.json")
    assert list(record["model_sha256"]) == ["context.onnx", "glyphs.fp32.onnx", "m.onnx"]
    assert record["metrics"]["test_top1"] == pytest.approx(5 / 6)


def test_the_same_inputs_give_the_same_bytes(arguments: dict[str, Path]) -> None:
    run(arguments)
    first = {path.name: path.read_bytes() for path in arguments["report"].iterdir()}
    again = {**arguments, "report": arguments["report"].with_name("again")}
    run(again)
    assert {path.name: path.read_bytes() for path in again["report"].iterdir()} == first


def test_data_that_did_not_pass_its_gate_is_refused(arguments: dict[str, Path]) -> None:
    labels = arguments["export"] / "fp32/labels.json"
    save_json(labels, {**json.loads(labels.read_text(encoding="utf-8")), "more": 1})
    with pytest.raises(InputError, match="export: not the data that passed the gate"):
        run(arguments)
    arguments["rasters_token"].unlink()
    with pytest.raises(InputError, match=r"rasters.json: no token"):
        run(arguments)


def test_the_small_file_is_released_whole_with_its_context(arguments: dict[str, Path]) -> None:
    (arguments["release"] / "of an earlier release").touch()
    run(arguments)
    int8, release = arguments["export"] / "int8", arguments["release"]
    files = {path.relative_to(release).as_posix() for path in release.rglob("*") if path.is_file()}
    assert files == {"m.onnx", "labels.json", "README.md", "context/context.onnx", "context/context.json"}
    assert all((release / name).read_bytes() == (int8 / name).read_bytes() for name in ("m.onnx", "labels.json"))
    card, metrics = (release / "README.md").read_text(encoding="utf-8"), load_json(arguments["metrics"])
    assert without_head(card).startswith((int8 / "README.md").read_text(encoding="utf-8"))
    assert "61.00% are named right each by itself" in card and sha256_file(release / "context/context.onnx") in card
    head = check_release_card(release)
    for name, metric in (("top-1", "test_top1"), ("top-1 of the worst family", "worst_family_top1")):
        assert head.value(name) == metrics[metric], "both files are the same network here"
    assert head.value("top-1 in whole fonts, their glyphs correcting one another") == 0.61
    assert card_table(card, "Font families")["family"].tolist() == ["qahiri", "mada"]
    assert card_table(card, "Kinds of glyphs")["top-1"].tolist()[0] == "83.33 %"


def test_a_context_that_is_not_offered_is_not_released(arguments: dict[str, Path]) -> None:
    withdraw_context(arguments["context"])
    write_token(arguments["context_token"], arguments["context"])
    run(arguments)
    release, int8 = arguments["release"], arguments["export"] / "int8"
    assert {path.name for path in release.iterdir()} == {path.name for path in int8.iterdir()}
    assert "whole fonts" not in (release / "README.md").read_text(encoding="utf-8")
    check_release_card(release)


@pytest.mark.parametrize("fault", ["export_token", "phase2_metrics", "report"])
def test_a_stage_that_fails_keeps_the_earlier_release(arguments: dict[str, Path], fault: str) -> None:
    """At its gate, halfway, and while its last file is written."""
    before = sha256_tree(arguments["release"])
    if fault == "report":
        (arguments["report"] / "report.html").mkdir(parents=True)
    else:
        arguments[fault].unlink()
    with pytest.raises((InputError, OutputError)):
        run(arguments)
    assert sha256_tree(arguments["release"]) == before


def test_an_empty_test_split_is_an_error(arguments: dict[str, Path]) -> None:
    samples = SampleSet.open(arguments["rasters"])
    index = samples.index.assign(split="train")
    save_sample_set(arguments["rasters"], np.asarray(samples.pixels), index, samples.classes, samples.image)
    write_token(arguments["rasters_token"], arguments["rasters"])
    save_array(arguments["onestage"] / "test_predictions.npy", np.zeros(0, np.int32))
    with pytest.raises(InputError, match="the test split holds no sample"):
        run(arguments)


def test_predictions_of_another_split_are_refused(arguments: dict[str, Path]) -> None:
    save_array(arguments["onestage"] / "test_predictions.npy", np.zeros(5, np.int32))
    with pytest.raises(InputError, match="the one-stage network"):
        run(arguments)


def test_an_unknown_parameter_is_refused(arguments: dict[str, Path]) -> None:
    save_text(Path("params.yaml"), PARAMS + "  bins: 3\n")
    with pytest.raises(InputError, match=r"evaluate.bins"):
        run(arguments)
