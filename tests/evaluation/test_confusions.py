"""Confusions are counted, errors sorted by kind, and examples come from the training families."""

import pandas as pd

from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.confusions import (
    KINDS,
    error_kinds,
    exemplar_rows,
    gallery_errors,
    near_misses,
    top_confusions,
)


def test_kinds_of_error(outcomes: pd.DataFrame) -> None:
    table = error_kinds(outcomes).set_index("kind")["errors"]
    assert table.to_dict() == {"drawn alike": 1, "form": 1, "letter": 0, "both": 1}
    guess = outcomes.assign(predicted_label="jeem.init", shape_top1=False, top1=False)
    assert error_kinds(guess[guess["form"] == "init"]).set_index("kind")["errors"]["letter"] == 2


def test_marks_without_a_form_are_not_right_about_it(outcomes: pd.DataFrame) -> None:
    marks = outcomes[outcomes["label"] == "fatha"].assign(predicted_label="kasra", shape_top1=False, top1=False)
    assert error_kinds(marks).set_index("kind")["errors"]["both"] == 2


def test_confusions_are_sorted_by_count_then_name(outcomes: pd.DataFrame) -> None:
    twice = pd.concat([outcomes, outcomes[outcomes["label"] == "fatha"].assign(row=99, group="other")])
    table = top_confusions(twice, 10)
    assert table[["label", "predicted_label"]].to_numpy().tolist() == [
        ["fatha", "lam_alef.isol"],
        ["beh.init", "teh.init"],
        ["beh.medi", "beh.init"],
    ]
    assert table["errors"].tolist() == [2, 1, 1]
    assert table["families"].tolist() == [2, 1, 1]
    assert table["share"].tolist() == [0.5, 0.5, 0.5]
    assert table["alike"].tolist() == [False, True, False]
    assert len(top_confusions(twice, 1)) == 1


def test_no_error_gives_empty_tables(outcomes: pd.DataFrame) -> None:
    right = outcomes[outcomes["top1"]]
    assert top_confusions(right, 5).empty
    assert gallery_errors(right, 5).empty
    assert near_misses(right, 5).empty
    assert error_kinds(right)["errors"].sum() == 0
    assert list(error_kinds(right)["kind"]) == list(KINDS)


def test_the_gallery_lets_every_family_have_its_turn(outcomes: pd.DataFrame) -> None:
    wrong = outcomes[~outcomes["top1"]]
    crowd = pd.concat([wrong, wrong.iloc[[0]].assign(group="amiri", label="x", confidence=0.1)])
    shown = gallery_errors(crowd, 3)
    assert shown["group"].tolist() == ["amiri", "qahiri", "qahiri"]
    assert shown["confidence"].tolist() == [0.1, 0.9, 0.8]


def test_near_misses_leave_look_alikes_out(outcomes: pd.DataFrame) -> None:
    assert near_misses(outcomes, 5)["label"].tolist() == ["beh.medi", "fatha"]


def test_exemplars_come_from_training_and_may_be_missing(samples: SampleSet) -> None:
    rows = exemplar_rows(samples)
    assert rows[2] == -1  # no training family has fatha
    assert set(samples.index.loc[rows[rows >= 0], "group"]) == {"amiri"}
    assert samples.class_indices[rows[[0, 1, 3, 4]]].tolist() == [0, 1, 3, 4]
