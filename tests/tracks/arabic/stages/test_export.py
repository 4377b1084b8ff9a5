"""The stage writes files that stand alone, metrics measured on them, and the same bytes again."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, save_json, save_table, sha256_file, sha256_tree
from glyphlens.data.sample_set import SampleSet
from glyphlens.gates.token import write_token
from glyphlens.inference.folder import ExportFolder
from glyphlens.inference.reading import feeds_of
from glyphlens.inference.recognizer import Recognizer
from glyphlens.nets.weights import save_model
from glyphlens.tracking.timings import read_timings
from glyphlens.tracks.arabic.stages.export import main
from tests.export import tiny
from tests.slow_clock import slow_down

PARAMS = """
seed: 3
rasters: {diacritic_rule: ratio, diacritic_ratio: 0.25}
export: {calibration_samples: 40, reduce_range: true, float_nodes: [], latency_repeats: 1}
"""
KINDS = ("fp32", "int8")


def arguments(root: Path) -> list[str]:
    names = {
        "rasters": "rasters", "rasters-token": "rasters.json", "phase1": "phase1", "phase2": "phase2",
        "models-token": "models.json", "fonts": "fonts", "companions": "fonts", "out": "out", "metrics": "export.json",
        "timings": "timings.json",
    }  # fmt: skip
    return [word for name, place in names.items() for word in (f"--{name}", str(root / place))]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("export")
    tiny.sample_set(root / "rasters", samples=480)
    save_model(root / "phase1", tiny.cell_network())
    save_model(root / "phase2", tiny.grid_network())
    for name in ("phase1", "phase2"):
        save_json(root / name / "training.json", {"device": "CPU", "threads": 3})
    save_table(root / "fonts/fonts.parquet", pd.DataFrame({"family": ["family-0"], "licence": ["OFL-1.1"]}))
    write_token(root / "rasters.json", root / "rasters")
    write_token(root / "models.json", root / "phase1", root / "phase2")
    (root / "params.yaml").write_text(PARAMS)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        main(arguments(root))
    return root


def test_metrics_are_those_of_the_files(exported: Path) -> None:
    metrics = load_json(exported / "export.json")
    assert list(metrics) == ["fp32_top1", "int8_top1", "fp32_agreement", "int8_loss", "fp32_mb", "int8_mb"]
    assert metrics["fp32_agreement"] >= 0.99
    rasters = SampleSet.open(exported / "rasters")
    rows = rasters.rows("test")
    for kind in KINDS:
        recognizer, name = Recognizer.load(exported / "out" / kind), f"{kind}_top1"
        scores = recognizer.logits(feeds_of(rasters, recognizer.inputs, rows))
        assert metrics[name] == pytest.approx(np.mean(scores.argmax(axis=1) == rasters.class_indices[rows]), abs=1e-4)
        assert [entry.label for entry in recognizer.classes] == [entry.label for entry in rasters.classes]


def test_the_card_names_the_files_it_describes(exported: Path) -> None:
    card = (exported / "out/int8/README.md").read_text()
    assert sha256_file(exported / "out/int8/glyphs.int8.onnx") in card
    assert sha256_file(exported / "out/fp32/glyphs.fp32.onnx") in card
    assert "| family-0 | OFL-1.1 | training | 80 |" in card
    assert "- phase1: trained on CPU with 3 threads of torch" in card


def test_the_temperature_of_each_file_is_on_record(exported: Path) -> None:
    for kind in KINDS:
        manifest = ExportFolder(exported / "out" / kind).manifest
        (file,) = manifest.files.values()
        assert 0.05 <= file.temperature <= 20
        assert file.sha256 == sha256_file(exported / "out" / kind / file.name)
        assert [entry.name for entry in manifest.inputs] == ["raster", "geometry"]


def test_another_machine_writes_the_same_bytes_and_other_times(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outs = [exported / "out", exported / "export.json"]
    before, first = [sha256_tree(out) for out in outs], read_timings(exported / "timings.json")["export"]
    assert {kind: list(times) for kind, times in first["latency_ms"].items()} == {kind: ["1", "64"] for kind in KINDS}
    shutil.rmtree(exported / "out")
    monkeypatch.chdir(exported)
    slow_down(monkeypatch)
    main(arguments(exported))
    assert [sha256_tree(out) for out in outs] == before
    second = read_timings(exported / "timings.json")["export"]
    assert second["latency_ms"]["int8"]["64"] > 2 * first["latency_ms"]["int8"]["64"]


@pytest.mark.parametrize(("token", "data"), [("models.json", "phase1"), ("rasters.json", "rasters")])
def test_what_passed_no_gate_is_not_exported(exported: Path, tmp_path: Path, token: str, data: str) -> None:
    place = tmp_path / token
    words = [str(place) if word == str(exported / token) else word for word in arguments(exported)]
    with pytest.raises(InputError, match="no token of a gate"):
        main(words)
    write_token(place, exported / "fonts")
    with pytest.raises(InputError, match=f"{data}: .*{token} holds nothing of that name"):
        main(words)
