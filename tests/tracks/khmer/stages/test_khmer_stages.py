"""Training, transfer and export on few lines, as `dvc repro` runs them: files, numbers, and refusals in plain words."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json
from glyphlens.data.sample_set import SampleSet
from glyphlens.data.tokens import TokenTable
from glyphlens.gates.token import write_token
from glyphlens.inference.line_reader import LineReader
from glyphlens.nets.weights import load_model
from glyphlens.tracks.khmer.recognizers import attention, ctc
from glyphlens.tracks.khmer.recognizers.presets import PRESETS, EncoderSizes
from glyphlens.tracks.khmer.stages import khmer, khmer_export, khmer_transfer
from tests.tracks.khmer.exported_toys import EXPORT
from tests.tracks.khmer.toy_khmer import LITTLE, TINY, save_toy_khmer, shipped_params

METRICS = {"val_cer", "val_exact", "int8_loss", "beam_gain", "int8_mb"}


def prepare(folder: Path) -> None:
    """Small parameters, and a token of the lines in ``folder``."""
    shipped = shipped_params()
    params = {name: shipped[name] for name in ("seed", "checkpoint")} | {"machine": {"workers": 1, "batch_workers": 0}}
    params["khmer_training"] = shipped["khmer_training"] | LITTLE | {"validate_every": 2}
    own = {"preset": "small", "start": False, "dropout": 0.0, "steps": 4, "batch": 8, "lr": 0.001}
    params["khmer_recognizers"] = {"ctc": own, "attention": own | {"start": True}}
    params["khmer_export"] = shipped["khmer_export"] | EXPORT
    (folder / "params.yaml").write_text(json.dumps(params), encoding="utf-8")
    write_token(folder / "token.json", folder / "lines")


def run(folder: Path, stage: Any, ends: Sequence[str]) -> None:
    words = {"samples": "lines", "token": "token.json", "timings": "timings.json"}
    words |= dict(end.split("=") for end in ends)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setitem(PRESETS, "small", EncoderSizes(**TINY))
        stage.main([word for name, place in words.items() for word in (f"--{name}", place)])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("khmer")
    save_toy_khmer(folder / "lines")
    prepare(folder)
    run(folder, khmer, ["start=none", "out=trained/ctc", "curves=ctc-curves.json"])
    run(folder, khmer_transfer, ["start=trained/ctc", "out=trained/attention", "curves=attention-curves.json"])
    for name in ("ctc", "attention"):
        run(folder, khmer_export, [f"model=trained/{name}", f"out=export/{name}", f"metrics={name}.json"])
    return folder


def test_trainings_leave_networks_tokens_curves_and_facts(made: Path) -> None:
    for name, kind in (("ctc", ctc.Network), ("attention", attention.Network)):
        network, tokens = load_model(made / "trained" / name, kind), TokenTable.load(made / "trained" / name)
        assert network.config.tokens == len(tokens) > len(SampleSet.open(made / "lines").charset or "")
        facts = load_json(made / f"trained/{name}/training.json")
        assert facts["steps"] == 4 and facts["tokens"] == len(tokens) and 0 <= facts["val_exact"] <= 1
        assert set(load_json(made / f"{name}-curves.json")) >= {"val_cer", "val_exact", "val_loss"}


@pytest.mark.parametrize("name", ["ctc", "attention"])
def test_an_export_is_whole_and_counted(made: Path, name: str) -> None:
    out = made / "export" / name
    metrics, measured = load_json(made / f"{name}.json"), load_json(out / "measured.json")
    assert set(metrics) == METRICS and measured["largest_gap"] < 1e-3
    assert measured["fp32"]["cer"] == pytest.approx(metrics["val_cer"], abs=1e-4)
    assert LineReader.load(out / "int8.onnx").read([]) == []
    assert (out / "curves").is_dir() and load_json(made / "timings.json")


@pytest.mark.parametrize("name", ["ctc", "attention"])
def test_the_card_says_what_was_measured(made: Path, name: str) -> None:
    card = (made / "export" / name / "README.md").read_text(encoding="utf-8")
    for said in (f"printed Khmer lines, `{name}`", "**drawn from fonts**", "| training | 1 | 60 |", "`int8.onnx`"):
        assert said in card, said
    assert "{{" not in card and f"dvc repro khmer_export@{name}" in card


def test_other_lines_than_passed_are_refused(made: Path, tmp_path: Path) -> None:
    save_toy_khmer(tmp_path / "lines")
    prepare(tmp_path)
    (tmp_path / "lines/index.parquet").write_bytes(b"changed")
    with pytest.raises(InputError, match="not the data that passed the gate"):
        run(tmp_path, khmer, ["start=none", "out=trained/ctc", "curves=curves.json"])
