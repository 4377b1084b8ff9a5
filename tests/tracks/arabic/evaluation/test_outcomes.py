"""The outcome table holds what was read, and nothing that does not fit gets in."""

import numpy as np
import pandas as pd
import pytest

from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import SampleSet
from glyphlens.tracks.arabic.evaluation.outcomes import CHUNK, check_classes, check_guesses, outcome_table, read_rows


def test_rows_are_read_in_order_and_in_chunks(samples: SampleSet, reader: object) -> None:
    rows = np.tile(samples.rows("test"), CHUNK // 4)
    geometry = np.zeros((len(rows), 7), np.float32)
    read = read_rows(reader, samples, rows, geometry, "test")  # type: ignore[arg-type]
    assert len(rows) > CHUNK and read.shape == (len(rows), 5)
    assert (read.argmax(axis=1) == samples.class_indices[rows]).all()


def test_no_row_reads_as_no_probability(samples: SampleSet, reader: object) -> None:
    none = np.zeros(0, np.int64)
    assert read_rows(reader, samples, none, np.zeros((0, 7), np.float32), "").shape == (0, 5)  # type: ignore[arg-type]


def test_a_model_of_another_run_is_refused(samples: SampleSet, reader: object) -> None:
    reader.classes = 4  # type: ignore[attr-defined]
    with pytest.raises(InputError, match=r"scores 4 classes, .*rasters has 5"):
        read_rows(reader, samples, samples.rows("test"), np.zeros((8, 7), np.float32), "")  # type: ignore[arg-type]


def test_the_table_counts_each_way(outcomes: pd.DataFrame) -> None:
    assert outcomes["top1"].tolist() == [True, True, True, True, False, False, False, True]
    assert outcomes["shape_top1"].tolist() == [True, True, True, True, True, False, False, True]
    assert outcomes["top5"].all()
    assert outcomes["rank"].tolist()[5] == 1
    assert outcomes["predicted_label"].tolist()[4:7] == ["teh.init", "beh.init", "lam_alef.isol"]
    assert not outcomes["bare_top1"].any() or outcomes["bare_top1"].sum() < outcomes["top1"].sum()
    assert outcomes["onestage_top1"].tolist() == [True, True, True, True, True, True, True, False]
    assert outcomes["train_samples"].tolist() == [2, 2, 0, 2, 2, 2, 0, 2]
    assert outcomes["true_probability"].tolist()[5] == pytest.approx(0.15)


def test_without_onestage_there_is_no_column(samples: SampleSet) -> None:
    even = np.full((8, 5), 0.2)
    assert "onestage_top1" not in outcome_table(samples, samples.rows("test"), even, even)


def test_a_missing_fact_is_named(samples: SampleSet) -> None:
    even = np.full((8, 5), 0.2)
    poor = SampleSet(samples.folder, samples.pixels, samples.index.drop(columns="form"), samples.classes, samples.image)
    with pytest.raises(InputError, match=r"index.parquet: columns missing: form"):
        outcome_table(poor, samples.rows("test"), even, even)


def test_nan_scores_are_refused(samples: SampleSet) -> None:
    even, broken = np.full((8, 5), 0.2), np.full((8, 5), np.nan)
    with pytest.raises(InputError, match="NaN among the scores"):
        outcome_table(samples, samples.rows("test"), broken, even)


@pytest.mark.parametrize("guesses", [np.zeros(7, int), np.zeros(8), np.zeros((8, 0), int), np.zeros((2, 2, 2), int)])
def test_guesses_that_do_not_fit_are_refused(guesses: np.ndarray) -> None:
    with pytest.raises(InputError, match="predictions of onestage"):
        check_guesses(guesses, 8, "onestage")


def test_the_best_of_several_guesses_counts() -> None:
    assert check_guesses(np.array([[3, 1], [2, 0]]), 2, "onestage").tolist() == [3, 2]


def test_class_lists_must_agree(samples: SampleSet) -> None:
    labels = [entry.label for entry in samples.classes]
    check_classes(labels, samples, "model.onnx")
    with pytest.raises(InputError, match=r"model.onnx: 4 classes, .* has 5"):
        check_classes(labels[:4], samples, "model.onnx")
    with pytest.raises(InputError, match=r"class 0 is 'teh.init', in .* 'beh.init'"):
        check_classes(labels[::-1], samples, "model.onnx")
