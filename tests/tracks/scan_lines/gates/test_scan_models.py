"""scan_stopping and gate_scan_models, one after the other, on forged scans and files that were never trained."""

import json
import shutil

import pytest
from ruamel.yaml import YAML
from torch import nn

from glyphlens.gates.check import Verdict
from glyphlens.gates.run import examine
from glyphlens.gates.token import write_token
from glyphlens.inference.stopping import STOPPING, StoppingRule
from glyphlens.tracks.scan_lines.gates.scan_models import GATE, ScanModelData, ScanModelLimits, ScanModelPaths
from glyphlens.tracks.scan_lines.stages import scan_stopping
from tests.checkout import ROOT
from tests.commands.scan_model import export_scanner
from tests.tracks.scan_lines.forged_scans import write_scans
from tests.tracks.scan_lines.scan_networks import tiny

LIMITS = {"min_top1": 0.0, "scored_rows": 40}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A folder with scans, exports, and what scan_stopping left of them."""
    folder = tmp_path_factory.mktemp("track")
    write_scans(folder / "samples", {"train": range(8), "val": range(4), "test": range(4)}, scans=12)
    write_scans(folder / "calibration", {"test": range(6)}, seed=1, scans=12)
    write_token(folder / "samples.json", folder / "samples", folder / "calibration")
    for name in ("sequential", "vit"):
        export_scanner(folder / "export" / name, name, labels="abcd")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        shutil.copy(ROOT / "params.yaml", folder)
        options = ["--samples", "samples", "--calibration", "calibration", "--token", "samples.json"]
        scan_stopping.main([*options, "--export", "export", "--out", "stopping", "--metrics", "metrics"])
    return folder


def limits(**changed):
    content = YAML(typ="safe", pure=True).load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    return ScanModelLimits.model_validate(content["gates"]["scan_models"] | LIMITS | changed)


def failed(folder, **changed):
    """The ids of the checks that fail."""
    paths, own = ScanModelPaths(folder / "samples", folder / "export", folder / "stopping"), limits(**changed)
    results = examine(GATE, ScanModelData.open(paths, own), own)
    return {result.id for result in results if result.outcome.verdict is Verdict.FAIL}


@pytest.fixture
def forged(written, tmp_path):
    shutil.copytree(written, tmp_path / "forged")
    return tmp_path / "forged"


def test_each_recogniser_has_rule_answers_and_metrics(written):
    for name in ("sequential", "vit"):
        numbers = json.loads((written / "metrics" / f"{name}.json").read_text())
        assert list(numbers) == ["top1", "top1_at_half", "mean_lines", "exit_gap", "ece", "int8_top1"]
        rule = StoppingRule.load(written / "stopping" / name / STOPPING, written / "export" / name / "int8.onnx")
        assert rule.first_line == 12, "six groups are too few to open a line"
        tested = {"sequential": 5, "vit": 0}  # one of the six proposes; who answers once has nothing to be tested
        assert rule.promise.groups == tested[name]


def test_what_was_written_passes_the_gate(written):
    assert failed(written) == set()


def test_a_floor_that_is_missed_fails(written):
    assert failed(written, min_top1=0.99) == {"top1-floor"}


def test_a_rule_of_another_file_or_for_early_stops_fails(forged):
    stopping = forged / "stopping"
    shutil.copy(stopping / "vit" / STOPPING, stopping / "sequential" / STOPPING)
    assert "rules-own" in failed(forged)
    rule = json.loads((forged / "stopping/vit" / STOPPING).read_text())
    rule["thresholds"][4] = 0.5
    (forged / "stopping/vit" / STOPPING).write_text(json.dumps(rule))
    assert "rules-wait" in failed(forged)


class Peeking(nn.Module):
    """Adds what the last line says to every answer."""

    def __init__(self):
        super().__init__()
        self.network = tiny("sequential")

    def forward(self, lines_NLS):
        logits_NLC = self.network(lines_NLS)
        return logits_NLC + 3 * logits_NLC[:, -1:]


def test_a_recogniser_that_peeks_fails(forged):
    export_scanner(forged / "export/sequential", "sequential", labels="abcd", network=Peeking())
    assert "later-lines-unseen" in failed(forged)


def test_classes_in_another_order_fail(forged):
    export_scanner(forged / "export/vit", "vit", labels="abdc")
    assert "files-open" in failed(forged)
