"""Reliability bins hold every sample once and say n/a where they hold none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from glyphlens.core.errors import InputError
from glyphlens.evaluation.calibration import reliability_bins


@given(hnp.arrays(np.float64, st.integers(0, 50), elements=st.floats(0, 1)), st.integers(1, 30))
@settings(deadline=None)
def test_every_sample_is_in_one_bin_whose_mean_lies_inside(confidence: np.ndarray, bins: int) -> None:
    table = reliability_bins(confidence, np.ones(len(confidence), dtype=bool), bins)
    filled = table[table["samples"] > 0]
    assert len(table) == bins and table["samples"].sum() == len(confidence)
    assert (filled["confidence"] >= filled["lower"] - 1e-9).all()
    assert (filled["confidence"] <= filled["upper"] + 1e-9).all()
    assert table["accuracy"].isna().tolist() == (table["samples"] == 0).tolist()


def test_certainty_falls_into_the_last_bin() -> None:
    table = reliability_bins(np.array([1.0, 0.0, np.float32(1.000001)]), np.array([True, False, False]), 4)
    assert table["samples"].tolist() == [1, 0, 0, 2]
    assert table["accuracy"].tolist()[3] == 0.5


@pytest.mark.parametrize("value", [1.2, -0.1, np.nan])
def test_what_is_no_probability_is_refused(value: float) -> None:
    with pytest.raises(InputError, match="row 1: confidence"):
        reliability_bins(np.array([0.5, value]), np.array([True, True]), 3)


def test_no_bin_is_refused() -> None:
    with pytest.raises(InputError, match="calibration_bins: 0"):
        reliability_bins(np.array([0.5]), np.array([True]), 0)
