"""Limits: the stricter counts, what is gone or never was is a breach, and a wrong section is named."""

from typing import Any

import pytest

from glyphlens.core.errors import ParamsError
from glyphlens.core.params import read_params
from glyphlens.review.comparison import SECTION, Limits, breaches, limits_of, strictest
from glyphlens.review.metrics import MetricChange, metric_changes
from glyphlens.review.snapshot import Snapshot, snapshot
from tests.checkout import ROOT


def side(guarded: Any) -> Snapshot:
    return Snapshot("here", {}, {SECTION: {"guarded": guarded}}, {}, {})


def reasons(limits: Limits, *changes: MetricChange) -> list[str]:
    return [breach.reason for breach in breaches(limits, changes)]


@pytest.mark.parametrize(
    ("name", "before", "after", "is_breach"),
    [
        ("top1", 0.85, 0.845, False),  # exactly the limit
        ("top1", 0.85, 0.8449, True),
        ("top1", 0.85, 0.95, False),
        ("ece", 0.02, 0.0251, True),
        ("ece", 0.02, 0.0, False),
        ("top1", None, 0.1, False),
    ],
)
def test_beyond_is_more_than_the_limit(name: str, before: float, after: float, is_breach: bool) -> None:
    assert bool(reasons({("f", name): 0.005}, MetricChange("f", name, before, after))) == is_breach


def test_a_breach_says_the_numbers() -> None:
    (reason,) = reasons({("f", "top1"): 0.005}, MetricChange("f", "top1", 0.85, 0.83))
    assert reason == "got worse by 0.02, from 0.85 to 0.83; the limit is 0.005"


def test_a_guarded_metric_that_is_gone_is_a_breach() -> None:
    assert reasons({("f", "top1"): 1.0}, MetricChange("f", "top1", 0.85, None)) == ["is gone (it was 0.85)"]


def test_a_guard_of_nothing_is_a_breach() -> None:
    change = MetricChange("f", "top1", 0.85, 0.85)
    assert reasons({("f", "top5"): 0.1}, change) == ["is guarded, but no metrics file has it"]
    assert reasons({("g", "top1"): 0.1}, change) == ["is guarded, but no metrics file has it"]


def test_a_star_guards_every_file_that_has_the_metric() -> None:
    changes = metric_changes(
        {"m/a.json": {"top1": 0.9}, "m/b.json": {"top1": 0.9}, "m/c.json": {"rows": 5}},
        {"m/a.json": {"top1": 0.8}, "m/c.json": {"rows": 5}},
    )
    found = breaches({("m/*.json", "top1"): 0.01}, changes)
    assert [(breach.file, breach.metric) for breach in found] == [("m/a.json", "top1"), ("m/b.json", "top1")]


def test_the_stricter_limit_of_both_sides_counts() -> None:
    old: Limits = {("f", "loosened"): 0.01, ("f", "tightened"): 0.01, ("f", "dropped"): 0.01}
    new: Limits = {("f", "loosened"): 0.5, ("f", "tightened"): 0.001, ("f", "added"): 0.2}
    assert strictest(old, new) == {
        ("f", "loosened"): 0.01,
        ("f", "tightened"): 0.001,
        ("f", "dropped"): 0.01,
        ("f", "added"): 0.2,
    }


def test_a_revision_before_the_section_guards_nothing() -> None:
    assert limits_of(Snapshot("old", {}, {"seed": 1}, {}, {})) == {}


@pytest.mark.parametrize(
    ("guarded", "message"),
    [
        ({"f": {"top1": -0.1}}, r"here:params\.yaml: compare\.guarded\.f\.top1: .*greater than or equal to 0"),
        ({"f": {"top1": "much"}}, r"compare\.guarded\.f\.top1: .*\(found 'much'\)"),
        ({"f": 0.1}, r"compare\.guarded\.f: "),
        (None, r"compare\.guarded: "),
        ({"f": {"samples": 1}}, r"f: 'samples' has no known better or worse"),
    ],
)
def test_wrong_limits_are_named(guarded: Any, message: str) -> None:
    with pytest.raises(ParamsError, match=message):
        limits_of(side(guarded))


def test_the_committed_limits_guard_what_is_committed() -> None:
    here = snapshot(ROOT, None)
    limits = limits_of(here)
    assert limits
    assert SECTION in read_params(ROOT / "params.yaml")
    assert breaches(limits, metric_changes(here.metrics, here.metrics)) == []
