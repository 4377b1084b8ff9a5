"""The card of a release: the head as hubs read it, parts of the test, files with their hashes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from glyphlens.core.storage import load_json
from glyphlens.evaluation.release_card import (
    HeadMetric,
    HubProfile,
    ReleaseFacts,
    complete_card,
    drawn_from,
    hub_head,
    without_head,
)
from glyphlens.tracks import Track, tracks
from glyphlens.tracks.arabic.evaluation import release as arabic
from glyphlens.tracks.kanji.evaluation import release as kanji
from glyphlens.tracks.khmer.evaluation import release as khmer
from glyphlens.tracks.scan_lines.evaluation import release as scan_lines
from glyphlens.tracks.scan_lines.evaluation.line_scores import Stopped
from glyphlens.tracks.scan_lines.stopping.answers import LineAnswers
from glyphlens.tracks.zero_shot.evaluation import release as zero_shot
from tests import hub_cards
from tests.checkout import ROOT
from tests.forged_release import save_release
from tests.tracks.scan_lines.forged_scans import write_scans

PROFILES = [module.PROFILE for module in (arabic, kanji, khmer, scan_lines, zero_shot)]
PARTS = pd.DataFrame({"family": ["no", "1e3"], "samples": [1200, 3], "top1": [0.5, float("nan")]})
FACTS = ReleaseFacts(
    profile=HubProfile("glyphlens-toy", "image-classification", ("onnx", "no"), ("Anything else.",)),
    languages=("no", "ja"),
    datasets=("kanjivg",),
    tested_on="1,203 toys: none of them trained on",
    metrics=(HeadMetric("accuracy", "top-1", 0.123456), HeadMetric("f1", "macro F1", 1.0)),
    parts={"Families": PARTS},
)


def test_the_head_is_read_as_it_was_meant() -> None:
    """The language no and numbers are what YAML is known to take for something else."""
    head = hub_cards.hub_head(hub_head(FACTS) + "# A card")
    assert head.language == ["no", "ja"] and head.tags == ["onnx", "no"]
    assert head.value("top-1") == 0.1235 and head.value("macro F1") == 1.0
    assert head.model_index[0].results[0].dataset.name == "1,203 toys: none of them trained on"
    assert (head.license, head.license_name, head.library_name) == ("mit", "", "glyphlens")


def test_what_has_no_value_is_left_out() -> None:
    facts = replace(FACTS, languages=(), datasets=(), metrics=(*FACTS.metrics, HeadMetric("f1", "none", float("nan"))))
    head = hub_head(facts)
    assert "language" not in head and "datasets" not in head and ".nan" not in head
    assert hub_cards.hub_head(head + "# A card").metrics == ["accuracy", "f1"]


def test_a_card_is_completed(tmp_path: Path) -> None:
    release = save_release(tmp_path / "release", card="# A card\n\nOf an export.\n")
    (release / "beside").mkdir()
    (release / "beside/words.txt").write_text("a\n", encoding="utf-8")
    complete_card(release, FACTS)
    hub_cards.check_release_card(release)
    card = (release / "README.md").read_text(encoding="utf-8")
    assert without_head(card).startswith("# A card\n\nOf an export.\n\n## Out-of-scope uses\n\n- Anything else.\n")
    assert "Measured with the released file on 1,203 toys" in card
    assert hub_cards.card_table(card, "Families").to_numpy().tolist() == [
        ["no", "1,200", "50.00 %"],
        ["1e3", "3", "n/a"],
    ]
    again = save_release(tmp_path / "again/release", card="# A card\n\nOf an export.\n")
    (again / "beside").mkdir()
    (again / "beside/words.txt").write_text("a\n", encoding="utf-8")
    complete_card(again, FACTS)
    assert (again / "README.md").read_text(encoding="utf-8") == card


@pytest.mark.parametrize("card", ["# A card\n", "---\nnever closed\n", ""])
def test_a_card_without_a_head_stays_as_it_is(card: str) -> None:
    assert without_head(card) == card


def test_data_sets_are_named_once() -> None:
    assert drawn_from(["etl", "rendered", "scan"]) == ("etl-character-database", "kanjivg", "fontsource")


def test_every_track_tells_hubs_what_its_artifact_says() -> None:
    artifacts = YAML(typ="safe", pure=True).load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["artifacts"]
    labels = {f"glyphlens-{name.replace('-', '_')}": entry["labels"] for name, entry in artifacts.items()}
    assert {profile.name: list(profile.tags) for profile in PROFILES} == labels
    assert {profile.name for profile in PROFILES} == {f"glyphlens-{name}" for name in tracks()}


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: str(profile.name))
def test_every_profile_is_one_that_hubs_take(profile: HubProfile) -> None:
    hub_cards.hub_head(hub_head(replace(FACTS, profile=profile)))
    assert len(profile.not_for) >= 3 and all(sentence.endswith(".") for sentence in profile.not_for)


def test_icons_are_those_of_the_packages() -> None:
    packages = load_json(ROOT / "data/companion_packages/package.json")["dependencies"]
    assert [name for name in packages if not name.startswith("@fontsource/")] == list(arabic.ICONS)


@pytest.mark.parametrize("track", tracks().values(), ids=lambda track: str(track.name))
def test_the_committed_cards_are_complete(track: Track) -> None:
    card = (ROOT / track.release / "README.md").read_text(encoding="utf-8")
    assert card.startswith(hub_cards.RULE), f"no head: run `dvc repro {track.final_stage}`"
    head = hub_cards.check_release_card(ROOT / track.release)
    assert head.model_index[0].name == f"glyphlens-{track.name}"


def test_khmer_lines_are_counted_by_what_went_wrong() -> None:
    column = {
        "edits": [0, 4],
        "characters": [10, 10],
        "cluster_edits": [0, 2],
        "clusters": [5, 5],
        "top1": [True, False],
    }
    of_line = {
        "group": ["moul", "koulen"],
        "slice": ["clean", "fax"],
        "style": "plain",
        "kind": "date",
        "length": "short",
    }
    facts = khmer.line_release_facts(pd.DataFrame({**column, **of_line, "confidence": 0.5}))
    head = hub_cards.hub_head(hub_head(facts))
    assert head.value("characters read wrong") == 0.2 and head.value("lines read without a fault") == 0.5
    assert head.value("characters of clean lines read wrong") == 0.0 and head.metrics == ["cer", "exact_match"]
    assert facts.parts["Wear"].to_numpy().tolist() == [["fax", 1, 0.4, 0.0], ["clean", 1, 0.0, 1.0]]
    assert facts.tested_on == "2 drawn lines in 2 font families and texts never trained on"


def test_unseen_kanji_are_counted_by_question_hand_and_components() -> None:
    shown = {"samples": [3], "top1": [0.5], "top5": [1.0], "text_top1": [0.25]}
    tables = {
        name: pd.DataFrame({column: ["a"], **shown})
        for name, column in (("questions", "question"), ("groups", "group"), ("components", "part"))
    }
    metrics = {"unseen_top1": 0.5, "unseen_text_top1": 0.25, "seen_top1": 0.75, "harmonic_mean": 0.6}
    facts = zero_shot.zero_shot_release_facts(metrics, tables, 3, ["rendered"])
    assert hub_cards.hub_head(hub_head(facts)).value("top-1 of characters seen in training") == 0.75
    assert [list(part) for part in facts.parts.values()] == [
        [column, "samples", "top1", "top5"] for column in ("question", "group", "part")
    ]


def test_characters_are_counted_by_the_int8_file() -> None:
    """Not by that of which the outcomes are in the main."""
    facts = {
        "class_index": [0, 1],
        "predicted": [0, 1],
        "int8": [0, 0],
        "top1": [True, True],
        "int8_top1": [True, False],
    }
    outcomes = pd.DataFrame({**facts, "group": ["writer/1", "writer/2"], "set": "strokes", "form": ["kanji", "kanji"]})
    found = kanji.character_release_facts(outcomes, ["etl"])
    head = hub_cards.hub_head(hub_head(found))
    assert head.value("top-1") == 0.5 and head.value("top-1 of the worst writer or font") == 0.0
    assert found.datasets == ("etl-character-database", "kanjivg")
    assert found.parts["Writers and fonts"]["group"].tolist() == ["writer/2", "writer/1"]


def test_glyphs_are_counted_by_family_and_kind() -> None:
    glyph = {"form": "isol", "char_class": ["isol", "isol", "digit"], "is_diacritic": False, "train_samples": 99}
    answers = {"class_index": [0, 1, 2], "predicted": [0, 0, 2], "top1": [True, False, True], "shape_top1": True}
    outcomes = pd.DataFrame({**glyph, **answers, "top5": True, "group": ["zain", "zain", "kufam"]})
    found = arabic.glyph_release_facts(outcomes, {"context_top1": 0.9})
    head = hub_cards.hub_head(hub_head(found))
    assert head.value("top-1") == 0.6667 and head.value("top-1 of the worst family") == 0.5
    assert head.value("top-1 in whole fonts, their glyphs correcting one another") == 0.9
    assert found.parts["Font families"]["family"].tolist() == ["zain", "kufam"]
    assert found.parts["Kinds of glyphs"]["kind"].tolist() == ["all", "isolated", "digits"]
    assert len(arabic.glyph_release_facts(outcomes, {}).metrics) == len(found.metrics) - 1


def test_scans_are_counted_at_the_last_line_and_half_way(tmp_path: Path) -> None:
    class_N, right_NL = np.array([0, 1]), np.array([[False, False, True, True], [False, True, True, False]])
    answers = LineAnswers(
        np.where(right_NL, class_N[:, None], 9), np.ones((2, 4), np.float32), class_N, np.array(["a", "b"])
    )
    stopped = Stopped(np.array([2, 2]), right_NL[:, 1], right_NL[:, 3], np.zeros(4))
    samples = write_scans(tmp_path, {"train": range(2), "val": range(2), "test": range(2)}).samples
    found = scan_lines.scan_release_facts(answers, stopped, samples)
    head = hub_cards.hub_head(hub_head(found))
    named = [
        head.value(f"top-1 {when}") for when in ("at the last line", "after half of the lines", "where the rule stops")
    ]
    assert named == [0.5, 0.5, 0.5]
    rows = found.parts["Groups (writers, fonts, sub-folders)"][["group", "top1", "half_top1"]].to_numpy().tolist()
    assert rows == [["b", 0.0, 1.0], ["a", 1.0, 0.0]]
