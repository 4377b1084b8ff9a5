"""A gate's run: what is written, what is not, and what a person is told."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from glyphlens.gates.check import Checks, Outcome, Verdict, at_least, at_most, first_rows, none_of, within
from glyphlens.gates.expectations import TableSuite, between
from glyphlens.gates.run import Gate, GateError, GateFiles, run_gate
from glyphlens.gates.token import require_token


@dataclass(frozen=True)
class Numbers:
    table: pd.DataFrame


@dataclass(frozen=True)
class NumberLimits:
    largest: int = 9
    rows: int = 1


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


GATE = Gate("gate_numbers", "Numbers.", CHECKS.entries, lambda data: len(data.table))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "numbers.csv").write_text("1 2 3")
    return tmp_path


def files(folder: Path) -> GateFiles:
    return GateFiles(folder / "token.json", folder / "metrics.json", folder / "report.html")


def run(folder: Path, numbers: list[int], limits: NumberLimits = NumberLimits()) -> None:
    run_gate(GATE, lambda: Numbers(pd.DataFrame({"number": numbers})), limits, files(folder), [folder / "numbers.csv"])


def test_data_that_passes_leaves_token_metric_and_report(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(folder, [1, 2, 3])
    require_token(folder / "token.json", folder / "numbers.csv")
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics == {"checks": 4, "passed": 4, "warned": 0, "failed": 0, "rows": 3}
    assert "PASS  few-large    0  (0)" in capsys.readouterr().out


def test_a_failure_names_check_value_limit_and_rows_and_leaves_the_report(folder: Path) -> None:
    with pytest.raises(GateError) as caught:
        run(folder, [1, 20, 3, 40])
    assert re.search(r"1 of 4 checks failed; see .*report\.html", str(caught.value))
    assert "few-large: value 2, limit 0. large numbers\n    row 1, number 20\n    row 3, number 40" in str(caught.value)
    assert not (folder / "token.json").exists()
    assert "A large &lt;number&gt; is a misreading." in (folder / "report.html").read_text()
    assert json.loads((folder / "metrics.json").read_text())["failed"] == 1


def test_a_failure_takes_the_earlier_token_away(folder: Path) -> None:
    run(folder, [1])
    with pytest.raises(GateError):
        run(folder, [10])
    assert not (folder / "token.json").exists()


def test_a_crash_is_a_failure_that_hides_no_other_check(folder: Path) -> None:
    with pytest.raises(GateError) as caught:
        run(folder, [30, -30])
    assert "finite-mean: value ZeroDivisionError, limit no crash" in str(caught.value)
    assert "few-large: value 1" in str(caught.value)


def test_data_that_cannot_be_read_is_one_failed_check_with_a_report(folder: Path) -> None:
    def missing() -> Numbers:
        raise FileNotFoundError("numbers.csv is gone")

    with pytest.raises(GateError, match=r"data-opens: value FileNotFoundError.*numbers\.csv is gone"):
        run_gate(GATE, missing, NumberLimits(), files(folder), [folder / "numbers.csv"])
    assert (folder / "report.html").is_file()


def test_a_tighter_limit_that_still_passes_gives_the_same_token_bytes(folder: Path) -> None:
    run(folder, [1, 2, 3])
    before = (folder / "token.json").read_bytes()
    run(folder, [1, 2, 3], NumberLimits(largest=3, rows=3))
    assert (folder / "token.json").read_bytes() == before


def test_a_warning_passes_and_is_counted(folder: Path) -> None:
    checks: Checks[Numbers, NumberLimits] = Checks()

    @checks.add("odd")
    def odd(data: Numbers, limits: NumberLimits) -> Outcome:
        """May be odd."""
        return at_most(2, 1, "odd", otherwise=Verdict.WARN)

    gate = Gate("gate_odd", "Odd.", checks.entries, lambda data: 1)
    run_gate(gate, lambda: Numbers(pd.DataFrame()), NumberLimits(), files(folder), [folder / "numbers.csv"])
    assert json.loads((folder / "metrics.json").read_text())["warned"] == 1
    assert (folder / "token.json").is_file()


def test_report_and_metric_are_the_same_bytes_each_time_and_load_nothing(folder: Path) -> None:
    with pytest.raises(GateError):
        run(folder, [10])
    first = (folder / "report.html").read_bytes(), (folder / "metrics.json").read_bytes()
    with pytest.raises(GateError):
        run(folder, [10])
    assert ((folder / "report.html").read_bytes(), (folder / "metrics.json").read_bytes()) == first
    assert not re.search(rb"https?:|//|src=|<script|<link|@import|url\(", first[0])


def test_failures_come_first_in_the_report(folder: Path) -> None:
    with pytest.raises(GateError):
        run(folder, [30, -30])
    ids = re.findall(r'<article id="([\w-]+)"', (folder / "report.html").read_text())
    assert ids == ["few-large", "finite-mean", "data-opens", "rows"]


def test_values_in_a_report_are_escaped(folder: Path) -> None:
    checks: Checks[Numbers, NumberLimits] = Checks()
    row = {"<b>": "<script>alert(1)</script>"}

    @checks.add("html")
    def html(data: Numbers, limits: NumberLimits) -> Outcome:
        """<i>"""
        return Outcome(Verdict.FAIL, "<u>", "<s>", "<em>", (row,))

    gate = Gate("gate_<html>", "<p>", checks.entries, lambda data: 1)
    with pytest.raises(GateError):
        run_gate(gate, lambda: Numbers(pd.DataFrame()), NumberLimits(), files(folder), [folder / "numbers.csv"])
    page = (folder / "report.html").read_text()
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


def test_a_table_suite_runs_beside_the_checks_and_its_crash_hides_nothing(folder: Path) -> None:
    def tables(data: Numbers, limits: NumberLimits) -> list[TableSuite]:
        wrong = between("absent", "no_such_column", 0, 1, "There is no such column.")
        right = between("number-range", "number", 0, limits.largest, "Large numbers are misread.")
        return [TableSuite("numbers", data.table, ("number",), (wrong, right))]

    gate = Gate("gate_numbers", "Numbers.", CHECKS.entries, lambda data: len(data.table), tables)
    with pytest.raises(GateError) as caught:
        run_gate(
            gate,
            lambda: Numbers(pd.DataFrame({"number": [1, 2]})),
            NumberLimits(),
            files(folder),
            [folder / "numbers.csv"],
        )
    failed = re.findall(r"^  (\S+): value", str(caught.value), re.MULTILINE)
    assert failed == ["numbers-no_such_column-not-null", "absent"]
    assert "no_such_column" in str(caught.value)
