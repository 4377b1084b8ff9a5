"""Results agree with the scores they summarise."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from glyphlens.core.errors import InputError
from glyphlens.core.storage import MAX_METRICS, load_table
from glyphlens.evaluation.scores import expected_calibration_error, macro_f1
from glyphlens.tracks.arabic.evaluation.results import evaluate_outcomes, save_tables


def test_headline_numbers(outcomes: pd.DataFrame) -> None:
    results = evaluate_outcomes(outcomes, classes=5, bins=10, confusions_shown=5)
    assert list(results.headline) == [
        "test_top1",
        "test_top5",
        "test_shape_top1",
        "macro_f1",
        "worst_family_top1",
        "ece",
    ]
    assert results.headline["test_top1"] == 5 / 8
    assert results.headline["test_shape_top1"] == 6 / 8
    assert results.headline["worst_family_top1"] == 0.25
    assert results.family_summary.worst_family == "qahiri"
    assert results.headline["macro_f1"] == macro_f1(
        outcomes["predicted"].to_numpy(), outcomes["class_index"].to_numpy()
    )
    assert results.further["family_mean_top1"] == 5 / 8
    assert results.further["marks_top1"] == 0.5
    assert len(results.further) <= MAX_METRICS
    assert results.families["onestage_top1"].tolist() == [1.0, 0.75]


def test_calibration_error_is_the_one_of_the_scores(outcomes: pd.DataFrame) -> None:
    results = evaluate_outcomes(outcomes, classes=5, bins=7, confusions_shown=5)
    probabilities = np.zeros((8, 5))
    probabilities[np.arange(8), outcomes["predicted"]] = outcomes["confidence"]
    error = expected_calibration_error(probabilities, outcomes["class_index"].to_numpy(), 7)
    assert results.headline["ece"] == pytest.approx(error)


def test_an_empty_slice_is_no_metric(outcomes: pd.DataFrame) -> None:
    results = evaluate_outcomes(outcomes[outcomes["char_class"] != "ligature"], 5, 10, 5)
    assert "ligatures_top1" not in results.further
    assert all(np.isfinite(value) for value in results.further.values())


def test_classes_absent_from_the_test_are_left_out_and_the_hardest_come_first(outcomes: pd.DataFrame) -> None:
    table = evaluate_outcomes(outcomes, 5, 10, 5).classes
    assert "teh.init" not in set(table["label"])
    assert table["f1"].is_monotonic_increasing


def test_one_family_is_enough(outcomes: pd.DataFrame) -> None:
    results = evaluate_outcomes(outcomes[outcomes["group"] == "mada"], 5, 10, 5)
    assert results.family_summary.spread == 0.0
    assert results.confusions.empty


def test_an_empty_test_split_is_an_error(outcomes: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="the test split holds no sample"):
        evaluate_outcomes(outcomes.iloc[:0], 5, 10, 5)


def test_tables_are_written(outcomes: pd.DataFrame, tmp_path: Path) -> None:
    folder = tmp_path / "report"
    save_tables(folder, evaluate_outcomes(outcomes, 5, 10, 5))
    written = {path.name for path in folder.iterdir()}
    names = ("families", "slices", "kinds", "confusions", "classes", "bins")
    assert written == {*(f"{name}.csv" for name in names), "predictions.parquet"}
    assert len(load_table(folder / "predictions.parquet")) == 8
    assert pd.read_csv(folder / "slices.csv")["samples"].iloc[0] == 8
