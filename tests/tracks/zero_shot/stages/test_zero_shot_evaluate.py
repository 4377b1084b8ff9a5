"""The whole stage on a small forged export: numbers, controls, tables, page, and the release as a user opens it."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, sha256_tree
from glyphlens.data.sample_set import SampleSet
from glyphlens.gates.token import write_token
from glyphlens.inference.prototypes import Prototypes
from glyphlens.inference.recognizer import RASTER, Recognizer
from glyphlens.tracks.zero_shot.descriptions.belonging import require_belonging
from glyphlens.tracks.zero_shot.descriptions.encoder import FOLDER, DescriptionEncoder
from glyphlens.tracks.zero_shot.descriptions.table import DescriptionTable
from glyphlens.tracks.zero_shot.stages import zero_shot_evaluate
from tests.checkout import ROOT
from tests.hub_cards import card_table, check_release_card
from tests.once import once_per_run
from tests.tracks.zero_shot.gates import forged_export as forgery
from tests.tracks.zero_shot.gates.forged_export import DRAWN, EXAMPLE_GROUPS, GROUPS, LABELS, LEVEL2, SEEN, UNSEEN

PATHS = {
    "samples": "samples",
    "samples-token": "samples.token",
    "export": "export",
    "export-token": "export.token",
    "release": "release",
    "metrics": "evaluate.json",
    "slices": "slices.json",
    "variants": "variants.json",
    "baseline": "baseline.json",
    "shots": "shots.json",
    "reranking": "reranking.json",
    "report": "report",
    "timings": "timings.json",
}


def evaluate(folder: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        zero_shot_evaluate.main([text for name, path in PATHS.items() for text in (f"--{name}", path)])


def make(folder: Path) -> None:
    shipped = YAML(typ="safe", pure=True).load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    params = {name: shipped[name] for name in zero_shot_evaluate.SECTIONS}
    params["zero_shot_evaluate"]["shots"] = [1, len(EXAMPLE_GROUPS)]
    (folder / "params.yaml").write_text(json.dumps(params, ensure_ascii=False), encoding="utf-8")
    forgery.write_export(folder / "export", forgery.write_samples(folder / "samples"))
    for name in ("samples", "export"):
        write_token(folder / f"{name}.token", folder / name)
    evaluate(folder)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return once_per_run(tmp_path_factory, "zero-shot-evaluated", make)


def test_text_names_what_pictures_were_never_shown_and_exchanged_text_does_not(made: Path) -> None:
    found = load_json(made / "evaluate.json")
    assert found["unseen_top1"] == found["unseen_text_top1"] == found["seen_top1"] == found["harmonic_mean"] == 1
    assert found["shuffled_top1"] == 0
    assert 0.5 < found["template_top1"] <= 1  # the pictures carry noise that gradients see


def test_further_numbers_are_in_files_of_their_own(made: Path) -> None:
    assert load_json(made / "slices.json").keys() >= {"unseen_top5", "among_unseen_top1", "level2_top1"}
    found = load_json(made / "variants.json")
    assert found["int8_loss"] == 0 and found["unseen_exemplar_top1"] == 1
    assert load_json(made / "shots.json") == {"shots1_top1": 1, "shots3_top1": 1}
    assert pd.read_csv(made / "report/examples.csv")["share"].tolist() == [0, 0]  # nothing is left to gain
    found = load_json(made / "baseline.json")
    assert found.keys() == {"unseen_top1", "seen_top1", "unseen_among_unseen_top1", "level2_top1"}
    assert found["unseen_top1"] == load_json(made / "evaluate.json")["template_top1"]


def test_ordering_again_is_measured_with_and_without(made: Path) -> None:
    found = load_json(made / "reranking.json")
    assert found["weight"] == 0 and found["off_unseen_top1"] == 1 and found["tried"] > 0  # nothing is left to gain
    table = pd.read_csv(made / "report/reranking.csv")
    assert table["weight"].iloc[0] == 0 and table["val_mean"].iloc[0] == found["off_val_mean"] == 1


def test_tables_count_what_was_asked(made: Path) -> None:
    table = pd.read_csv(made / "report/questions.csv").set_index("question")
    hands = len(GROUPS["test"])
    assert table["samples"].to_dict() == {
        "unseen": hands * len(UNSEEN),
        "seen": hands * len(SEEN),
        "unseen_among_unseen": hands * len(UNSEEN),
        "level2": hands * len(LEVEL2),
    }
    assert table["candidates"].to_dict() == {
        "unseen": len(LABELS) - len(LEVEL2),
        "seen": len(LABELS) - len(LEVEL2),
        "unseen_among_unseen": len(UNSEEN),
        "level2": len(LABELS),
    }
    assert set(pd.read_csv(made / "report/groups.csv")["group"]) == set(GROUPS["test"])
    assert len(pd.read_parquet(made / "report/predictions.parquet")) == hands * len(UNSEEN)
    for name in ("components", "confusions", "classes"):
        assert (made / f"report/{name}.csv").is_file()


def test_every_stroke_and_component_of_the_hardest_pictures_has_its_share(made: Path) -> None:
    table, descriptions = pd.read_csv(made / "report/evidence.csv"), DescriptionTable.load(made / "samples")
    assert list(table.columns) == ["row", "character", "rival", "level", "number", "name", "share"]
    index = SampleSet.open(made / "samples").index
    for row, own in table.groupby("row"):
        (character,) = set(own["character"])
        names = own[own["level"] == "component"]["name"].tolist()
        assert index["label"].iloc[row] == character in UNSEEN and character not in set(own["rival"])
        assert names == [*descriptions[character].names, "elsewhere"]
        assert (own["level"] == "stroke").sum() == len(descriptions[character].types) + 1
    page = (made / "report/report.html").read_text(encoding="utf-8")
    assert all(
        f'<th scope="row">{character} U+{ord(character):04X}</th>' in page for character in set(table["character"])
    )
    assert page.count("<td>strokes</td>") == page.count("<td>components</td>") == table["row"].nunique() > 0


def test_the_page_says_what_the_pictures_are_and_what_unseen_means(made: Path) -> None:
    page = (made / "report/report.html").read_text(encoding="utf-8")
    assert "no real handwriting" in page and "What “unseen” means here" in page
    assert page.count('<img class="chart"') == 4 and (made / "report/evidence.png").is_file()


def test_the_release_is_all_that_a_user_needs(made: Path) -> None:
    release, samples = made / "release", SampleSet.open(made / "samples")
    files = {path.relative_to(release).as_posix() for path in release.rglob("*") if path.is_file()}
    described = {
        f"{FOLDER}/{name}"
        for name in ("encoder.onnx", "components.json", "descriptions.npz", "descriptions.json", "models.json")
    }
    assert files == {"int8.onnx", "int8.prototypes.npz", "labels.json", "README.md", *described}
    card = (release / "README.md").read_text(encoding="utf-8")
    assert "100.00 %" in card
    assert check_release_card(release).value("top-1 of characters never seen") == 1.0
    assert (
        card_table(card, "Writers and fonts")["group"].tolist()
        == pd.read_csv(made / "report/groups.csv")["group"].tolist()
    )
    recognizer = Recognizer.load(release)
    require_belonging(recognizer.path)
    rows = np.flatnonzero(samples.index["label"].isin(UNSEEN))
    assert recognizer.read({RASTER: samples.images(rows)}) == samples.index["label"].iloc[rows].tolist()
    assert set(Prototypes.load(release / "int8.onnx").labels) == set(LABELS) > set(DRAWN["train"])
    encoder = DescriptionEncoder.load(release / FOLDER)
    assert encoder.vectors([encoder.known[UNSEEN[0]]]).shape == (1, forgery.NUMBERS)


def test_again_is_the_same_bytes(made: Path) -> None:
    before = [
        sha256_tree(made / name)
        for name in (
            "release",
            "report",
            "evaluate.json",
            "slices.json",
            "variants.json",
            "baseline.json",
            "shots.json",
            "reranking.json",
        )
    ]
    evaluate(made)
    after = [
        sha256_tree(made / name)
        for name in (
            "release",
            "report",
            "evaluate.json",
            "slices.json",
            "variants.json",
            "baseline.json",
            "shots.json",
            "reranking.json",
        )
    ]
    assert after == before


def test_without_a_gate_nothing_is_scored_or_released(made: Path, tmp_path: Path) -> None:
    for name in ("samples", "export", "samples.token", "params.yaml"):
        (tmp_path / name).symlink_to(made / name)
    with pytest.raises(InputError, match=r"export\.token: no token"):
        evaluate(tmp_path)
    assert not (tmp_path / "release").exists() and not (tmp_path / "evaluate.json").exists()
