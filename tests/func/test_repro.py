"""The whole graph once, small, in a copy of the repository: a few families, a few steps, every stage and every gate."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from ruamel.yaml import YAML

from glyphlens.storage import MAX_METRICS, load_json
from tests.checkout import ROOT, committed

SMALL: dict[str, dict[str, Any]] = {
    "fonts": {"weights_per_family": 1},
    "rasters": {"min_samples": 2, "min_families": 2},
    "variants": {"copies": 1},
    "primitives": {"count": 255, "sampled_cells": 50_000, "iterations": 4},
    "phase1": {"steps": 20, "batch": 256, "rasters_per_step": 8, "scored_rasters": 40, "validate_every": 10},
    "phase2": {"width": 16, "blocks": 1, "steps": 12, "batch": 64, "validate_every": 6},
    "onestage": {"stem": [4, 8], "steps": 12},
    "export": {"calibration_samples": 64, "latency_repeats": 2},
    "evaluate": {"confusions_shown": 4, "errors_shown": 4, "near_misses_shown": 1},
    "standin": {
        "characters": {"few": "あいうえおかきくけこアイウエオ一二三人口木林休"},
        "writers": 10,
        "font_copies": 1,
    },
    "kanji_training": {"validate_every": 3},
    "kanji_qat": {"steps": 4, "batch": 16, "validate_every": 2, "range_batches": 2},
    "kanji_export": {"calibration_samples": 32, "latency_repeats": 1},
    "kanji_evaluate": {"confusions_shown": 4, "errors_shown": 4},
}
SHORT = {"steps": 6, "batch": 16}
# Of the recognisers those that differ in what their stages do: plain, reading strokes, teaching and being taught.
FEW = {
    "recognizers": ["cnn", "hybrid_rnn", "stroke_rnn"],
    "distilled": ["cnn"],
    "exported": ["cnn", "cnn_qat", "cnn_distilled", "stroke_rnn"],
}
# A toy recogniser knows nothing: what is tested is that everything runs and fits together.
LENIENT: dict[str, dict[str, Any]] = {
    "glyphs": {"min_classes": 50, "min_families": 5, "class_samples": 2, "class_families": 2},
    "rasters": {
        "min_classes": 50,
        "min_families": 5,
        "min_class_samples": 2,
        "min_class_families": 2,
        "min_tested_classes": 0.1,
        "max_split_share": 0.9,
        "max_excluded_share": 0.9,
    },
    "primitives": {"max_bit_error": 0.3, "max_top_share": 0.9},
    "models": {
        "min_phase1_accuracy": 0.0,
        "max_empty_fpr": 1.0,
        "min_phase2_top1": 0.0,
        "min_phase2_top5": 0.0,
        "min_onestage_top1": 0.0,
        "min_distinct_share": 0.0,
        "max_commonest_share": 1.0,
    },
    "export": {
        "max_int8_loss": 1.0,
        "min_scored_top1": 0.0,
        "max_scored_loss": 1.0,
        "min_scored_agreement": 0.0,
        "max_batch_gap": 1.0,
    },
    "kanji_samples": {"min_classes": 10, "max_near_share": 1.0, "max_near_median": 1.0, "max_split_share": 0.5},
    "kanji_models": {
        "min_top1": {"cnn": 0.0},
        "min_other_top1": 0.0,
        "min_distinct_share": 0.0,
        "max_commonest_share": 1.0,
        "max_int8_loss": 1.0,
        "max_scored_gap": 1.0,
        "min_prediction_agreement": 0.0,
        "max_batch_gap": 1.0,
    },
}
REQUIRED = {
    "arabic/glyphs.json": {"fonts", "families", "glyphs", "classes"},
    "arabic/phase1.json": {"accuracy", "empty_fpr", "lookup_accuracy"},
    "arabic/onestage.json": {"test_top1", "test_top5"},
    "arabic/evaluate.json": {"test_top1", "test_top5", "test_shape_top1", "macro_f1", "worst_family_top1", "ece"},
    "arabic/export.json": {"fp32_top1", "int8_top1", "int8_mb"},
    "kanji/samples.json": {"samples", "classes", "groups", "etl_samples", "rendered_samples"},
    "kanji/cnn_qat.json": {"test_top1", "test_shape_top1", "macro_f1", "ece", "int8_top1", "int8_mb"},
    "kanji/evaluate.json": {"best_top1", "best_shape_top1", "worst_group_top1"},
}
pytestmark = pytest.mark.slow


class Copy:
    """A scratch copy of the repository in which ``dvc`` runs without git."""

    def __init__(self, folder: Path, packages: Path) -> None:
        self.folder = folder
        for path in committed():
            target = folder / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        shutil.copytree(packages, folder / "data/packages", dirs_exist_ok=True)
        # What the default run left in git belongs to other data.
        for name in ("dvc.lock", "metrics", "models"):
            shutil.rmtree(folder / name) if (folder / name).is_dir() else (folder / name).unlink(missing_ok=True)
        (folder / ".dvc/config.local").write_text("[core]\n    no_scm = true\n", encoding="utf-8")
        self.set(SMALL)
        self.set({"recognizers": {name: self.params()["recognizers"][name] | SHORT for name in FEW["recognizers"]}})
        self.reduce_the_graph()
        self.set({"gates": {gate: self.params()["gates"][gate] | limits for gate, limits in LENIENT.items()}})

    def params(self) -> Any:
        return YAML().load((self.folder / "params.yaml").read_text(encoding="utf-8"))

    def set(self, changes: dict[str, dict[str, Any]]) -> None:
        """Change values of params.yaml; a key that it does not have is a mistake of this test."""
        params = self.params()
        for section, values in changes.items():
            assert set(values) <= set(params[section]), f"{section}: {set(values) - set(params[section])}"
            params[section].update(values)
        with (self.folder / "params.yaml").open("w", encoding="utf-8") as handle:
            YAML().dump(params, handle)

    def reduce_the_graph(self) -> None:
        """Train few recognisers, one of them with a teacher."""
        graph = YAML().load((self.folder / "dvc.yaml").read_text(encoding="utf-8"))
        assert set(graph["vars"][0]["kanji"]) == set(FEW)
        graph["vars"][0]["kanji"] = FEW
        with (self.folder / "dvc.yaml").open("w", encoding="utf-8") as handle:
            YAML().dump(graph, handle)

    def dvc(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        programs = Path(sys.executable).parent
        environment = os.environ | {
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(self.folder / "src"),
            "OMP_WAIT_POLICY": "PASSIVE",
        }
        return subprocess.run(
            [programs / "dvc", *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )

    def stages(self) -> dict[str, Any]:
        stages: dict[str, Any] = YAML(typ="safe").load((self.folder / "dvc.yaml").read_text("utf-8"))["stages"]
        return stages

    def lock(self) -> dict[str, Any]:
        stages: dict[str, Any] = YAML(typ="safe").load((self.folder / "dvc.lock").read_text("utf-8"))["stages"]
        return stages


def ran(answer: subprocess.CompletedProcess[str]) -> list[str]:
    return re.findall(r"Running stage '([\w@]+)'", answer.stdout)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory, packages_of_two_scripts: Path) -> Copy:
    """The copy after one whole ``dvc repro``."""
    made = Copy(tmp_path_factory.mktemp("repro") / "glyphlens", packages_of_two_scripts)
    answer = made.dvc("repro")
    assert answer.returncode == 0, f"{answer.stdout[-3000:]}\n{answer.stderr[-6000:]}"
    assert ran(answer)[0] == "fonts"
    return made


def test_every_stage_ran_and_left_what_it_declares(copy: Copy) -> None:
    assert {stage.partition("@")[0] for stage in copy.lock()} == set(copy.stages())
    for stage, content in copy.lock().items():
        for out in content.get("outs", []):
            assert (copy.folder / out["path"]).exists(), f"{stage}: {out['path']}"


def test_metrics_hold_the_promised_numbers(copy: Copy) -> None:
    for name, keys in REQUIRED.items():
        assert keys <= set(load_json(copy.folder / "metrics" / name)), name
    for path in (copy.folder / "metrics").rglob("*.json"):
        content = load_json(path)
        assert 0 < len(content) <= MAX_METRICS, path
        assert all(value == round(value, 4) for value in content.values()), path


def test_the_page_needs_no_other_file(copy: Copy) -> None:
    for page in (copy.folder / "reports").rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"(?:src|href)=[\"'](?!data:|#)", text), f"{page} points outside itself"


def test_files_are_as_the_dictionary_says(copy: Copy) -> None:
    text = (ROOT / "docs/DATA.md").read_text(encoding="utf-8")
    parts = re.split(r"^### ", text, flags=re.MULTILINE)[1:]
    tables = [(part.splitlines()[0], re.findall(r"^\| `(\w+)` \|", part, flags=re.MULTILINE)) for part in parts]
    compared = 0
    for heading, columns in tables:
        path, _, table = [*heading.replace(" table ", "\0table\0").split("\0"), "", ""][:3]
        if columns:
            found = columns_of(copy.folder / path.strip("`"), table.strip("`"))
            assert found == columns, f"docs/DATA.md: {heading}"
            compared += 1
    assert compared >= 7


def columns_of(path: Path, table: str) -> list[str]:
    if path.suffix == ".db":
        with closing(sqlite3.connect(path)) as database:
            return [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
    if path.suffix == ".tsv":
        return path.read_text(encoding="utf-8").splitlines()[0].split("\t")
    return list((pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)).columns)


def test_a_second_run_has_nothing_to_do(copy: Copy) -> None:
    answer = copy.dvc("repro")
    assert answer.returncode == 0
    assert ran(answer) == []


def test_the_same_seed_gives_the_same_bytes(copy: Copy) -> None:
    stages = ("fonts", "glyphs", "rasters", "variants", "primitives")
    before = {stage: copy.lock()[stage]["outs"] for stage in stages}
    for stage in stages:
        answer = copy.dvc("repro", "--force", "--single-item", stage)
        assert answer.returncode == 0, answer.stderr[-3000:]
    assert {stage: copy.lock()[stage]["outs"] for stage in stages} == before


def test_a_parameter_re_runs_its_stage_and_none_before(copy: Copy) -> None:
    kept = (copy.folder / "params.yaml").read_bytes()
    copy.set({"phase2": {"lr": 0.0011}})
    changed = set(load_status(copy))
    (copy.folder / "params.yaml").write_bytes(kept)
    # The baseline trains with phase 2's settings; the run record of evaluate holds all of them.
    assert changed == {"phase2", "onestage", "evaluate"}


def load_status(copy: Copy) -> dict[str, Any]:
    answer = copy.dvc("status", "--json")
    assert answer.returncode == 0, answer.stderr
    status: dict[str, Any] = YAML(typ="safe").load(answer.stdout)
    return status


def test_a_tighter_limit_that_passes_re_runs_the_gate_and_no_training(copy: Copy) -> None:
    limits = copy.params()["gates"]["primitives"]
    copy.set({"gates": {"primitives": limits | {"max_bit_error": 0.29}}})
    answer = copy.dvc("repro")
    assert answer.returncode == 0, answer.stderr[-3000:]
    assert "gate_primitives" in ran(answer)
    assert not {"primitives", "phase1", "phase2", "onestage", "export"} & set(ran(answer))


def test_a_gate_that_fails_stops_the_run_and_leaves_its_page(copy: Copy) -> None:
    kept = (copy.folder / "params.yaml").read_bytes()
    limits = copy.params()["gates"]["rasters"]
    copy.set({"gates": {"rasters": limits | {"min_classes": 99_999}}})
    answer = copy.dvc("repro")
    (copy.folder / "params.yaml").write_bytes(kept)
    assert answer.returncode != 0
    assert ran(answer)[-1] == "gate_rasters"
    assert "99999" in (answer.stdout + answer.stderr).replace(",", "")
    assert (copy.folder / "reports/gates/rasters.html").is_file()
    assert not (copy.folder / "data/arabic/gates/rasters.json").exists()
