"""A gate's run: what is written, what is not, and what a person is told."""

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest

from glyphlens.core.errors import InputError
from glyphlens.core.params import Section
from glyphlens.gates.check import Checks, Outcome, Verdict, at_least, at_most, first_rows, none_of, within
from glyphlens.gates.expectations import TableSuite, between
from glyphlens.gates.run import Gate, GateError, GateFiles, run_gate
from glyphlens.gates.token import require_token


class NumberPaths(NamedTuple):
    numbers: Path


class NumberLimits(Section):
    largest: int = 9
    rows: int = 1


@dataclass(frozen=True)
class Numbers:
    table: pd.DataFrame

    @classmethod
    def open(cls, paths: NumberPaths, limits: NumberLimits) -> "Numbers":
        return cls(pd.DataFrame({"number": [int(text) for text in paths.numbers.read_text().split()]}))


CHECKS: Checks[Numbers, NumberLimits] = Checks()


@CHECKS.add("few-large")
def few_large(data: Numbers, limits: NumberLimits) -> Outcome:
    """A large <number> is a misreading."""
    large = data.table["number"] > limits.largest
    return none_of(int(large.sum()), "large numbers", first_rows(data.table, large, "number"))


@CHECKS.add("rows")
def rows(data: Numbers, limits: NumberLimits) -> Outcome:
    """An empty table teaches nothing."""
    return at_least(len(data.table), limits.rows)


@CHECKS.add("finite-mean")
def finite_mean(data: Numbers, limits: NumberLimits) -> Outcome:
    """The mean must exist."""
    return at_most(1 / data.table["number"].astype(int).sum().item(), 1, otherwise=Verdict.WARN)


GATE: Gate[NumberPaths, Numbers, NumberLimits] = Gate(
    name="numbers",
    purpose="Numbers.",
    paths=NumberPaths,
    limits=NumberLimits,
    open=Numbers.open,
    checks=CHECKS.entries,
    count_rows=lambda data: len(data.table),
)


LIMITS = NumberLimits()


def run(folder: Path, numbers: list[int], limits: NumberLimits = LIMITS, gate: Gate[Any, Any, Any] = GATE) -> None:
    (folder / "numbers.txt").write_text(" ".join(map(str, numbers)))
    files = GateFiles(folder / "token.json", folder / "metrics.json", folder / "report.html")
    run_gate(gate, NumberPaths(folder / "numbers.txt"), limits, files)


def test_data_that_passes_leaves_token_metric_and_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path, [1, 2, 3])
    require_token(tmp_path / "token.json", tmp_path / "numbers.txt")
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics == {"checks": 4, "passed": 4, "warned": 0, "failed": 0, "rows": 3}
    assert "PASS  few-large    0  (0)" in capsys.readouterr().out


def test_a_failure_names_check_value_limit_and_rows_and_leaves_the_report(tmp_path: Path) -> None:
    with pytest.raises(GateError) as caught:
        run(tmp_path, [1, 20, 3, 40])
    assert re.search(r"1 of 4 checks failed; see .*report\.html", str(caught.value))
    assert "few-large: value 2, limit 0. large numbers\n    row 1, number 20\n    row 3, number 40" in str(caught.value)
    assert not (tmp_path / "token.json").exists()
    assert "A large &lt;number&gt; is a misreading." in (tmp_path / "report.html").read_text()
    assert json.loads((tmp_path / "metrics.json").read_text())["failed"] == 1


def test_a_failure_takes_the_earlier_token_away(tmp_path: Path) -> None:
    run(tmp_path, [1])
    with pytest.raises(GateError):
        run(tmp_path, [10])
    assert not (tmp_path / "token.json").exists()


def test_a_crash_is_a_failure_that_hides_no_other_check(tmp_path: Path) -> None:
    with pytest.raises(GateError) as caught:
        run(tmp_path, [30, -30])
    assert "finite-mean: value ZeroDivisionError, limit no crash" in str(caught.value)
    assert "few-large: value 1" in str(caught.value)


def test_data_that_cannot_be_read_is_one_failed_check_with_a_report(tmp_path: Path) -> None:
    files = GateFiles(tmp_path / "token.json", tmp_path / "metrics.json", tmp_path / "report.html")
    with pytest.raises(GateError, match=r"data-opens: value FileNotFoundError.*numbers\.txt"):
        run_gate(GATE, NumberPaths(tmp_path / "numbers.txt"), LIMITS, files)
    assert (tmp_path / "report.html").is_file()


def test_the_token_holds_what_is_judged(tmp_path: Path) -> None:
    run(tmp_path, [1], gate=replace(GATE, judged=lambda paths: (paths.numbers.parent / "report.html",)))
    require_token(tmp_path / "token.json", tmp_path / "report.html")
    with pytest.raises(InputError, match="numbers"):
        require_token(tmp_path / "token.json", tmp_path / "numbers.txt")


def test_a_tighter_limit_that_still_passes_gives_the_same_token_bytes(tmp_path: Path) -> None:
    run(tmp_path, [1, 2, 3])
    before = (tmp_path / "token.json").read_bytes()
    run(tmp_path, [1, 2, 3], NumberLimits(largest=3, rows=3))
    assert (tmp_path / "token.json").read_bytes() == before


def test_a_warning_passes_and_is_counted(tmp_path: Path) -> None:
    checks: Checks[Numbers, NumberLimits] = Checks()

    @checks.add("odd")
    def odd(data: Numbers, limits: NumberLimits) -> Outcome:
        """May be odd."""
        return at_most(2, 1, "odd", otherwise=Verdict.WARN)

    run(tmp_path, [1], gate=replace(GATE, checks=checks.entries))
    assert json.loads((tmp_path / "metrics.json").read_text())["warned"] == 1
    assert (tmp_path / "token.json").is_file()


def test_report_and_metric_are_the_same_bytes_each_time_and_load_nothing(tmp_path: Path) -> None:
    with pytest.raises(GateError):
        run(tmp_path, [10])
    first = (tmp_path / "report.html").read_bytes(), (tmp_path / "metrics.json").read_bytes()
    with pytest.raises(GateError):
        run(tmp_path, [10])
    assert ((tmp_path / "report.html").read_bytes(), (tmp_path / "metrics.json").read_bytes()) == first
    assert not re.search(rb"https?:|//|src=|<script|<link|@import|url\(", first[0])


def test_values_in_a_report_are_escaped(tmp_path: Path) -> None:
    checks: Checks[Numbers, NumberLimits] = Checks()
    row = {"<b>": "<script>alert(1)</script>"}

    @checks.add("html")
    def html(data: Numbers, limits: NumberLimits) -> Outcome:
        """<i>"""
        return Outcome(Verdict.FAIL, "<u>", "<s>", "<em>", (row,))

    with pytest.raises(GateError):
        run(tmp_path, [1], gate=replace(GATE, name="<html>", purpose="<p>", checks=checks.entries))
    page = (tmp_path / "report.html").read_text()
    assert not re.search("<(script|u|s|b|i|em)>", page)


def test_an_id_cannot_be_used_twice() -> None:
    checks: Checks[Numbers, NumberLimits] = Checks()
    checks.add("same")(rows)
    with pytest.raises(ValueError, match="same"):
        checks.add("same")


def test_a_check_without_a_rationale_is_refused() -> None:
    checks: Checks[Numbers, NumberLimits] = Checks()
    with pytest.raises(ValueError, match="'mute' does not say why"):
        checks.add("mute")(lambda data, limits: none_of(0))


def test_nan_passes_no_limit() -> None:
    nan = float("nan")
    assert {at_least(nan, 0).verdict, at_most(nan, 0).verdict, within(nan, 0, 1).verdict} == {Verdict.FAIL}


def test_a_table_suite_runs_beside_the_checks_and_its_crash_hides_nothing(tmp_path: Path) -> None:
    def tables(data: Numbers, limits: NumberLimits) -> list[TableSuite]:
        wrong = between("absent", "no_such_column", 0, 1, "There is no such column.")
        right = between("number-range", "number", 0, limits.largest, "Large numbers are misread.")
        return [TableSuite("numbers", data.table, ("number",), (wrong, right))]

    with pytest.raises(GateError) as caught:
        run(tmp_path, [1, 2], gate=replace(GATE, tables=tables))
    failed = re.findall(r"^  (\S+): value", str(caught.value), re.MULTILINE)
    assert failed == ["numbers-no_such_column-not-null", "absent"]
    assert "no_such_column" in str(caught.value)
