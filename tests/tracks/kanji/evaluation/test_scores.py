"""Scores of recognisers beside each other, counted by hand; the best is chosen on validation; targets are honest."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.outcomes import group_table
from glyphlens.tracks.kanji.evaluation.exports import read_exports
from glyphlens.tracks.kanji.evaluation.release import choose_release, release_preface
from glyphlens.tracks.kanji.evaluation.report import partial_told, plot_tradeoff, source_told
from glyphlens.tracks.kanji.evaluation.scores import (
    best_recognizer,
    by_name,
    comparison,
    form_errors,
    kanji_outcomes,
    per_set,
    rare_limit,
    slice_table,
)
from glyphlens.tracks.kanji.evaluation.targets import KanjiTargets, measured_values, verdicts
from tests.tracks.kanji.evaluation.forged_exports import write_export
from tests.tracks.kanji.gates.forged_samples import FORMS, write_set

LIMITS = KanjiTargets(best_top1=0.8, hiercode_mb=1.7, hiercode_gap=0.1, int8_loss=0.1, qat_loss=0.1)
HIRAGANA_HE, KATAKANA_HE, KANJI = 1, 2, 3
Outcomes = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> SampleSet:
    """Five classes; the test has them twice: font/0 at positions 0 … 4, writer/000 at 5 … 9."""
    return SampleSet.open(write_set(tmp_path_factory.mktemp("kanji") / "samples"))


@pytest.fixture(scope="module")
def compared(samples: SampleSet, tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, Outcomes]:
    """The comparison and outcome tables of four recognisers, the reader of strokes on half of the test."""
    folder = tmp_path_factory.mktemp("export")
    # one look-alike, one other error; int8 adds one
    write_export(
        folder / "cnn", samples, wrong={1: KATAKANA_HE, 8: 0}, int8_wrong={1: KATAKANA_HE, 8: 0, 9: 0}, val_top1=0.97
    )
    write_export(folder / "cnn_qat", samples, wrong={1: 0}, int8_wrong={1: 0, 2: 0, 3: 0}, val_top1=0.96)
    write_export(folder / "hiercode", samples, wrong={8: 0, 9: 0}, val_top1=0.9, int8_mb=1.9, int8_offered=False)
    strokes = [int(row) for row in samples.rows("test")[5:]]
    write_export(folder / "stroke_rnn", samples, rows=strokes, reads="strokes", val_top1=0.99)
    exports, _ = read_exports(folder, samples)
    outcomes = {export.name: kanji_outcomes(samples, export, 0.1) for export in exports}
    return comparison(exports, outcomes, bins=5), outcomes


def test_the_numbers_of_a_recogniser(compared: tuple[pd.DataFrame, Outcomes]) -> None:
    cnn = by_name(compared[0])["cnn"]
    assert (cnn["test_samples"], cnn["test_top1"], cnn["test_shape_top1"]) == (10, 0.8, 0.9)
    assert cnn["int8_top1"] == 0.7 and cnn["int8_loss"] == pytest.approx(0.1)
    assert (cnn["worst_group"], cnn["worst_group_top1"]) == ("font/0", 0.8)
    # い 2 of 2, one false alarm: 2·2/(2+3); へ 1 of 2; ヘ 2 of 2, one false alarm; 亜 1 of 2; 語 all
    assert cnn["macro_f1"] == pytest.approx(np.mean([4 / 5, 2 / 3, 4 / 5, 2 / 3, 1]))
    assert cnn["test_top5"] == 1.0 and 0 < cnn["ece"] < 1


def test_the_best_is_chosen_on_validation_among_readers_of_pictures(compared: tuple[pd.DataFrame, Outcomes]) -> None:
    table, _ = compared
    assert list(table["recognizer"]) == ["stroke_rnn", "cnn", "cnn_qat", "hiercode"]
    # cnn_qat is better on the test, which has no say
    assert by_name(table)["cnn_qat"]["test_top1"] > by_name(table)["cnn"]["test_top1"]
    assert best_recognizer(table) == "cnn"
    assert best_recognizer(table[table["reads"] == "strokes"]) == "stroke_rnn"
    assert list(table["is_complete"]) == [False, True, True, True]


def test_fewer_rows_are_told_with_the_best_on_the_same_rows(compared: tuple[pd.DataFrame, Outcomes]) -> None:
    lines = partial_told(compared[1], {"t2t_vit": "no reason"}, "cnn")
    assert lines == [
        "* stroke_rnn was scored on 5 of 10 test samples (100.0 % right); on them cnn names 80.0 % right.",
        "t2t_vit was skipped: no reason.",
    ]


def test_rare_classes_are_the_tenth_with_the_fewest_training_samples(samples: SampleSet) -> None:
    assert rare_limit(samples, 0.1) == 8  # every class is equally common: all are rare, and the page says so
    index = samples.index[~((samples.index["label"] == "亜") & (samples.index["split"] == "train"))]
    fewer = SampleSet(samples.folder, samples.pixels, index.reset_index(drop=True), samples.classes, samples.image)
    assert (rare_limit(fewer, 0.1), rare_limit(fewer, 0.2), rare_limit(fewer, 0.4)) == (0, 0, 8)


def test_targets_are_met_missed_or_not_measured(compared: tuple[pd.DataFrame, Outcomes]) -> None:
    table, _ = compared
    values = measured_values(table, "cnn")
    assert values == pytest.approx(
        {"best_top1": 0.8, "hiercode_mb": 1.9, "hiercode_gap": 0.0, "int8_loss": 0.2, "qat_loss": 0.1}
    )
    verdict = {target.name: target.is_met for target in verdicts(table.round(6), "cnn", LIMITS)}
    assert verdict["best_top1"] is True and verdict["hiercode_gap"] is True
    assert verdict["hiercode_mb"] is False and verdict["int8_loss"] is False
    few = table[table["recognizer"] == "cnn"].assign(int8_offered=False)
    unknown = {target.name: target.is_met for target in verdicts(few, "cnn", LIMITS)}
    assert unknown == dict.fromkeys(unknown, None) | {"best_top1": True}


def test_quantisation_aware_training_is_held_against_the_network_it_began_with(
    compared: tuple[pd.DataFrame, Outcomes],
) -> None:
    alone = compared[0][compared[0]["recognizer"] == "cnn_qat"]
    assert measured_values(compared[0], "cnn")["qat_loss"] == pytest.approx(0.8 - 0.7)
    assert measured_values(alone, "cnn_qat")["qat_loss"] == pytest.approx(0.9 - 0.7)


def test_the_release_is_the_best_small_offered_reader_of_pictures(compared: tuple[pd.DataFrame, Outcomes]) -> None:
    table = compared[0]
    assert choose_release(table, 5.0) == "cnn"
    assert choose_release(table[table["recognizer"] != "cnn"], 5.0) == "cnn_qat"
    assert choose_release(table[table["recognizer"].isin(["hiercode", "stroke_rnn"])], 5.0) is None
    assert choose_release(table, 0.4) is None
    assert "No recogniser of pictures has an int8 file of at most 0.4 MB" in release_preface(table, None, 0.4, "")
    assert "70.00 % of 10 test samples" in release_preface(table, "cnn", 5.0, "Drawn.")


def test_parts_of_the_test(samples: SampleSet, compared: tuple[pd.DataFrame, Outcomes]) -> None:
    cnn = compared[1]["cnn"]
    parts = slice_table(cnn).set_index("slice")
    assert list(parts.index) == ["all", "font", "strokes", "hiragana", "kanji", "katakana", "rare classes"]
    assert parts["top1"].tolist() == [0.8, 0.8, 0.8, 0.75, 0.75, 1.0, 0.8]
    assert parts["shape_top1"].tolist() == [0.9, 1.0, 0.8, 1.0, 0.75, 1.0, 0.9]
    sets = per_set(compared[1])
    assert len(sets) == 7 and list(sets.columns)[:2] == ["recognizer", "set"]
    assert group_table(cnn, ("top1", "int8_top1"))["top1"].tolist() == [0.8, 0.8]
    wrong = form_errors(cnn, dict(enumerate(FORMS)))
    assert wrong.to_dict("records") == [
        {"form": "hiragana", "read_as": "katakana", "errors": 1, "drawn_alike": 1},
        {"form": "kanji", "read_as": "hiragana", "errors": 1, "drawn_alike": 0},
    ]


def test_the_source_is_told(samples: SampleSet, tmp_path: Path) -> None:
    assert "stand-in" in source_told(samples).title
    assert "ETL" in source_told(SampleSet.open(write_set(tmp_path / "etl", rendered=False))).title


def test_the_chart_of_accuracy_against_cost_is_the_same_twice(
    compared: tuple[pd.DataFrame, Outcomes], tmp_path: Path
) -> None:
    for name in ("a.png", "b.png"):
        plot_tradeoff(tmp_path / name, compared[0])
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
