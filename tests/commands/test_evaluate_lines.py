"""Recognisers of scans side by side, never trained: what is counted, drawn and refused."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from glyphlens.core.storage import load_json, save_json, sha256_file
from glyphlens.inference.stopping import STOPPING, Promise, StoppingRule
from glyphlens.inference.streams import LineRecognizer
from glyphlens.tracks.scan_lines.samples.scan_set import ScanSet
from tests.commands.scan_model import export_scanner
from tests.tracks.scan_lines.scan_networks import LINES, write_scan_set


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Scans, and two exports, the first with a rule that stops at line 5."""
    folder = tmp_path_factory.mktemp("side_by_side")
    write_scan_set(folder / "scans")
    for name in ("sequential", "lrcn"):
        export_scanner(folder / "export" / name, name, labels="あいうえ")
    model = folder / "export/sequential/int8.onnx"
    threshold_L = np.where(np.arange(LINES) < 4, np.inf, 0.0)
    promise = Promise(alpha=0.01, delta=0.05, largest_group_gap=0.05, groups=20, model=sha256_file(model))
    StoppingRule(threshold_L, promise).save(folder / "stopping/sequential" / STOPPING)
    return folder


@pytest.fixture
def run(glyphlens, place):
    models = [place / "export" / name / "int8.onnx" for name in ("sequential", "lrcn")]

    def run(*options, models=models, samples="scans"):
        asked = [text for model in models for text in ("--model", model)]
        return glyphlens("evaluate", *asked, "--samples", place / samples, "--threads", 1, *options)

    return run


def test_each_model_is_a_row_and_a_rule_is_its_own(run):
    status, out, _ = run()
    assert status == 0 and out.count("int8.onnx") == 2 and "5.0" in out and "no rule" in out and "16 scans" in out


def test_a_model_in_the_working_folder(run, place, monkeypatch):
    monkeypatch.chdir(place / "export/lrcn")
    for model in ("int8.onnx", "../sequential/int8.onnx"):
        status, out, err = run(models=[model])
        assert status == 0 and ("no rule" in out) == ("sequential" not in model), err


def test_every_line_of_every_model_is_written(run, place, tmp_path):
    assert run("-o", tmp_path / "both.csv")[0] == run("-o", tmp_path / "both.json")[0] == 0
    table = pd.read_csv(tmp_path / "both.csv")
    assert len(table) == 2 * LINES and table["stops"].tolist() == [0] * 4 + [16] + [0] * (2 * LINES - 5)
    scans = ScanSet.open(place / "scans")
    rows = scans.samples.rows("test")
    answers = LineRecognizer.load(place / "export/lrcn/int8.onnx").logits(scans.lines(rows)).argmax(axis=2)
    right_L = (answers == scans.samples.class_indices[rows][:, None]).mean(axis=0)
    np.testing.assert_allclose(table["top1"][LINES:], right_L, atol=1e-6)
    first, second = json.loads((tmp_path / "both.json").read_text())["models"]
    assert first["mean_lines"] == 5 and second["mean_lines"] is None and len(first["lines"]) == LINES
    assert second["top1_50"] == pytest.approx(right_L[LINES // 2 - 1])


def test_a_chart_lays_them_over_each_other(run, tmp_path):
    assert run("-o", tmp_path / "both.png")[0] == 0
    with Image.open(tmp_path / "both.png") as image:
        colours = {tuple(colour) for colour in np.asarray(image.convert("RGB")).reshape(-1, 3)}
    assert {(0, 0x72, 0xB2), (0xD9, 0x82, 0)} <= colours, "a colour for each"


def test_what_does_not_fit_is_refused(run, place, tmp_path):
    model = place / "export/lrcn/int8.onnx"
    assert "given twice" in run(models=[model, model])[2]
    shutil.copytree(model.parent, tmp_path / "other")
    labels = load_json(tmp_path / "other/labels.json")
    labels["classes"][0]["label"] = "お"
    save_json(tmp_path / "other/labels.json", labels)
    status, _, err = run(models=[model, tmp_path / "other/int8.onnx"])
    assert status == 2 and "names other classes" in err and "あ, お" in err
    status, _, err = run(models=[model, "arabic"])
    assert status == 2 and "several models" in err
    assert "which format" in run("-o", tmp_path / "both.txt")[2]
