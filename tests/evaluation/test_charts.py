"""What stands beside the axes of charts."""

import pytest

from glyphlens.evaluation.charts import PERCENT


@pytest.mark.parametrize(("value", "label"), [(0.975, "97.5 %"), (0.9, "90 %"), (0.9975, "99.75 %"), (1.0, "100 %")])
def test_ticks_between_whole_percents_are_not_rounded_to_them(value: float, label: str) -> None:
    assert PERCENT(value) == label
