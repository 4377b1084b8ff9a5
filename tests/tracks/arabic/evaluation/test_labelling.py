"""Labels that look wrong are found, and the glyphs that are worth a label are those that help most."""

import numpy as np
import pandas as pd
import pytest

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, load_table, save_array, save_text
from glyphlens.data.sample_set import CharacterClass, ImageFormat, SampleSet, save_sample_set
from glyphlens.gates.token import write_token
from glyphlens.tracks.arabic.evaluation.embeddings import EMBEDDINGS, load_embeddings
from glyphlens.tracks.arabic.evaluation.label_suspects import (
    SUSPECT_COLUMNS,
    find_label_suspects,
    plant_labels,
    planted_found,
)
from glyphlens.tracks.arabic.evaluation.labelling import STRATEGIES, mean_growth, read_with_labels, simulate_labelling
from glyphlens.tracks.arabic.evaluation.worth_labelling import alike_glyphs, most_worth, worth_of
from glyphlens.tracks.arabic.stages import suspects

CLASSES, FAMILIES, WEIGHTS = 12, 6, 2
PARAMS = "seed: 1\nsuspects: {labels: [2, 4], reported: 4, planted_share: 0.05}\n"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Families that draw each class near its place, weights nearly equal; the last one draws half of them oddly."""
    rng = np.random.default_rng(3)
    places = np.eye(CLASSES, 32)
    rows, vectors = [], []
    for family in range(FAMILIES):
        own = places + 0.1 * rng.normal(size=places.shape)
        if family == FAMILIES - 1:
            own[: CLASSES // 2] = 0.3 * places[CLASSES // 2 :] + rng.normal(size=(CLASSES // 2, 32))
        for weight in range(WEIGHTS):
            for number in range(CLASSES):
                vectors.append(own[number] + 0.01 * rng.normal(size=32))
                split = ("train", "train", "train", "train", "val", "test")[family]
                facts = {"sample_id": len(rows), "class_index": number, "label": f"c{number:02}", "split": split}
                names = {"group": f"family{family}", "font_hash": f"{family}-{weight}", "alt_label": f"c{number:02}"}
                rows.append({**facts, **names, "source": "font"})
    folder = tmp_path_factory.mktemp("drawn") / "rasters"
    pixels = np.zeros((len(rows), 128, 16), np.uint8)
    classes = [CharacterClass(f"c{number:02}") for number in range(CLASSES)]
    save_sample_set(folder, pixels, pd.DataFrame(rows), classes, ImageFormat(128, 128, 1))
    unit = np.array(vectors) / np.linalg.norm(vectors, axis=1, keepdims=True)
    return SampleSet.open(folder), unit.astype(np.float32)


def test_a_wrong_label_is_found_by_the_other_families(drawn):
    samples, vectors = drawn
    classes = samples.class_indices.copy()
    classes[5] = 7
    table = find_label_suspects(samples, vectors, classes)
    assert table.columns.tolist() == list(SUSPECT_COLUMNS)
    found = table.set_index("sample_id").loc[5]
    assert (found["label"], found["read_as"], found["own_share"]) == ("c07", "c05", 0.0)
    assert (found["font"], found["glyph"]) == ("0-0", "c05") and found["margin"] > 0.5
    assert not set(table["group"]) - {"family0", f"family{FAMILIES - 1}"}  # the odd family is doubted too


def test_a_sound_set_has_no_suspects_and_a_twin_of_the_own_family_is_no_witness(drawn):
    samples, vectors = drawn
    sound = np.flatnonzero(samples.index["group"] != f"family{FAMILIES - 1}")
    table = find_label_suspects(samples, vectors, samples.class_indices)
    assert not set(table["sample_id"]) & set(sound.tolist())
    both = samples.class_indices.copy()
    both[[5, 5 + CLASSES]] = 7  # wrong in both weights of the family: they do not vouch for each other
    assert {5, 5 + CLASSES} <= set(find_label_suspects(samples, vectors, both)["sample_id"])


@pytest.fixture
def with_refused(drawn, tmp_path):
    """The same pictures, where class c05 is that of glyphs that are to be refused."""
    samples, vectors = drawn
    classes = [CharacterClass("other" if entry.label == "c05" else entry.label) for entry in samples.classes]
    save_sample_set(tmp_path / "rasters", np.asarray(samples.pixels), samples.index, classes, samples.image)
    return SampleSet.open(tmp_path / "rasters"), vectors


def test_glyphs_that_are_to_be_refused_are_no_suspects(drawn, with_refused):
    samples, vectors = drawn
    classes = samples.class_indices.copy()
    classes[[7, 8]] = 5  # drawn as c07 and c08
    assert {7, 8} <= set(find_label_suspects(samples, vectors, classes)["sample_id"])
    found = find_label_suspects(with_refused[0], vectors, classes)
    assert not {7, 8} & set(found["sample_id"]) and "other" not in set(found["label"])
    classes[9] = 5
    classes[5] = 9  # drawn as what is to be refused, and called a letter: that is a suspect
    assert 5 in set(find_label_suspects(with_refused[0], vectors, classes)["sample_id"])


def test_what_is_to_be_refused_is_neither_planted_nor_planted_on(with_refused):
    samples, vectors = with_refused
    classes, planted = plant_labels(samples, vectors, 1.0, 1)
    labelled = samples.class_indices != 5
    assert planted.tolist() == np.flatnonzero(labelled).tolist()
    assert (classes[labelled] != samples.class_indices[labelled]).all() and not (classes[labelled] == 5).any()
    assert (classes[~labelled] == 5).all()


def test_nobody_labels_what_is_to_be_refused(drawn, with_refused):
    before, after = (simulate_labelling(*each, [0, 6], 1) for each in (drawn, with_refused))
    assert set(before["samples"]) == {CLASSES * WEIGHTS} and set(after["samples"]) == {(CLASSES - 1) * WEIGHTS}


def test_planted_labels_are_counted(drawn):
    recall, precision = planted_found(*drawn, 0.05, 1)
    assert recall > 0.5 and 0 < precision <= 1


def test_worth_grows_with_doubt_novelty_and_company():
    probabilities = np.array([[1, 0], [0.5, 0.5], [0.5, 0.5], [0.5, 0.5]], np.float32)
    alike = [np.array([0]), np.array([1]), np.array([2]), np.array([2, 3])]
    worth = worth_of(probabilities, np.array([1.0, 0.1, 0.5, 0.5]), alike)
    assert worth.worth_N[0] == 0 and worth.worth_N[1] < worth.worth_N[2] < worth.worth_N[3]
    assert most_worth(worth.worth_N, alike, 3).tolist() == [3, 1, 2]  # 2 is nearly said by 3
    assert most_worth(worth.worth_N, alike, 9).tolist() == [3, 1, 2, 0]


def test_a_glyph_stands_for_those_that_are_alike():
    vectors = np.array([[1, 0], [0.999, 0.04], [0, 1]], np.float32)
    assert [rows.tolist() for rows in alike_glyphs(vectors)] == [[0, 1], [0, 1], [2]]
    assert [rows.tolist() for rows in alike_glyphs(np.zeros((2, 2), np.float32))] == [[0], [1]]


def test_a_labelled_glyph_answers_for_its_twin_only():
    vectors = np.array([[1, 0, 0], [0.99, 0.14, 0], [0, 0.1, 0.99]], np.float32)
    means = np.array([0, 1]), np.array([[0, 1, 0], [0, 0, 1]], np.float32)
    assert read_with_labels(vectors, means, np.array([0]), np.array([9])).tolist() == [9, 9, 1]


def test_chosen_labels_help_more_than_random_ones(drawn):
    samples, vectors = drawn
    families = simulate_labelling(samples, vectors, [0, 6], 1)
    assert set(families["group"]) == {"family4", "family5"} and set(families["strategy"]) == set(STRATEGIES)
    growth = mean_growth(families).set_index(["strategy", "labels"])["top1"]
    assert growth["worth", 6] > growth["random", 6] >= growth["random", 0] == growth["worth", 0]
    with pytest.raises(InputError, match="suspects.labels: 99"):
        simulate_labelling(samples, vectors, [99], 1)


def test_the_stage_writes_tables_plot_and_metrics(drawn, tmp_path, monkeypatch):
    samples, vectors = drawn
    monkeypatch.chdir(tmp_path)
    save_text(tmp_path / "params.yaml", PARAMS)
    write_token(tmp_path / "rasters.json", samples.folder)
    save_array(tmp_path / "retrieval" / EMBEDDINGS, vectors.astype(np.float16))
    command = [f"--rasters={samples.folder}", "--rasters-token=rasters.json", "--retrieval=retrieval", "--out=out"]
    suspects.main([*command, "--metrics=suspects.json", "--labelling=labelling.json"])
    assert len(load_table(tmp_path / "out/suspects.parquet")) == load_json(tmp_path / "suspects.json")["suspects"]
    assert (
        load_json(tmp_path / "labelling.json")["worth_top1"] >= load_json(tmp_path / "labelling.json")["no_labels_top1"]
    )
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "suspects.parquet",
        "labelling.csv",
        "growth.csv",
        "labelling.png",
    }


def test_embeddings_of_other_samples_are_refused(drawn, tmp_path):
    save_array(tmp_path / EMBEDDINGS, np.zeros((3, 4), np.float16))
    with pytest.raises(InputError, match=r"embeddings.npy: \(3, 4\)"):
        load_embeddings(tmp_path, drawn[0])
