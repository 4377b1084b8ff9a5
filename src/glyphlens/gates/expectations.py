"""Great Expectations over one table: our ids, rationales and outcomes around its suites.

Everything is in code: an ephemeral context, no Data Docs (they load from a CDN), no analytics. Nulls pass every
expectation on values, so each column of the table, whether an expectation names it or not, also gets a NotBeNull,
unless it is nullable.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pandas as pd

from glyphlens.gates.check import NOT_NULL_SUFFIX, SHOWN_ROWS, Outcome, Result, Row, Verdict, crashed, plain, show

NOT_NULL = "A null passes every other expectation on its column, so it is refused by itself."


@dataclass(frozen=True)
class Expectation:
    """One expectation on ``columns``; ``kind`` is the name of a class in great_expectations.expectations."""

    id: str
    rationale: str
    kind: str
    columns: tuple[str, ...]
    limit: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TableSuite:
    """A table with what is expected of it; ``key`` are the columns shown beside an offending value.

    ``nullable``: the only columns that may be empty, because their fact need not be known.
    """

    name: str
    table: pd.DataFrame
    key: tuple[str, ...]
    expectations: tuple[Expectation, ...]
    nullable: tuple[str, ...] = ()


def between(id: str, column: str, low: float | None, high: float | None, rationale: str) -> Expectation:
    """Every value of ``column`` lies in ``low``…``high`` (None: no limit on that side)."""
    sides = (f"≥ {show(low)}" if low is not None else "", f"≤ {show(high)}" if high is not None else "")
    arguments = {"column": column, "min_value": low, "max_value": high}
    limit = ", ".join(filter(None, sides))
    return Expectation(id, rationale, "ExpectColumnValuesToBeBetween", (column,), limit, arguments)


def matches(id: str, column: str, regex: str, rationale: str) -> Expectation:
    """Every value of ``column`` matches ``regex``."""
    arguments = {"column": column, "regex": regex}
    return Expectation(id, rationale, "ExpectColumnValuesToMatchRegex", (column,), regex, arguments)


def one_of(id: str, column: str, values: Sequence[Any], rationale: str, limit: str = "") -> Expectation:
    """Every value of ``column`` is one of ``values``."""
    arguments = {"column": column, "value_set": list(values)}
    shown = limit or ", ".join(repr(value) for value in values)
    return Expectation(id, rationale, "ExpectColumnValuesToBeInSet", (column,), shown, arguments)


def unique(id: str, columns: Sequence[str], rationale: str) -> Expectation:
    """No two rows share their values of ``columns``."""
    if len(columns) == 1:
        arguments: dict[str, Any] = {"column": columns[0]}
        return Expectation(id, rationale, "ExpectColumnValuesToBeUnique", tuple(columns), "no duplicate", arguments)
    arguments = {"column_list": list(columns)}
    return Expectation(id, rationale, "ExpectCompoundColumnsToBeUnique", tuple(columns), "no duplicate", arguments)


def greater(id: str, column: str, than: str, rationale: str) -> Expectation:
    """In every row ``column`` is greater than the column ``than``."""
    arguments = {"column_A": column, "column_B": than}
    kind = "ExpectColumnPairValuesAToBeGreaterThanB"
    return Expectation(id, rationale, kind, (column, than), f"{column} > {than}", arguments)


def with_not_null(suite: TableSuite) -> tuple[Expectation, ...]:
    """The suite's expectations, behind one NotBeNull for every column that they name or the table has."""
    named = (column for entry in suite.expectations for column in entry.columns)
    columns = dict.fromkeys(name for name in (*named, *suite.table.columns) if name not in suite.nullable)
    guards = tuple(
        Expectation(
            f"{suite.name}-{name}{NOT_NULL_SUFFIX}",
            NOT_NULL,
            "ExpectColumnValuesToNotBeNull",
            (name,),
            "no null",
            {"column": name},
        )
        for name in columns
    )
    return guards + suite.expectations


def run_suite(suite: TableSuite) -> list[Result]:
    """One result per expectation, in order; an expectation that cannot be computed is a FAIL."""
    expectations = with_not_null(suite)
    try:
        found = _validate(suite, expectations)
    except Exception as error:  # noqa: BLE001 - whatever breaks the suite, the table did not pass it
        return [Result(entry.id, entry.rationale, crashed(error)) for entry in expectations]
    return [Result(entry.id, entry.rationale, _outcome(entry, found[entry.id])) for entry in expectations]


@cache
def _memory() -> Any:
    """The library's source of tables in memory: one context a process, because making one takes long."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read when the package is imported
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context.data_sources.add_pandas("memory")


def _validate(suite: TableSuite, expectations: Sequence[Expectation]) -> dict[str, dict[str, Any]]:
    """The library's results by id; offending rows, which cost as much as all else, only of expectations that fail."""
    batch = _memory().read_dataframe(suite.table)
    found = _results(batch, expectations, {"result_format": "BASIC"})
    failed = [entry for entry in expectations if not found[entry.id]["success"]]
    rows = {"partial_unexpected_count": SHOWN_ROWS, "unexpected_index_column_names": list(suite.key)}
    return found | _results(batch, failed, {"result_format": "SUMMARY", **rows}) if failed else found


def _results(batch: Any, expectations: Sequence[Expectation], wanted: dict[str, Any]) -> dict[str, dict[str, Any]]:
    import great_expectations as gx
    from great_expectations import expectations as kinds

    configured = [getattr(kinds, entry.kind)(**entry.arguments, meta={"id": entry.id}) for entry in expectations]
    validation = batch.validate(gx.ExpectationSuite(name="suite", expectations=configured), result_format=wanted)
    results = [entry.to_json_dict() for entry in validation.results]
    return {entry["expectation_config"]["meta"]["id"]: entry for entry in results}


def _outcome(expectation: Expectation, entry: dict[str, Any]) -> Outcome:
    found = entry["result"]
    if "unexpected_count" not in found:
        return Outcome(Verdict.FAIL, "not computed", expectation.limit, f"cannot be computed: {_reason(entry)}")
    count = int(found["unexpected_count"])
    if entry["success"]:
        return Outcome(Verdict.PASS, count, expectation.limit)
    message = f"{count} of {found['element_count']} rows offend"
    return Outcome(Verdict.FAIL, count, expectation.limit, message, _rows(found))


def _rows(found: dict[str, Any]) -> tuple[Row, ...]:
    listed = found.get("partial_unexpected_index_list") or []
    return tuple({name: plain(value) for name, value in row.items()} for row in listed[:SHOWN_ROWS])


def _reason(entry: dict[str, Any]) -> str:
    """The first exception message in a result; the library nests it once per metric."""
    information = entry["exception_info"]
    nested = [part for part in information.values() if isinstance(part, dict)]
    for part in [information, *nested]:
        if part.get("exception_message"):
            return str(part["exception_message"])
    return "no reason given"
