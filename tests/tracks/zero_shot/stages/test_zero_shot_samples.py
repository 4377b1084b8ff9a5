"""The whole stage on few characters: who draws what, what is written of ETL, templates, descriptions, same bytes."""

from pathlib import Path

import numpy as np
import pytest

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_array, load_json, sha256_tree
from glyphlens.data.sample_set import SampleSet
from glyphlens.tracks.zero_shot.descriptions.arrays import ComponentVocabulary
from glyphlens.tracks.zero_shot.descriptions.table import DescriptionTable
from glyphlens.tracks.zero_shot.samples.roles import ClassRoles
from tests.tracks.zero_shot.samples.small_sets import (
    FAMILIES,
    HAVE_GLYPHS,
    KANJI,
    WRITERS,
    make_set,
    run_stage_in,
    small_set,
    write_characters,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_set(tmp_path_factory)


@pytest.fixture(scope="module")
def samples(made: Path) -> SampleSet:
    return SampleSet.open(made / "out")


@pytest.fixture(scope="module")
def roles(made: Path) -> ClassRoles:
    return ClassRoles.load(made / "out")


def labels_of(samples: SampleSet, **wanted: str) -> set[str]:
    rows = np.logical_and.reduce([samples.index[name] == value for name, value in wanted.items()])
    return set(samples.index.loc[rows, "label"])


def test_all_kanji_of_both_levels_are_classes_in_code_order(samples: SampleSet) -> None:
    assert [entry.label for entry in samples.classes] == KANJI
    assert samples.classes[0].code_points == ("U+4E9C",) and samples.classes[0].form == "kanji"
    counts = samples.index["label"].value_counts()
    assert all(entry.count == counts.get(entry.label, 0) for entry in samples.classes)
    assert [KANJI[number] for number in samples.class_indices] == samples.index["label"].tolist()
    assert samples.index["sample_id"].tolist() == list(range(len(samples)))


def test_hands_of_a_split_draw_its_characters_and_no_others(samples: SampleSet, roles: ClassRoles) -> None:
    index = samples.index
    assert index.groupby("group")["split"].nunique().max() == 1
    assert labels_of(samples, split="train") == set(roles.seen)
    held_out = labels_of(samples, split="val")
    assert set(roles.val) <= held_out <= set(roles.val) | set(roles.seen) and len(held_out) == 4 + 3
    tested = labels_of(samples, split="test")
    assert set(roles.unseen) <= tested and len(tested & set(roles.level2)) == 4 and len(tested & set(roles.seen)) == 3
    assert tested <= {*roles.unseen, *roles.level2, *roles.seen} and not tested & {*roles.val, *roles.unused}
    written = index[index["set"] == "strokes"]
    assert written["group"].nunique() == 5
    assert written[written["split"] == "train"].groupby("group").size().tolist() == [20, 20, 20]


def test_fonts_draw_those_that_they_have(samples: SampleSet, roles: ClassRoles) -> None:
    drawn = samples.index[samples.index["set"] == "font"]
    assert set(drawn["group"]) <= {f"font/{family}" for family in FAMILIES}
    assert set(drawn["split"]) == {"train", "val", "test"}
    assert labels_of(samples, set="font", split="train") == set(roles.seen) & set(HAVE_GLYPHS) == set("亜哀阿")


def test_handwriting_joins_by_the_same_rules(samples: SampleSet, made: Path, roles: ClassRoles) -> None:
    index = samples.index[samples.index["source"] == "etl"]
    assert set(index["group"]) == set(WRITERS) and set(index["set"]) == {"ETL9G"}
    train = labels_of(samples, source="etl", split="train")
    assert train == {KANJI[0]} and KANJI[0] in roles.seen
    assert labels_of(samples, source="etl", split="test") <= {KANJI[0], KANJI[2964]}
    assert KANJI[2964] in labels_of(samples, source="etl", split="test")
    # the very pixels of the set that they come from
    origin = SampleSet.open(made / "characters")
    pictures = origin.images(np.flatnonzero(origin.index["label"] == KANJI[0]))
    own = samples.images(index.index[index["label"] == KANJI[0]].to_numpy())
    assert {picture.tobytes() for picture in own} <= {picture.tobytes() for picture in pictures}


def test_examples_are_by_further_hands_of_what_is_not_trained_on(
    made: Path, samples: SampleSet, roles: ClassRoles
) -> None:
    examples = SampleSet.open(made / "out/examples")
    assert set(examples.index["group"]) == {"writer/005", "writer/006", "writer/007"}
    assert set(examples.index["group"]).isdisjoint(samples.index["group"])
    for _, labels in examples.index.groupby("group")["label"]:
        assert sorted(labels) == sorted([*roles.val, *roles.unseen])
    assert (examples.pixels.max(axis=(1, 2)) > 0).all()


def test_every_character_has_templates(made: Path) -> None:
    templates, has = load_array(made / "out/templates.npy"), load_array(made / "out/has_CT.npy")
    names = load_json(made / "out/templates.json")
    trained = [name for name in load_json(made / "out/splits.json")["train"] if name.startswith("font/")]
    assert names == ["strokes", *(f"{name.removeprefix('font/')}.ttf" for name in trained)]
    assert templates.shape == (6355, len(names), 64, 64) and templates.dtype == np.uint8
    assert has.dtype == np.bool_ and np.array_equal(has, templates.any(axis=(2, 3)))
    assert has[:, 0].all() and set(np.flatnonzero(has[:, 1])) <= {KANJI.index(each) for each in "亜哀愛阿腕弌"}
    assert (templates[:, 0].max(axis=(1, 2)) > 200).all()


def test_descriptions_and_components_lie_beside(made: Path, roles: ClassRoles) -> None:
    table = DescriptionTable.load(made / "out")
    assert list(table)[:6355] == KANJI
    vocabulary = ComponentVocabulary.load(made / "out")
    assert vocabulary.seen == ComponentVocabulary.of(table, roles.seen).seen


def test_the_metrics_count_and_bound(made: Path, samples: SampleSet, roles: ClassRoles) -> None:
    table = DescriptionTable.load(made / "out")
    seen = {name for character in roles.seen for name in table[character].names}
    composable = [character for character in roles.unseen if set(table[character].names) <= seen]
    sources = samples.index["source"].value_counts()
    assert load_json(made / "out.json") == {
        "rendered_samples": sources["rendered"],
        "etl_samples": sources["etl"],
        "groups": 5 + 3 + 6,
        "seen_classes": 20,
        "unseen_classes": 12,
        "composable_unseen": round(len(composable) / 12, 4),
    }


@pytest.mark.full
def test_the_same_bytes_from_two_workers(made: Path, tmp_path: Path) -> None:
    make_set(tmp_path, workers=2)
    assert sha256_tree(made / "out") == sha256_tree(tmp_path / "out")


def test_pictures_that_passed_no_gate_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_characters(tmp_path / "characters", [("亜", "ETL9/0001", "etl")])
    (tmp_path / "token.json").unlink()
    with pytest.raises(InputError, match="no token of a gate"):
        run_stage_in(tmp_path)
