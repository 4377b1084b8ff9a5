import pandas as pd
import pytest

from glyphlens.core.errors import InputError
from glyphlens.imaging.metrics import em_metrics


def font(**changes: object) -> pd.DataFrame:
    row = {"file_hash": "f", "upem": 1000, "ascent": 900, "descent": -300, "typo_ascent": 800, "typo_descent": -200}
    return pd.DataFrame([row | changes])


@pytest.mark.parametrize(
    ("changes", "height"),
    [
        ({}, 1000),
        ({"typo_ascent": 0, "typo_descent": 0}, 1200),
        ({"typo_ascent": None, "typo_descent": None}, 1200),
        ({"typo_descent": 0}, 800),
        ({"typo_ascent": 0, "typo_descent": 0, "descent": 300}, 1200),
    ],
)
def test_typographic_metrics_come_first(changes: dict[str, object], height: float) -> None:
    found = em_metrics(font(**changes))
    assert (found.loc["f", "upem"], found.loc["f", "em_height"]) == (1000, height)


@pytest.mark.parametrize(
    "changes", [{"upem": 0}, {"upem": None}, {"typo_ascent": 0, "typo_descent": 0, "ascent": 0, "descent": 0}]
)
def test_unusable_metrics_name_the_font(changes: dict[str, object]) -> None:
    with pytest.raises(InputError, match="the first is f:"):
        em_metrics(font(**changes))
