"""The gate stages: what each reads and writes, and what is left behind when it stops the pipeline."""

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest

from glyphlens.core.errors import GlyphlensError, InputError
from glyphlens.core.storage import load_table, save_json, save_table
from glyphlens.gates.token import require_token
from glyphlens.tracks.arabic.stages import gate_glyphs
from tests.tracks.arabic.gates.forged_glyphs import LIMITS, glyph_table, write_folder

ROOT = Path(__file__).parents[2]
READS = {
    "gate_glyphs": ["glyphs"],
    "gate_rasters": ["rasters"],
    "gate_primitives": ["primitives", "rasters"],
    "gate_models": [
        *("phase1", "phase2", "onestage", "phase1-metrics", "phase2-metrics", "onestage-metrics"),
        *("rasters", "grids"),
    ],
    "gate_export": ["export", "export-metrics", "rasters"],
    "gate_kanji_samples": ["samples"],
    "gate_kanji_models": ["samples", "export"],
}


def arguments(folder: Path, stage: str) -> list[str]:
    inputs = [part for name in READS[stage] for part in (f"--{name}", str(folder / name))]
    outputs = [part for name in ("token", "metrics", "report") for part in (f"--{name}", str(folder / f"{name}.out"))]
    return inputs + outputs


@pytest.mark.parametrize("stage", READS)
def test_missing_data_stops_the_stage_and_leaves_a_report(tmp_path: Path, stage: str) -> None:
    (tmp_path / "token.out").write_text("{}")
    with pytest.raises(GlyphlensError, match="data-opens"):
        import_module(f"glyphlens.tracks.arabic.stages.{stage}").main(arguments(tmp_path, stage))
    assert stage in (tmp_path / "report.out").read_text()
    assert json.loads((tmp_path / "metrics.out").read_text())["failed"] == 1
    assert not (tmp_path / "token.out").exists()


@pytest.fixture
def glyph_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small good database below a working directory whose params.yaml asks for little."""
    write_folder(tmp_path / "glyphs", glyph_table())
    save_json(tmp_path / "params.yaml", {"gates": {"glyphs": LIMITS.model_dump()}})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_good_data_gets_a_token_that_the_next_stage_accepts(glyph_folder: Path) -> None:
    gate_glyphs.main(arguments(glyph_folder, "gate_glyphs"))
    require_token(glyph_folder / "token.out", glyph_folder / "glyphs")
    table = load_table(glyph_folder / "glyphs" / "audit.parquet")
    save_table(glyph_folder / "glyphs" / "audit.parquet", pd.concat([table, table.reindex([0])]))
    with pytest.raises(InputError, match="not the data that passed"):
        require_token(glyph_folder / "token.out", glyph_folder / "glyphs")


def test_a_failing_gate_ends_the_process_with_1_and_one_message(glyph_folder: Path) -> None:
    limits = json.loads((glyph_folder / "params.yaml").read_text())
    limits["gates"]["glyphs"]["min_classes"] = 4
    save_json(glyph_folder / "params.yaml", limits)
    command = [
        sys.executable,
        "-m",
        "glyphlens.tracks.arabic.stages.gate_glyphs",
        *arguments(glyph_folder, "gate_glyphs"),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "classes: value 3 classes on 3 families, limit ≥ 4 classes on ≥ 3 families" in done.stderr
    assert "Traceback" not in done.stderr
    assert (glyph_folder / "report.out").is_file()


def test_a_token_does_not_depend_on_limits_that_still_pass(glyph_folder: Path) -> None:
    gate_glyphs.main(arguments(glyph_folder, "gate_glyphs"))
    before = (glyph_folder / "token.out").read_bytes()
    limits = json.loads((glyph_folder / "params.yaml").read_text())
    limits["gates"]["glyphs"]["max_upem"] = 1000
    save_json(glyph_folder / "params.yaml", limits)
    gate_glyphs.main(arguments(glyph_folder, "gate_glyphs"))
    assert (glyph_folder / "token.out").read_bytes() == before


def test_a_section_part_that_is_missing_is_named(glyph_folder: Path) -> None:
    save_json(glyph_folder / "params.yaml", {"gates": {}})
    with pytest.raises(GlyphlensError, match=r"gates\.glyphs"):
        gate_glyphs.main(arguments(glyph_folder, "gate_glyphs"))
