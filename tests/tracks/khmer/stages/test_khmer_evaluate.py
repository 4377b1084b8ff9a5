"""The whole stage on the tiny export: numbers, tables, page, and the release as a user opens it."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, save_json, sha256_tree
from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.release_card import without_head
from glyphlens.gates.token import write_token
from glyphlens.inference.line_reader import LineReader
from glyphlens.inference.words import WordBreaker
from glyphlens.tracks.khmer.stages import khmer_evaluate
from tests.checkout import ROOT
from tests.hub_cards import card_table, check_release_card
from tests.once import once_per_run

PATHS = {
    "texts": "texts",
    "lines": "lines",
    "lines-token": "lines.token",
    "export": "export",
    "export-token": "export.token",
    "release": "release",
    "metrics": "metrics",
    "report": "report",
    "timings": "timings.json",
}


def evaluate(folder: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        khmer_evaluate.main([text for name, path in PATHS.items() for text in (f"--{name}", path)])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, made_lines: Path) -> Path:
    def make(folder: Path) -> None:
        shutil.copytree(made_lines, folder, dirs_exist_ok=True)
        shipped = YAML(typ="safe", pure=True).load((ROOT / "params.yaml").read_text(encoding="utf-8"))
        params = {name: shipped[name] for name in khmer_evaluate.SECTIONS}
        (folder / "params.yaml").write_text(json.dumps(params, ensure_ascii=False), encoding="utf-8")
        parts = {"train": {"words": ["ទាំង", "អស់"]}, "val": {"words": []}, "test": {"words": ["អស់", "កើត"]}}
        save_json(folder / "texts/splits.json", parts)
        for name in ("lines", "export"):
            write_token(folder / f"{name}.token", folder / name)
        evaluate(folder)

    return once_per_run(tmp_path_factory, "khmer-evaluated", make)


def test_numbers_are_those_of_the_answers(made: Path) -> None:
    numbers, answers = load_json(made / "metrics/ctc.json"), pd.read_parquet(made / "report/predictions.parquet")
    assert set(numbers) == {"cer", "exact_lines", "cluster_cer", "clean_cer", "int8_cer"}
    assert numbers["int8_cer"] == pytest.approx(answers["edits"].sum() / answers["characters"].sum(), abs=1e-4)
    assert numbers["exact_lines"] > 0.5
    assert load_json(made / "metrics/slices.json")["worst_family_cer"] >= numbers["int8_cer"]


def test_speed_is_noted_apart(made: Path) -> None:
    (found,) = (entry["ms_per_line"] for entry in load_json(made / "timings.json").values())
    assert 0 < found["ctc"]["median"] <= found["ctc"]["p95"]


def test_the_release_reads_by_itself(made: Path) -> None:
    samples = SampleSet.open(made / "lines")
    row = samples.rows("test")[0]
    (line,) = LineReader.load(made / "release").read([samples.images(np.array([row]))[0]])
    answers = pd.read_parquet(made / "report/predictions.parquet")
    assert line.text == answers["read"].iloc[0]
    assert WordBreaker.load(made / "release").words == {"ទាំង", "អស់", "កើត"}
    card = (made / "release/README.md").read_text(encoding="utf-8")
    assert without_head(card).startswith(
        "# Tiny lines\n\nMeasured on lines drawn from font families and texts never seen"
    )
    assert not (made / "release/fp32.onnx").exists()
    head, families = check_release_card(made / "release"), card_table(card, "Font families")
    assert head.value("characters read wrong") == load_json(made / "metrics/ctc.json")["int8_cer"]
    assert head.license == "other" and set(families["part"]) == set(answers["group"])


def test_the_page_shows_what_went_wrong(made: Path) -> None:
    page = (made / "report/report.html").read_text(encoding="utf-8")
    assert "Rendered lines, no scanned documents" in page
    assert "battambang" in page and "siemreap" in page
    for name in ("slice", "length", "is_mixed", "kind", "style", "group", "kinds", "errors"):
        assert (made / f"report/{name}.csv").is_file()


def test_it_ends_with_the_same_bytes(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    evaluate(tmp_path)
    differing = [name for name in written(made) if (made / name).read_bytes() != (tmp_path / name).read_bytes()]
    assert {Path(name).name for name in differing} <= {"report.html"}, "milliseconds are on the page"
    assert written(made) == written(tmp_path)


def written(folder: Path) -> list[str]:
    files = (file for name in ("metrics", "report") for file in (folder / name).rglob("*") if file.is_file())
    return sorted(file.relative_to(folder).as_posix() for file in files)


def test_lines_that_did_not_pass_are_refused(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    save_json(tmp_path / "export/ctc/measured.json", {})
    before = sha256_tree(tmp_path / "release")
    with pytest.raises(InputError, match="not the data that passed"):
        evaluate(tmp_path)
    assert sha256_tree(tmp_path / "release") == before
