"""The page of a gate: what it names, in which order, and that nothing in it is taken for markup."""

import re

from glyphlens.gates.check import Outcome, Result, Verdict
from glyphlens.gates.report import render_report

ROWS = ({"row": 3, "label": "beh.init"}, {"row": 123456, "other": "<b>"})
RESULTS = [
    Result("table:label-not-null", "Every row has a label.", Outcome(Verdict.PASS, 0, "0")),
    Result("plain", "Always so.", Outcome(Verdict.PASS, 12_345, "≥ 1")),
    Result("odd", "May be odd.", Outcome(Verdict.WARN, 0.123456, "≤ 0.1", "share of the odd", ROWS)),
    Result("bad", "Never so.", Outcome(Verdict.FAIL, float("nan"), "≥ 1")),
]


def test_failures_come_first_and_guards_against_nulls_last() -> None:
    page = render_report("gate_x", "Between two stages.", 7, RESULTS)
    assert re.findall(r'<article class="card" id="(.*?)"', page) == ["bad", "odd", "plain", "table:label-not-null"]
    assert "<title>gate_x: FAIL</title>" in page and "4 checks: 2 pass, 1 warn, 1 fail" in page


def test_what_did_not_pass_is_listed_with_value_and_limit() -> None:
    page = render_report("gate_x", "Between two stages.", 7, RESULTS)
    assert '<a href="#odd">odd</a>: 0.1235 (limit ≤ 0.1)' in page and '<a href="#bad">bad</a>: nan (limit ≥ 1)' in page
    assert "What to look at" not in render_report("gate_x", "Between two stages.", 7, RESULTS[:2])


def test_rows_have_a_column_for_every_name_and_are_no_markup() -> None:
    page = render_report("gate_x", "Between two stages.", 7, RESULTS)
    assert re.findall(r'<th scope="col">(.*?)</th>', page) == ["row", "label", "other"]
    assert "<tr><td>3</td><td>beh.init</td><td></td></tr>" in page
    assert "<tr><td>123456</td><td></td><td>&lt;b&gt;</td></tr>" in page


def test_the_page_is_whole_by_itself() -> None:
    page = render_report("gate_x", "Between two stages.", 7, RESULTS)
    assert "<script" not in page and "http" not in page and page.count("<style>") == 2
    assert set(re.findall(r"var\(--(\w+)\)", page)) <= set(re.findall(r"--(\w+):", page)), "a colour without a value"
