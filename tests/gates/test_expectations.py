"""The Great Expectations suites: each expectation fails on its own forged rows and names them."""

import os
import subprocess
import sys

import pandas as pd
import pytest

from glyphlens.gates.check import Verdict
from glyphlens.gates.expectations import Expectation, TableSuite, between, greater, matches, one_of, run_suite, unique

EXPECTED = (
    between("share-range", "share", 0.0, 1.0, "A share."),
    matches("label-form", "label", r"^[a-z]+$", "A label."),
    one_of("split-known", "split", ["train", "test"], "A split."),
    unique("sample-once", ["sample"], "A key."),
    unique("font-label-once", ["font", "label"], "A pair."),
    greater("high-above-low", "high", "low", "An order."),
)


def good() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "sample": range(6),
            "share": [0.0, 0.1, 0.2, 0.3, 0.4, 1.0],
            "label": ["beh", "teh", "beh", "teh", "beh", "teh"],
            "font": [*"aabbcc"],
            "split": ["train"] * 4 + ["test"] * 2,
            "high": [2, 3, 4, 5, 6, 7],
            "low": [1, 2, 3, 4, 5, 6],
            "named_by_no_expectation": [*"abcdef"],
        }
    )


def failed(table: pd.DataFrame, expected: tuple[Expectation, ...] = EXPECTED) -> dict[str, tuple[object, ...]]:
    results = run_suite(TableSuite("facts", table, ("sample",), expected))
    return {result.id: result.outcome.rows for result in results if result.outcome.verdict is Verdict.FAIL}


def test_good_rows_pass_and_every_column_is_guarded_against_nulls() -> None:
    results = run_suite(TableSuite("facts", good(), ("sample",), EXPECTED))
    assert {result.outcome.verdict for result in results} == {Verdict.PASS}
    guarded = {result.id for result in results if result.id.endswith("not-null")}
    assert guarded == {f"facts-{name}-not-null" for name in good().columns}


@pytest.mark.parametrize(
    ("column", "value", "check"),
    [
        ("share", 1.5, "share-range"),
        ("share", float("inf"), "share-range"),
        ("label", "Beh 1", "label-form"),
        ("split", "trian", "split-known"),
        ("sample", 0, "sample-once"),
        ("font", "a", "font-label-once"),
        ("low", 4, "high-above-low"),
        ("label", None, "facts-label-not-null"),
        ("share", None, "facts-share-not-null"),
        ("named_by_no_expectation", None, "facts-named_by_no_expectation-not-null"),
    ],
)
def test_a_forged_value_fails_exactly_its_expectation(column: str, value: object, check: str) -> None:
    table = good().astype({column: object}) if value is None and column != "share" else good()
    table.loc[2, column] = value
    found = failed(table)
    assert list(found) == [check]
    assert any(row["sample"] in (0, 2) for row in found[check])  # type: ignore[index]


def test_a_nullable_column_may_be_empty() -> None:
    table = good().assign(named_by_no_expectation=None)
    results = run_suite(TableSuite("facts", table, ("sample",), EXPECTED, nullable=("named_by_no_expectation",)))
    assert {result.outcome.verdict for result in results} == {Verdict.PASS}


def test_a_missing_column_fails_what_names_it_and_nothing_else() -> None:
    assert set(failed(good().drop(columns="share"))) == {"share-range", "facts-share-not-null"}


def test_tables_of_one_name_are_not_mixed_up() -> None:
    """All suites of a process share one context of the library."""
    tables = (good(), good().assign(share=5.0), good())
    assert [set(failed(table)) for table in tables] == [set(), {"share-range"}, set()]


def test_an_unknown_kind_fails_the_suite_with_the_exception_named() -> None:
    results = run_suite(
        TableSuite("facts", good(), ("sample",), (Expectation("odd", "?", "ExpectMagic", ("share",), ""),))
    )
    assert {result.outcome.verdict for result in results} == {Verdict.FAIL}
    assert "ExpectMagic" in results[0].outcome.message


def test_rows_shown_are_few() -> None:
    table = pd.concat([good()] * 20, ignore_index=True).assign(share=5.0)
    assert len(failed(table, EXPECTED[:1])["share-range"]) == 5


def test_the_library_is_imported_only_when_a_suite_runs() -> None:
    code = "import sys, glyphlens.gates.run; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env=os.environ, check=False).returncode == 0
