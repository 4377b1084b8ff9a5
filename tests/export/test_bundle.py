"""Samples carry what a model reads; rows are drawn from the seed."""

from pathlib import Path

import numpy as np
import pytest

from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import SampleSet
from glyphlens.export.bundle import Samples, drawn_rows
from tests.export import tiny


def test_rows_are_drawn_from_the_seed() -> None:
    given = np.arange(0, 600, 3)
    rows = drawn_rows(given, 40, seed=3)
    assert len(set(rows)) == 40 and set(rows) <= set(given) and (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(rows, drawn_rows(given, 40, seed=3))
    assert set(rows) != set(drawn_rows(given, 40, seed=4))
    np.testing.assert_array_equal(drawn_rows(given, 10**6, seed=3), given)


def test_samples_are_the_inputs_asked_for(tmp_path: Path) -> None:
    tiny.sample_set(tmp_path, samples=12)
    source = SampleSet.open(tmp_path)
    val = Samples.of(source, source.rows("val"), ("raster",), "val")
    assert list(val.feeds) == ["raster"] and val.feeds["raster"].shape == (2, 128, 128)
    assert val.groups == ("family-4", "family-4") and len(val.classes_N) == 2
    with pytest.raises(InputError, match="no sample of the odd split"):
        Samples.of(source, source.rows("odd"), ("raster",), "odd")


def test_drawn_rows_meet_many_of_the_classes_that_come_round_with_every_writer() -> None:
    writers, classes, wanted = 14, 357, 400
    class_N = np.arange(writers * classes) % classes
    evenly = np.linspace(0, len(class_N) - 1, wanted).astype(np.int64)
    assert len(np.unique(class_N[drawn_rows(np.arange(len(class_N)), wanted, seed=0)])) > 200
    assert len(np.unique(class_N[evenly])) < 120
