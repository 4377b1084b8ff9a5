"""The gate stage: what it reads and writes, and what is left behind when it stops the pipeline."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from glyphlens.core.errors import GlyphlensError, InputError
from glyphlens.core.params import read_params
from glyphlens.core.storage import load_table, save_json, save_table
from glyphlens.gates.run import GateError, GateFiles
from glyphlens.gates.token import require_token
from glyphlens.stages.gate import find_gate, main
from tests.checkout import ROOT
from tests.tracks.arabic.gates import forged_glyphs
from tests.tracks.kanji.gates import forged_models, forged_samples

GATES = sorted(path.stem for path in ROOT.glob("src/glyphlens/tracks/*/gates/*.py") if "\nGATE: " in path.read_text())
LIMITS = {
    "glyphs": forged_glyphs.LIMITS,
    "kanji_samples": forged_samples.LIMITS,
    "kanji_models": forged_models.LIMITS,
}


def arguments(gate: str, folder: Path = Path()) -> list[str]:
    """Everything in one folder, named by its option."""
    options = [*find_gate(gate).paths._fields, *GateFiles._fields]
    return [gate, *(part for name in options for part in (f"--{name.replace('_', '-')}", str(folder / name)))]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a small good database, whose params.yaml has the limits of forged data."""
    forged_glyphs.write_folder(tmp_path / "glyphs", forged_glyphs.glyph_table())
    tighten(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def tighten(folder: Path, **glyphs: float) -> None:
    sections = {name: limits.model_dump() for name, limits in LIMITS.items()}
    save_json(folder / "params.yaml", {"gates": {**sections, "glyphs": {**sections["glyphs"], **glyphs}}})


@pytest.mark.parametrize("gate", GATES)
def test_missing_data_stops_the_gate_and_leaves_a_report(gate: str, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("{}")
    with pytest.raises(GlyphlensError, match="data-opens"):
        main(arguments(gate, tmp_path))
    assert f"gate_{gate}" in (tmp_path / "report").read_text()
    assert json.loads((tmp_path / "metrics").read_text())["failed"] == 1
    assert not (tmp_path / "token").exists()


def test_good_data_gets_a_token_that_the_next_stage_accepts(folder: Path) -> None:
    main(arguments("glyphs"))
    require_token(folder / "token", folder / "glyphs")
    table = load_table(folder / "glyphs/audit.parquet")
    save_table(folder / "glyphs/audit.parquet", pd.concat([table, table.reindex([0])]))
    with pytest.raises(InputError, match="not the data that passed"):
        require_token(folder / "token", folder / "glyphs")


def test_a_failing_gate_ends_the_process_with_1_and_one_message_in_its_name(folder: Path) -> None:
    tighten(folder, min_classes=4)
    command = [sys.executable, "-m", "glyphlens.stages.gate", *arguments("glyphs")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("gate_glyphs: ")
    assert "classes: value 3 classes" in done.stderr
    assert "Traceback" not in done.stderr
    assert (folder / "report").is_file()


def test_a_token_does_not_depend_on_limits_that_still_pass(folder: Path) -> None:
    main(arguments("glyphs"))
    before = (folder / "token").read_bytes()
    tighten(folder, max_upem=1000)
    main(arguments("glyphs"))
    assert (folder / "token").read_bytes() == before


def test_a_missing_section_is_named(folder: Path) -> None:
    save_json(folder / "params.yaml", {"gates": {}})
    with pytest.raises(GlyphlensError, match=r"gates\.glyphs"):
        main(arguments("glyphs"))


@pytest.mark.parametrize("arguments", [["ghost"], ["sample_data"], []])
def test_what_is_no_gate_is_refused_by_name(arguments: list[str]) -> None:
    with pytest.raises(InputError, match=f"gates/{''.join(arguments)}.py"):
        main(arguments)


def test_samples_that_are_spoilt_lose_their_token(folder: Path) -> None:
    samples = forged_samples.write_set(folder / "samples")
    main(arguments("kanji_samples"))
    require_token(folder / "token", samples)
    assert json.loads((folder / "metrics").read_text())["rows"] == 60
    save_json(samples / "structure.json", {"components": [], "sequences": []})
    with pytest.raises(GateError, match="structure: value"):
        main(arguments("kanji_samples"))
    assert not (folder / "token").exists()


def test_the_token_covers_what_is_judged_and_not_what_it_is_judged_by(folder: Path) -> None:
    forged_models.write_samples(folder / "samples")
    for name, reads in forged_models.READS.items():
        forged_models.write_export(folder / "export" / name, reads)
    main(arguments("kanji_models"))
    require_token(folder / "token", folder / "export")
    with pytest.raises(InputError, match="holds nothing of that name"):
        require_token(folder / "token", folder / "samples")


def test_the_committed_limits_are_those_that_were_promised() -> None:
    params = read_params(ROOT / "params.yaml")
    limits = params["gates"]
    assert (limits["glyphs"]["min_classes"], limits["glyphs"]["min_families"]) >= (1200, 40)
    assert {"meem.isol", "heh.isol"} <= set(limits["rasters"]["hole_labels"])
    assert (limits["models"]["min_phase1_accuracy"], limits["models"]["max_empty_fpr"]) == (0.9, 0.02)
    assert limits["kanji_samples"]["box_px"] == params["kanji"]["box_px"]
    for files in ("export", "kanji_models"):
        assert (limits[files]["min_fp32_agreement"], limits[files]["max_int8_loss"]) == (0.999, 0.005)
