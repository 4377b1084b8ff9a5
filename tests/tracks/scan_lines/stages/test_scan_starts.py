"""The stage begins with weights in git where they fit, with few steps, and otherwise trains as if there were none."""

from pathlib import Path
from typing import Any

import pytest
import torch
from ruamel.yaml import YAML

from glyphlens.core.errors import InputError, OutputError
from glyphlens.core.storage import load_json, load_table, save_json, save_table
from glyphlens.data.sample_set import SampleSet
from glyphlens.gates.token import write_token
from glyphlens.inference.folder import Manifest
from glyphlens.nets.weights import load_model, save_model
from glyphlens.tracks.scan_lines.export.card import ScanFacts, scan_card
from glyphlens.tracks.scan_lines.recognizers import lrcn
from glyphlens.tracks.scan_lines.samples.scan_set import ScanSet
from glyphlens.tracks.scan_lines.stages import scan_lines
from glyphlens.training.sample_start import save_start
from tests.checkout import ROOT
from tests.tracks.scan_lines.scan_networks import SETTINGS, tiny, write_scan_set
from tests.tracks.scan_lines.stages.test_scan_stages import told, training_params

START = Path("start/lrcn")
SPLITS = {"train": ["train"], "val": ["val"], "calibration": ["more"], "test": ["test"]}
# So small a rate that weights stay what they were, and the averages of them.
OWN = {
    "network": SETTINGS["lrcn"],
    "start": True,
    "from_random": {"steps": 3, "lr": 0.1},
    "steps": 2,
    "batch": 8,
    "lr": 1e-9,
}


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with scans and a start of which no fresh network has the weights."""
    monkeypatch.chdir(tmp_path)
    samples = write_scan_set(Path("samples"))
    split(SPLITS)
    save_model(Path("long"), distinct(0.5))
    save_json(Path("long/training.json"), {"steps": 40000})
    save_start(START, Path("long"), SampleSet.open(samples))
    return tmp_path


def split(groups: dict[str, list[str]]) -> None:
    save_json(Path("samples/splits.json"), groups)
    write_token(Path("token.json"), Path("samples"))


def distinct(shift: float) -> torch.nn.Module:
    model = tiny("lrcn")
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(shift)
    return model


def run(out: str, curves: str = "curves.json", shared: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
    """Train; returns how it went. ``shared``: sections of params.yaml that are not as in other tests."""
    YAML().dump({**training_params(lrcn={**OWN, **changed}), **(shared or {})}, Path("params.yaml"))
    common = {"samples": "samples", "token": "token.json", "timings": "timings.json", "start": "start"}
    scan_lines.main(told(**common, out=f"{out}/lrcn", curves=curves))
    facts: dict[str, Any] = load_json(Path(out, "lrcn/training.json"))
    return facts


def weights(folder: str) -> dict[str, torch.Tensor]:
    return load_model(Path(folder), lrcn.Network).state_dict()


def test_a_training_begins_with_weights_that_fit() -> None:
    facts = run("trained")
    assert (facts["steps"], facts["steps_before"]) == (2, 40000)
    for name, tensor in weights("long").items():
        torch.testing.assert_close(weights("trained/lrcn")[name], tensor, rtol=1e-3, atol=1e-4)
    assert load_json(Path("trained/lrcn/groups.json")) == SPLITS["train"]
    scans = ScanSet.open(Path("samples"))
    measured = {kind: {"mb": 1, "val_top1": 1, "val_top1_all": 1, "agreement": 1} for kind in ("fp32", "int8")}
    manifest = Manifest(classes=scans.samples.classes, preparation={})
    card = scan_card(
        ScanFacts("lrcn", tiny("lrcn"), scans, manifest, {"val_rows": 1, **measured}, facts, {"samples": "0"})
    )
    assert ": 2 steps, after 40,000 earlier ones whose weights it began with." in card


def test_what_does_not_fit_is_as_if_it_were_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    split({**SPLITS, "calibration": ["train"]})
    facts = run("trained")
    assert "not from start/lrcn: has learnt from train, which is held out here (calibration" in capsys.readouterr().out
    assert (facts["steps"], facts["steps_before"]) == (3, 0)
    (START / "weights.safetensors").write_bytes(b"damaged")
    assert run("plain", start=False) == facts and "start" not in capsys.readouterr().out
    assert all(torch.equal(tensor, weights("plain/lrcn")[name]) for name, tensor in weights("trained/lrcn").items())
    assert not Path("trained/lrcn/groups.json").exists()


def test_scans_of_the_users_own_are_not_bent_as_handwriting(capsys: pytest.CaptureFixture[str]) -> None:
    """By itself: bent, the zeros of missing lines would bleed into their neighbours. The toy scans are no squares."""
    index, written = load_table(Path("samples/index.parquet")), {"scan_training": training_params()["scan_training"]}
    written["scan_training"]["written"] = YAML(typ="safe").load((ROOT / "params.yaml").read_text(encoding="utf-8"))[
        "scan_training"
    ]["written"]
    with pytest.raises(InputError, match=r"scan_training\.written"):
        run("bent", shared=written)
    save_table(Path("samples/index.parquet"), index.assign(source="scan"))
    split(SPLITS)
    run("plain")
    assert "scan_training.written" not in capsys.readouterr().out
    run("own", shared=written)
    assert capsys.readouterr().out.count("scan_training.written is left out") == 1
    assert all(torch.equal(tensor, weights("own/lrcn")[name]) for name, tensor in weights("plain/lrcn").items())


def test_a_training_of_another_start_is_another_one() -> None:
    """What is left of a training that could not write all its outputs is resumed with the same start alone."""

    def left() -> set[str]:
        with pytest.raises(OutputError):
            run("trained", curves="token.json/curves.json")
        return {folder.name for folder in Path("checkpoints/scan_lines@lrcn").iterdir()}

    first = left()
    assert left() == first and len(first) == 1
    save_model(Path("long"), distinct(0.25))
    save_start(START, Path("long"), SampleSet.open(Path("samples")))
    assert len(left() - first) == 1
    run("trained")
    torch.testing.assert_close(
        weights("trained/lrcn")["classes.bias"], weights("long")["classes.bias"], rtol=1e-3, atol=1e-4
    )
