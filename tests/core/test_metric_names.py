"""The last word of a metric's name says which way is better, and a name that says nothing is no target."""

import math

import pytest

from glyphlens.core.metric_names import better_sign, bound_sign, meets_target


@pytest.mark.parametrize(("name", "met", "missed"), [("macro_f1", 0.8, 0.79), ("int8_loss", 0.8, 0.81)])
def test_a_value_meets_its_target_from_the_better_side(name: str, met: float, missed: float) -> None:
    assert meets_target(name, met, 0.8)
    assert not meets_target(name, missed, 0.8) and not meets_target(name, math.nan, 0.8)


def test_a_count_has_no_better_and_no_bound() -> None:
    assert better_sign("test_samples") is None
    with pytest.raises(ValueError, match=r"test_samples: .*no better"):
        bound_sign("test_samples")
