"""The gates of the kanji track as stages: folders in, token and report out."""

import json
from pathlib import Path

import pytest

from glyphlens.core.storage import save_json
from glyphlens.gates.run import GateError
from glyphlens.gates.token import require_token
from glyphlens.tracks.kanji.stages import gate_kanji_models, gate_kanji_samples
from tests.gates import kanji_forgery, kanji_model_forgery

OUTPUTS = ["--token", "token.json", "--metrics", "metrics.json", "--report", "report.html"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory whose params.yaml has the limits of the forged data."""
    limits = {"kanji_samples": kanji_forgery.LIMITS, "kanji_models": kanji_model_forgery.LIMITS}
    save_json(tmp_path / "params.yaml", {"gates": {name: part.model_dump() for name, part in limits.items()}})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_good_samples_get_a_token_and_spoilt_ones_lose_it(folder: Path) -> None:
    samples = kanji_forgery.write_set(folder / "samples")
    gate_kanji_samples.main(["--samples", "samples", *OUTPUTS])
    require_token(folder / "token.json", samples)
    assert json.loads((folder / "metrics.json").read_text())["rows"] == 60
    save_json(samples / "structure.json", {"components": [], "sequences": []})
    with pytest.raises(GateError, match="structure: value"):
        gate_kanji_samples.main(["--samples", "samples", *OUTPUTS])
    assert not (folder / "token.json").exists()


def test_good_exports_get_a_token(folder: Path) -> None:
    kanji_model_forgery.write_samples(folder / "samples")
    for name, reads in kanji_model_forgery.READS.items():
        kanji_model_forgery.write_export(folder / "export" / name, reads)
    gate_kanji_models.main(["--samples", "samples", "--export", "export", *OUTPUTS])
    require_token(folder / "token.json", folder / "export")
    assert "scored-top1" in (folder / "report.html").read_text(encoding="utf-8")
