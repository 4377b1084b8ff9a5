"""The stages train a recogniser of scans and export it; what is said of the files was measured on them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

from glyphlens.core.storage import load_json, load_table, save_table
from glyphlens.gates.token import write_token
from glyphlens.inference.stopping import STOPPING, StoppingRule
from glyphlens.inference.streams import LineRecognizer
from glyphlens.tracking.timings import read_timings
from glyphlens.tracks.scan_lines.samples.scan_set import ScanSet
from glyphlens.tracks.scan_lines.stages import scan_export, scan_lines, scan_stopping
from glyphlens.tracks.scan_lines.stopping.answers import LineAnswers
from glyphlens.tracks.scan_lines.stopping.calibration import is_proposing
from tests.tracks.scan_lines.scan_networks import LINES, RANDOM, SETTINGS, write_scan_set
from tests.tracks.scan_lines.training.test_line_task import params_of


def told(**places: str) -> list[str]:
    return [word for name, place in places.items() for word in (f"--{name}", place)]


def training_params(**recognizers: dict[str, Any]) -> dict[str, Any]:
    """What the stage of a training reads of params.yaml."""
    return {
        "seed": 3,
        "machine": {"workers": 1, "batch_workers": 0},
        "checkpoint": {"resume": "auto", "minutes": 5},
        "scan_training": params_of().model_dump(mode="json"),
        "scan_recognizers": recognizers,
    }


@pytest.mark.slow
def test_a_recogniser_is_trained_and_exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = write_scan_set(tmp_path / "samples")
    write_token(tmp_path / "token.json", samples)
    own = {"network": SETTINGS["sequential"], "from_random": {"steps": 30, "lr": 0.01}, "batch": 8, **RANDOM}
    params: dict[str, Any] = {
        **training_params(sequential=own),
        "scan_export": {"validation_samples": 100, "streamed_samples": 3, "latency_repeats": 1},
        "scan_stopping": {
            "alpha": 0.1,
            "delta": 0.1,
            "largest_group_gap": 0.5,
            "proposed_gap": 0.05,
            "proposal_share": 0.4,
            "calibration_bins": 10,
        },
    }
    YAML().dump(params, tmp_path / "params.yaml")
    monkeypatch.chdir(tmp_path)
    common = {"samples": "samples", "token": "token.json", "timings": "timings.json"}
    scan_lines.main(told(**common, start="none", out="trained/sequential", curves="curves.json"))
    scan_export.main(told(**common, model="trained/sequential", out="export/sequential", metrics="export.json"))

    scans, measured = ScanSet.open(samples), load_json(tmp_path / "export/sequential/measured.json")
    rows_N = scans.samples.rows("val")
    best_NL = LineRecognizer.load(tmp_path / "export/sequential/int8.onnx").logits(scans.lines(rows_N)).argmax(2)
    hits_NL = best_NL == scans.samples.class_indices[rows_N][:, None]
    np.testing.assert_allclose(measured["int8"]["top1_by_answer"], hits_NL.mean(0), atol=1e-6)
    assert measured["int8"]["val_top1_all"] == pytest.approx(hits_NL[:, -1].mean(), abs=1e-6)
    assert len(hits_NL[0]) == LINES and measured["fp32"]["agreement"] > 0.99
    assert max(measured[kind]["step_gap"] for kind in ("fp32", "int8")) <= 1e-4
    assert set(load_json(tmp_path / "export.json")) == {"val_top1", "val_top1_all", "int8_loss", "int8_mb"}
    card = (tmp_path / "export/sequential/README.md").read_text(encoding="utf-8")
    assert "after every line" in card and "rendered stand-in" in card and ": 30 steps from random weights." in card
    assert read_timings(tmp_path / "timings.json")

    tested = write_scan_set(tmp_path / "calibration")
    index = load_table(tested / "index.parquet")
    save_table(tested / "index.parquet", index.assign(group=[f"writer/{row // 6}" for row in range(len(index))]))
    write_token(tmp_path / "both.json", samples, tested)
    places = {"samples": "samples", "calibration": "calibration", "token": "both.json", "export": "export"}
    scan_stopping.main(told(**places, out="stopping", metrics="stopped"))
    answers = LineAnswers.load(tmp_path / "stopping/sequential/calibration")
    groups = ScanSet.open(tested).groups
    assert answers.group_N.tolist() == groups[~is_proposing(groups, 0.4)].tolist() and len(set(answers.group_N)) == 5
    rule = StoppingRule.load(tmp_path / "stopping/sequential" / STOPPING, tmp_path / "export/sequential/int8.onnx")
    assert rule.promise.groups == 5
    assert load_json(tmp_path / "stopped/sequential.json")["mean_lines"] <= LINES
