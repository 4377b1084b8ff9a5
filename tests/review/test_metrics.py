"""Better and worse follow the metric's direction, and what has none is not judged."""

import pytest

from glyphlens.core.metric_names import better_sign
from glyphlens.core.storage import load_json
from glyphlens.review.metrics import MetricChange, metric_changes
from glyphlens.review.snapshot import TIMINGS
from tests.checkout import ROOT

COUNTS = {"samples", "classes", "families", "fonts", "glyphs", "groups", "rows", "checks", "passed", "parameters"}
COUNTS |= {"suspects", "suspect_share"}
COUNTS |= {"known_threshold", "refused_auroc"}  # the one has no better; of the other 1 is best
COUNTS |= {"audited", "excluded", "used", "perplexity", "empty_share", "top_id_share"}
COUNTS |= {"seen_classes", "unseen_classes", "composable_unseen"}
COUNTS |= {"weight", "tried", "lines", "train_lines", "test_lines", "own_lines", "mean_lines"}
COUNTS |= {"clusters", "mean_clusters", "mean_width_px", "latin_share", "clean_share"}


def test_every_committed_metric_is_judged_or_a_count() -> None:
    files = set((ROOT / "metrics").rglob("*.json")) - {ROOT / TIMINGS}
    files -= set((ROOT / "metrics/ablations").iterdir())  # tables of many runs
    names = {name for path in files for name in load_json(path)}
    unknown = {name for name in names if better_sign(name) is None}
    assert {name for name in unknown if name not in COUNTS and not name.endswith("_samples")} == set()


@pytest.mark.parametrize(
    ("name", "before", "after", "gain"),
    [
        ("test_top1", 0.8, 0.9, 0.1),
        ("ece", 0.02, 0.03, -0.01),
        ("fp32_mb", 2.0, 1.5, 0.5),
        ("samples", 1, 2, None),
        ("test_top1", None, 0.9, None),
        ("test_top1", 0.9, None, None),
    ],
)
def test_gain(name: str, before: float | None, after: float | None, gain: float | None) -> None:
    assert MetricChange("f", name, before, after).gain == gain


def test_every_metric_of_either_side_is_there_once() -> None:
    before = {"b": {"x": 1.0, "y": 2.0}, "gone": {"x": 1.0}}
    changes = metric_changes(before, {"b": {"y": 2.0, "z": 3.0}, "a": {"x": 1.0}})
    assert [(change.file, change.name) for change in changes] == [
        ("a", "x"),
        ("b", "x"),
        ("b", "y"),
        ("b", "z"),
        ("gone", "x"),
    ]
    assert [change.is_changed for change in changes] == [True, True, False, True, True]
