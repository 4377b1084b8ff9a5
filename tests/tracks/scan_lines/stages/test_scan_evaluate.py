"""scan_evaluate on answers of a model made in code; the files beside them were never trained."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from glyphlens.core.errors import InputError
from glyphlens.core.storage import save_array, sha256_file
from glyphlens.gates.token import write_token
from glyphlens.inference.folder import ExportFolder
from glyphlens.inference.stopping import STOPPING, StoppingRule
from glyphlens.tracks.scan_lines.evaluation.line_scores import line_headline
from glyphlens.tracks.scan_lines.stages import scan_evaluate
from glyphlens.tracks.scan_lines.stopping.answers import line_answers
from glyphlens.tracks.scan_lines.stopping.calibration import StoppingParams, calibrate, propose_thresholds
from glyphlens.tracks.scan_lines.stopping.files import CALIBRATION, PROPOSED, TEST
from tests.checkout import ROOT
from tests.commands.scan_model import export_scanner
from tests.hub_cards import check_release_card
from tests.tracks.scan_lines.forged_scans import LINES, NearestMean, write_scans

PARAMS = StoppingParams(alpha=0.1, delta=0.1, largest_group_gap=0.2, proposed_gap=0.02)


@pytest.fixture
def written(tmp_path):
    """What comes before scan_evaluate: scans, two exports, and their stopping folders."""
    scans = write_scans(tmp_path / "samples", {"train": range(8), "val": range(4), "test": range(8)})
    tested = write_scans(tmp_path / "calibration", {"test": range(24)}, seed=1)
    write_token(tmp_path / "samples.json", tmp_path / "samples", tmp_path / "calibration")
    shutil.copy(ROOT / "params.yaml", tmp_path)
    for name in ("sequential", "vit"):
        export, out, model = tmp_path / "export" / name, tmp_path / "stopping" / name, NearestMean(once=name == "vit")
        export_scanner(export, name, labels="abcd")
        answers, calibration, val = (
            line_answers(model, own, rows)
            for own, rows in (
                (scans, scans.samples.rows("test")),
                (tested, np.arange(len(tested))),
                (scans, scans.samples.rows("val")),
            )
        )
        proposed_L = propose_thresholds(val, 0.02) if name != "vit" else np.append(np.full(LINES - 1, np.inf), 0.0)
        rule = calibrate(calibration, proposed_L, PARAMS, sha256_file(export / "int8.onnx")).rule
        rule.save(out / STOPPING)
        save_array(out / PROPOSED, proposed_L)
        answers.save(out / TEST)
        calibration.save(out / CALIBRATION)
        ExportFolder(out).save_measured(line_headline(answers, answers, rule, 10))
    return tmp_path


def evaluate(folder, monkeypatch):
    monkeypatch.chdir(folder)
    write_token(folder / "models.json", folder / "export", folder / "stopping")
    options = [
        "--samples",
        "samples",
        "--samples-token",
        "samples.json",
        "--export",
        "export",
        "--stopping",
        "stopping",
    ]
    options += ["--export-token", "models.json", "--release", "release", "--metrics", "evaluate.json"]
    scan_evaluate.main([*options, "--baseline", "baseline.json", "--report", "report"])


def test_the_page_the_metrics_and_the_release(written, monkeypatch):
    evaluate(written, monkeypatch)
    baseline = json.loads(Path("baseline.json").read_text())
    assert list(baseline) == ["top1_25", "top1_38", "top1_50", "top1_75", "top1_100"]
    found = json.loads(Path("evaluate.json").read_text())
    assert 0.2 < found["lines_saved"] < 0.75 and found["exit_gap"] <= 0.1 and found["resplits_kept"] > 0.8
    assert found["shape_top1"] > 0.9 and len(found) == 6
    page = Path("report/report.html").read_text(encoding="utf-8")
    assert "What answers rest on" in page and Path("report/attention.png").stat().st_size > 10_000
    assert Path("report/shares.csv").read_text(encoding="utf-8").count("as labelled") == 3
    assert "The units are groups" in page and "Stopping starts at line" in page
    model = ExportFolder(Path("release")).only_model()
    assert StoppingRule.load(Path("release", STOPPING), model).first_line < LINES
    assert "does not hold for other kinds of writers" in Path("release/README.md").read_text(encoding="utf-8")
    head, table = check_release_card(Path("release")), pd.read_csv("report/recognizers.csv").set_index("recognizer")
    assert head.value("top-1 at the last line") == pytest.approx(table.loc["sequential", "int8_top1"], abs=1e-4)


def test_the_page_says_how_many_draws_stop(written, monkeypatch):
    evaluate(written, monkeypatch)
    draws = pd.read_csv("report/resplits.csv")
    page = " ".join(Path("report/report.html").read_text(encoding="utf-8").split())
    stopping = draws[draws["first_line"] < LINES]
    kept = (stopping["exit_gap"] <= PARAMS.alpha).sum()
    assert f"{len(stopping)} of the {len(draws)} stop scans early, and {kept} of those kept the gap" in page


def test_draws_that_never_stop_are_no_evidence_that_stopping_keeps_the_gap(written, monkeypatch):
    """97 of 100 that read every line, and 3 that stop and lose too much: 97 % keep the gap, and not one by stopping."""
    table = pd.DataFrame({"exit_gap": 0.0, "marginal_gap": 0.0, "mean_lines": 12.0, "first_line": [LINES] * 100})
    table.loc[:2, ["exit_gap", "first_line"]] = [0.2, 5]
    monkeypatch.setattr(scan_evaluate, "resplits", lambda *_: table)
    evaluate(written, monkeypatch)
    page = " ".join(Path("report/report.html").read_text(encoding="utf-8").split())
    assert "3 of the 100 stop scans early, and 0 of those kept the gap" in page
    assert "the other 97 read every line and lose nothing" in page
    assert json.loads(Path("evaluate.json").read_text())["resplits_kept"] == 0.97


@pytest.mark.parametrize(
    ("groups", "said", "not_said"),
    [(3, "3 groups are too few", "no threshold was found"), (24, "no threshold was found", "too few")],
)
def test_a_rule_that_never_stops_says_why_on_page_and_card(written, monkeypatch, groups, said, not_said):
    place = written / "stopping/sequential" / STOPPING
    promise = StoppingRule.load(place).promise.model_copy(update={"groups": groups})
    StoppingRule(np.append(np.full(LINES - 1, np.inf), 0.0), promise).save(place)
    evaluate(written, monkeypatch)
    for file in ("report/report.html", "release/README.md"):
        text = Path(file).read_text(encoding="utf-8")
        assert said in text and not_said not in text, file


def test_without_the_one_that_is_released_nothing_is(written, monkeypatch):
    shutil.rmtree(written / "export/sequential")
    with pytest.raises(InputError, match="no sequential"):
        evaluate(written, monkeypatch)
    assert not Path("release").exists()
