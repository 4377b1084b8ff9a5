"""Confusions are counted, every family has its turn, and examples come from the training families."""

import pandas as pd

from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.errors import (
    confusion_pairs,
    exemplar_rows,
    gallery_errors,
    gallery_pairs,
    near_misses,
    top_confusions,
)
from glyphlens.evaluation.report import cards


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


def test_a_pair_shows_the_misread_glyph_and_an_example_if_there_is_one(
    samples: SampleSet, outcomes: pd.DataFrame
) -> None:
    wrong = outcomes[~outcomes["top1"]]
    first, second, third = gallery_pairs(samples, wrong)
    assert (first.image_HW == samples.images(samples.rows("test"))[4]).all()
    assert (first.true_label, first.guessed_label, first.note) == ("beh.init", "teh.init", "qahiri, 90 % sure")
    assert second.guess_HW is not None and third.guess_HW is not None
    lost = gallery_pairs(samples, wrong.iloc[:1].assign(predicted=2))[0]
    assert lost.guess_HW is None
    assert cards([lost])[0]["guess"] is None


def test_confusion_notes_count(samples: SampleSet, outcomes: pd.DataFrame) -> None:
    notes = {pair.true_label: pair.note for pair in confusion_pairs(samples, top_confusions(outcomes, 5))}
    assert notes["fatha"] == "1 of 2, in 1 family"
    assert notes["beh.init"] == "1 of 2, in 1 family, drawn alike"
