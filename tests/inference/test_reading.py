"""Rows become what a model reads; answers do not depend on how the rows are cut into chunks."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import SampleSet
from glyphlens.inference import reading
from glyphlens.inference.reading import best_classes, feeds_of, joined, read_best, readable_rows
from glyphlens.inference.recognizer import Recognizer
from tests.export import tiny, tiny_characters
from tests.linear_model import save_linear_model


@settings(deadline=None)
@given(
    hnp.arrays(
        np.float32, st.tuples(st.integers(0, 5), st.integers(1, 9)), elements=st.sampled_from([0.0, 0.25, 0.5, 1.0])
    ),
    st.integers(1, 12),
)
def test_best_classes_are_the_largest_in_order(probabilities_NC, count):
    best = best_classes(probabilities_NC, count)
    width = min(count, probabilities_NC.shape[1])
    order = np.argsort(-probabilities_NC, axis=1, kind="stable")[:, :width]
    assert best.classes_NK.shape == (len(probabilities_NC), width)
    assert np.array_equal(best.confidence_NK, np.take_along_axis(probabilities_NC, order, axis=1))
    assert np.array_equal(best.confidence_NK, np.take_along_axis(probabilities_NC, best.classes_NK, axis=1))
    assert all(len(set(row)) == width for row in best.classes_NK.tolist())


@pytest.fixture(scope="module")
def characters(tmp_path_factory: pytest.TempPathFactory) -> SampleSet:
    return tiny_characters.sample_set(tmp_path_factory.mktemp("characters"))


@pytest.fixture(scope="module")
def strokeless(tmp_path_factory: pytest.TempPathFactory) -> SampleSet:
    return tiny_characters.sample_set(tmp_path_factory.mktemp("strokeless"), strokes=False)


def test_feeds_are_those_of_the_rows(characters: SampleSet) -> None:
    rows = np.array([7, 3, 119])
    feeds = feeds_of(characters, ("raster", "strokes"), rows)
    np.testing.assert_array_equal(feeds["raster"], characters.images(rows))
    np.testing.assert_array_equal(feeds["strokes"][:, 0, 0], characters.class_indices[rows])


def test_geometry_is_that_of_the_index_or_unknown(characters: SampleSet, tmp_path: Path) -> None:
    tiny.sample_set(tmp_path)
    known = feeds_of(SampleSet.open(tmp_path), ("geometry",), np.arange(5))["geometry"]
    assert known.shape == (5, 7) and (known[:, 6] == 1).all()
    unknown = feeds_of(characters, ("geometry",), np.arange(5))["geometry"]
    assert unknown.shape == (5, 7) and not unknown.any()


def test_rows_without_strokes_are_left_out(characters: SampleSet, strokeless: SampleSet) -> None:
    rows = np.arange(100, 140)
    np.testing.assert_array_equal(readable_rows(characters, ("strokes",), rows), np.arange(100, 120))
    np.testing.assert_array_equal(readable_rows(characters, ("raster",), rows), rows)
    assert len(readable_rows(strokeless, ("strokes",), rows)) == 0


def test_asking_for_strokes_that_are_not_there_names_the_row(characters: SampleSet, strokeless: SampleSet) -> None:
    with pytest.raises(InputError, match="row 120 has no strokes"):
        feeds_of(characters, ("strokes",), np.array([5, 120]))
    with pytest.raises(InputError, match="row 5 has no strokes"):
        feeds_of(strokeless, ("strokes",), np.array([5]))


def test_answers_do_not_depend_on_the_chunks(
    characters: SampleSet, model: Recognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = np.arange(0, 240, 3)
    whole = read_best(model, characters, rows, 4)
    monkeypatch.setattr(reading, "CHUNK", 7)
    parts = read_best(model, characters, rows, 4, batch=3)
    np.testing.assert_array_equal(whole.classes_NK, parts.classes_NK)
    np.testing.assert_allclose(whole.confidence_NK, parts.confidence_NK, rtol=1e-6)
    assert whole.classes_NK.shape == (80, 4)


def test_no_row_no_answer(characters: SampleSet, model: Recognizer) -> None:
    assert read_best(model, characters, np.zeros(0, np.int64), 9).classes_NK.shape == (0, 6)
    assert joined([], 3).confidence_NK.shape == (0, 3)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Recognizer:
    """logits = pixels times fixed random numbers."""
    folder = tmp_path_factory.mktemp("model")
    weights_HWC = np.random.default_rng(0).normal(size=(64, 64, 6)) / 4096
    save_linear_model(folder, weights_HWC, tiny_characters.classes())
    return Recognizer.load(folder)
