"""Results agree with the scores they summarise."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from glyphlens.core.errors import InputError
from glyphlens.core.storage import MAX_METRICS, load_table
from glyphlens.evaluation.scores import macro_f1
from glyphlens.tracks.arabic.evaluation.results import (
    ERROR_KINDS,
    RARE_SAMPLES,
    SLICES,
    error_kinds,
    evaluate_outcomes,
    save_tables,
    slice_scores,
    slice_value,
)


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
    assert results.family_summary.worst_group == "qahiri"
    assert results.headline["macro_f1"] == macro_f1(
        outcomes["predicted"].to_numpy(), outcomes["class_index"].to_numpy()
    )
    assert results.further["family_mean_top1"] == 5 / 8
    assert results.further["marks_top1"] == 0.5
    weights = outcomes.groupby("class_index")["text_weight"].first()
    by_class = outcomes.groupby("class_index")["top1"].mean()
    assert weights.max() > 0 and weights.min() == 0  # no text of the table has marks
    assert results.further["text_weighted_top1"] == pytest.approx((weights * by_class).sum() / weights.sum())
    assert len(results.further) <= MAX_METRICS
    assert results.families["onestage_top1"].tolist() == [1.0, 0.75]


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


def test_kinds_of_error(outcomes: pd.DataFrame) -> None:
    table = error_kinds(outcomes).set_index("kind")["errors"]
    assert table.to_dict() == {"drawn alike": 1, "form": 1, "letter": 0, "both": 1}
    guess = outcomes.assign(predicted_label="jeem.init", shape_top1=False, top1=False)
    assert error_kinds(guess[guess["form"] == "init"]).set_index("kind")["errors"]["letter"] == 2


def test_marks_without_a_form_are_not_right_about_it(outcomes: pd.DataFrame) -> None:
    marks = outcomes[outcomes["label"] == "fatha"].assign(predicted_label="kasra", shape_top1=False, top1=False)
    assert error_kinds(marks).set_index("kind")["errors"]["both"] == 2


def test_without_errors_every_kind_is_counted_as_none(outcomes: pd.DataFrame) -> None:
    table = error_kinds(outcomes[outcomes["top1"]])
    assert table["errors"].sum() == 0
    assert list(table["kind"]) == list(ERROR_KINDS)


def test_slices_by_hand(outcomes: pd.DataFrame) -> None:
    table = slice_scores(outcomes)
    assert table["slice"].tolist() == list(SLICES)
    assert slice_value(table, "all", "samples") == 8
    assert slice_value(table, "initial", "top1") == 0.5
    assert slice_value(table, "initial", "shape_top1") == 1.0
    assert slice_value(table, "marks", "top1") == 0.5
    assert slice_value(table, "marks", "classes") == 1
    assert slice_value(table, "ligatures", "top1") == 1.0  # not among the isolated letters
    assert slice_value(table, "isolated", "samples") == 0
    assert slice_value(table, "rare classes", "samples") == 8
    assert slice_value(table, "all", "onestage_top1") == 7 / 8


def test_an_empty_slice_keeps_its_row_as_nan(outcomes: pd.DataFrame) -> None:
    table = slice_scores(outcomes.assign(train_samples=RARE_SAMPLES))
    assert slice_value(table, "rare classes", "samples") == 0
    assert np.isnan(slice_value(table, "rare classes", "top1"))
    assert np.isnan(slice_value(table, "presentation forms", "confidence"))


def test_every_form_of_the_index_falls_into_its_slice(outcomes: pd.DataFrame) -> None:
    row = outcomes.iloc[[0]]
    for form, kind, name in (("isol", "isol", "isolated"), ("fina", "final", "final"), ("medi", "medi", "medial")):
        table = slice_scores(row.assign(form=form, char_class=kind))
        assert slice_value(table, name, "samples") == 1
        assert slice_value(slice_scores(row.assign(form=form, char_class="presentation")), name, "samples") == 0
