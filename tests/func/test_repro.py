"""The whole graph once, small, in a copy of the repository: a few families, a few steps, every stage and every gate."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

from glyphlens.core.storage import MAX_METRICS, load_json, sha256_tree
from tests.checkout import ROOT
from tests.func.small_repository import SmallRepository, ran

REQUIRED = {
    "arabic/glyphs.json": {"fonts", "families", "glyphs", "classes"},
    "arabic/phase1.json": {"accuracy", "empty_fpr", "lookup_accuracy"},
    "arabic/onestage.json": {"test_top1", "test_top5"},
    "arabic/evaluate.json": {"test_top1", "test_top5", "test_shape_top1", "macro_f1", "worst_family_top1", "ece"},
    "arabic/export.json": {"fp32_top1", "int8_top1", "int8_mb"},
    "arabic/context.json": {"alone_top1", "context_top1", "shuffled_top1", "subset_top1"},
    "kanji/samples.json": {"samples", "classes", "groups", "etl_samples", "rendered_samples"},
    "kanji/cnn_qat.json": {"test_top1", "test_shape_top1", "macro_f1", "ece", "int8_top1", "int8_mb"},
    "kanji/evaluate.json": {"best_top1", "best_shape_top1", "worst_group_top1"},
}
pytestmark = pytest.mark.slow


def test_every_stage_ran_and_left_what_it_declares(small: SmallRepository) -> None:
    assert {stage.partition("@")[0] for stage in small.lock()} == set(small.stages())
    for stage, content in small.lock().items():
        for out in content.get("outs", []):
            assert (small.folder / out["path"]).exists(), f"{stage}: {out['path']}"


def test_metrics_hold_the_promised_numbers(small: SmallRepository) -> None:
    for name, keys in REQUIRED.items():
        assert keys <= set(load_json(small.folder / "metrics" / name)), name
    for path in (small.folder / "metrics").glob("*/**/*.json"):
        content = load_json(path)
        assert 0 < len(content) <= MAX_METRICS, path
        assert all(value == round(value, 4) for value in content.values()), path


def test_the_page_needs_no_other_file(small: SmallRepository) -> None:
    for page in (small.folder / "reports").rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        others = set(re.findall(r"(?:src|href)=[\"'](?!data:|#)([^\"']*)", text))
        assert {name for name in others if not (page.parent / name).is_file()} == set(), f"{page} points to nothing"
        assert all(name.endswith(".html") for name in others), f"{page} cannot be shown alone"


def test_files_are_as_the_dictionary_says(small: SmallRepository) -> None:
    text = (ROOT / "docs/DATA.md").read_text(encoding="utf-8")
    parts = re.split(r"^### ", text, flags=re.MULTILINE)[1:]
    tables = [(part.splitlines()[0], re.findall(r"^\| `(\w+)` \|", part, flags=re.MULTILINE)) for part in parts]
    compared = 0
    for heading, columns in tables:
        path, _, table = [*heading.replace(" table ", "\0table\0").split("\0"), "", ""][:3]
        if columns:
            found = columns_of(small.folder / path.strip("`"), table.strip("`"))
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


def test_a_second_run_has_nothing_to_do(small: SmallRepository) -> None:
    assert ran(small.dvc("repro")) == []


def test_the_same_seed_gives_the_same_bytes_in_any_number_of_processes(small: SmallRepository) -> None:
    stages = ("fonts", "glyphs", "rasters", "variants", "primitives")
    kept, before = (small.folder / "params.yaml").read_bytes(), {stage: small.lock()[stage]["outs"] for stage in stages}
    small.set({"machine.workers": 2})
    small.dvc("repro", "--force", "--single-item", *stages, fresh=True)
    (small.folder / "params.yaml").write_bytes(kept)
    assert {stage: small.lock()[stage]["outs"] for stage in stages} == before


def test_another_run_of_what_is_timed_changes_the_times_alone(small: SmallRepository) -> None:
    timed = ["kanji_qat", "export", "kanji_export@cnn", "evaluate", "kanji_evaluate"]
    small.dvc("repro", "--force", "--single-item", *timed, fresh=True)
    assert small.git("status", "--porcelain").split() == ["M", "metrics/timings.json"]
    assert {"phase1", "phase2", "onestage", "kanji@cnn", *timed} <= set(
        load_json(small.folder / "metrics/timings.json")
    )


def test_metrics_are_compared_without_a_cache(small: SmallRepository, tmp_path: Path) -> None:
    clone = small.clone(tmp_path / "clone")
    answer, _ = clone.start("dvc", "metrics", "diff").communicate()
    assert answer == ""


def test_a_parameter_re_runs_its_stage_and_none_before(small: SmallRepository) -> None:
    kept = (small.folder / "params.yaml").read_bytes()
    small.set({"phase2.lr": 0.0011})
    changed = set(small.status())
    (small.folder / "params.yaml").write_bytes(kept)
    # The baseline trains with phase 2's settings; the run record of evaluate holds all of them.
    assert changed == {"phase2", "onestage", "evaluate"}


def test_a_tighter_limit_that_passes_re_runs_the_gate_and_no_training(small: SmallRepository) -> None:
    small.set({"gates.primitives.max_bit_error": 0.29})
    again = ran(small.dvc("repro"))
    assert "gate_primitives" in again
    assert not {"primitives", "phase1", "phase2", "onestage", "export"} & set(again)


def test_a_gate_that_fails_stops_the_run_and_leaves_its_page(small: SmallRepository) -> None:
    kept = (small.folder / "params.yaml").read_bytes()
    small.set({"gates.rasters.min_classes": 99_999})
    told = small.dvc_fails("repro")
    (small.folder / "params.yaml").write_bytes(kept)
    assert ran(told)[-1] == "gate_rasters"
    assert "99999" in told.replace(",", "")
    assert (small.folder / "reports/gates/rasters.html").is_file()
    assert not (small.folder / "data/arabic/gates/rasters.json").exists()


@pytest.mark.parametrize("change", [{"gates.export.max_int8_mib": 0.0001}, {"evaluate.errors_shown": 0}])
def test_a_run_that_fails_leaves_the_release_as_it_was(small: SmallRepository, change: dict[str, float]) -> None:
    """At the gate before it, and in the very stage that writes it, whose other outputs DVC has removed by then."""
    kept, release = (small.folder / "params.yaml").read_bytes(), small.folder / "models/arabic/release"
    before = sha256_tree(release)
    small.set(change)
    small.dvc_fails("repro", "evaluate")
    (small.folder / "params.yaml").write_bytes(kept)
    assert sha256_tree(release) == before
