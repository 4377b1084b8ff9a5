"""The stage from files to files: three forged recognisers on a small sample set, one page, one release."""

import re
from pathlib import Path

import pandas as pd
import pytest

from glyphlens.core.errors import InputError, OutputError
from glyphlens.core.storage import load_json, save_json, save_text, sha256_tree
from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.release_card import without_head
from glyphlens.gates.token import write_token
from glyphlens.tracks.kanji.stages import kanji_evaluate
from tests.forged_release import save_release
from tests.hub_cards import card_table, check_release_card
from tests.tracks.kanji.evaluation.forged_exports import write_export
from tests.tracks.kanji.gates.forged_samples import write_set

PARAMS = """
seed: 42
kanji_evaluate:
  calibration_bins: 5
  rare_share: 0.1
  groups_shown: 4
  confusions_shown: 4
  errors_shown: 4
  release_max_mb: 2.0
  targets: {best_top1: 0.97, hiercode_mb: 1.7, hiercode_gap: 0.02, int8_loss: 0.005, qat_loss: 0.005}
"""
KATAKANA_HE = 2


def prepared(folder: Path) -> dict[str, Path]:
    """Everything the stage reads, in a folder; its command line as a mapping."""
    save_text(folder / "params.yaml", PARAMS)
    samples = SampleSet.open(write_set(folder / "samples"))
    exports = folder / "export"
    write_export(exports / "hybrid_rnn", samples, wrong={1: KATAKANA_HE}, val_top1=0.99, int8_mb=3.5)
    write_export(exports / "hiercode", samples, wrong={8: 0, 9: 0}, val_top1=0.95, int8_mb=1.6)
    write_export(exports / "t2t_vit", samples, wrong={3: 4}, val_top1=0.97, int8_offered=False)
    save_json(exports / "stroke_rnn/measured.json", {"recognizer": "stroke_rnn", "skipped": "no strokes here"})
    named = {name: folder / name for name in ("samples", "export", "release", "report")}
    tokens = {
        name: folder / f"{name}.json"
        for name in ("samples_token", "export_token", "release_metrics", "metrics", "timings")
    }
    write_token(tokens["samples_token"], named["samples"])
    write_token(tokens["export_token"], named["export"])
    return named | tokens


@pytest.fixture
def arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """A folder to run in."""
    monkeypatch.chdir(tmp_path)
    return prepared(tmp_path)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same after a run."""
    paths = prepared(tmp_path_factory.mktemp("done"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(paths["report"].parent)
        run(paths)
    return paths


def run(arguments: dict[str, Path]) -> None:
    kanji_evaluate.main(
        [text for name, path in arguments.items() for text in (f"--{name.replace('_', '-')}", str(path))]
    )


def test_metrics_tables_page_and_release(done: dict[str, Path]) -> None:
    assert load_json(done["metrics"]) == {
        "best_top1": 0.9,
        "best_shape_top1": 1.0,
        "hiercode_gap": 0.1,
        "worst_int8_loss": 0.0,
        "rare_top1": 0.9,
        "worst_group_top1": 0.8,
    }
    written = {path.name for path in done["report"].iterdir()}
    tables = {"comparison.csv", "per_set.csv", "per_class.csv", "confusions.csv"}
    assert {"report.html", "run.json", "tradeoff.png", "curves.png", *tables} <= written
    confusions = pd.read_csv(done["report"] / "confusions.csv")
    assert confusions[["label", "predicted_label", "alike"]].to_numpy().tolist() == [["へ", "ヘ", True]]
    assert len(pd.read_csv(done["report"] / "per_class.csv")) == 5
    release = done["release"]
    assert (release / "int8.onnx").read_bytes() == b"int8 of hiercode"  # the others are too large or not on offer
    assert {path.name for path in release.iterdir()} == {"int8.onnx", "labels.json", "README.md"}
    (listed,) = load_json(release / "labels.json")["files"].values()
    assert (listed["name"], listed["temperature"]) == ("int8.onnx", 1.25), "the manifest is of the released file alone"
    released = load_json(done["release_metrics"])
    assert released["test_top1"] == 0.8 and released["int8_mb"] == 1.6 and len(released) == 6


def test_the_page_says_what_was_read_and_what_was_missed(done: dict[str, Path]) -> None:
    page = (done["report"] / "report.html").read_text(encoding="utf-8")
    assert page.index("A rendered stand-in, no real handwriting.") < page.index("<section")
    assert page.count("✗ missed") == 2 and page.count("✓ met</span>") == 2 and page.count("not measured") == 1
    assert "stroke_rnn was skipped: no strokes here." in page and "not offered" in page
    assert "U+3078 hiragana" in page and "read as <b" in page and "drawn alike" in page
    assert not re.search(r"https?://|<script|@import|url\(", page)
    # characters would be empty boxes where no font has them: pictures show them
    assert not re.search("[\u3040-\u30ff\u4e00-\u9fff]", page)


def test_the_card_of_the_release_says_why(done: dict[str, Path]) -> None:
    card = (done["release"] / "README.md").read_text(encoding="utf-8")
    assert without_head(card).startswith("# glyphlens") and card.count("\n# ") == 1
    assert "**hiercode**" in card and "80.00 % of 10 test samples" in card and "no real handwriting" in card
    assert "A forged card." in card
    head = check_release_card(done["release"])
    assert head.value("top-1") == 0.8 and head.datasets == ["fontsource", "kanjivg"]
    assert len(card_table(card, "Writers and fonts")) == 2 and "hiragana" in card_table(card, "Forms")["form"].tolist()


def test_nothing_of_an_earlier_release_stays_where_none_fits(arguments: dict[str, Path]) -> None:
    save_text(Path("params.yaml"), PARAMS.replace("release_max_mb: 2.0", "release_max_mb: 0.1"))
    (arguments["release"]).mkdir()
    (arguments["release"] / "int8.onnx").write_bytes(b"of an earlier run")
    run(arguments)
    assert {path.name for path in arguments["release"].iterdir()} == {"README.md"}
    assert load_json(arguments["release_metrics"]) == {}
    assert "at most 0.1 MB on offer" in (arguments["release"] / "README.md").read_text(encoding="utf-8")
    page = (arguments["report"] / "report.html").read_text(encoding="utf-8")
    assert "none of them: no int8 file is on offer and small enough" in page


@pytest.mark.parametrize("fault", ["export_token", "report"])
def test_a_stage_that_fails_keeps_the_earlier_release(arguments: dict[str, Path], fault: str) -> None:
    """At its gate, and while its last file is written."""
    save_release(arguments["release"])
    before = sha256_tree(arguments["release"])
    if fault == "report":
        (arguments["report"] / "report.html").mkdir(parents=True)
    else:
        arguments[fault].unlink()
    with pytest.raises((InputError, OutputError)):
        run(arguments)
    assert sha256_tree(arguments["release"]) == before


def test_the_same_inputs_give_the_same_bytes(done: dict[str, Path], arguments: dict[str, Path]) -> None:
    run(arguments)
    for name in ("report", "release", "release_metrics", "metrics"):
        assert sha256_tree(arguments[name]) == sha256_tree(done[name])


def test_a_perfect_reader_has_no_errors_to_show(arguments: dict[str, Path]) -> None:
    samples = SampleSet.open(arguments["samples"])
    write_export(arguments["export"] / "cnn", samples, val_top1=1.0)
    write_token(arguments["export_token"], arguments["export"])
    run(arguments)
    assert "every sample of the test groups was read right" in (arguments["report"] / "report.html").read_text("utf-8")


def test_exports_that_did_not_pass_their_gate_are_refused(arguments: dict[str, Path]) -> None:
    save_text(arguments["export"] / "hiercode/README.md", "changed")
    with pytest.raises(InputError, match="export: not the data that passed the gate"):
        run(arguments)


def test_an_unknown_target_is_refused(arguments: dict[str, Path]) -> None:
    save_text(Path("params.yaml"), PARAMS.replace("qat_loss", "qat_los"))
    with pytest.raises(InputError, match=r"kanji_evaluate.targets.qat_los"):
        run(arguments)
