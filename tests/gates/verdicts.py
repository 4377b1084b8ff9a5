"""What the tests of every gate need: the ids of the checks that fail."""

from collections.abc import Callable
from typing import Any

import pytest

from glyphlens.gates import run
from glyphlens.gates.check import Result, Verdict
from glyphlens.gates.expectations import TableSuite, run_suite
from glyphlens.gates.run import Gate, examine

Judge = Callable[[Gate[Any, Any, Any], Any, Any], dict[str, str]]
SEEN: dict[str, list[Result]] = {}


def run_suite_once(suite: TableSuite) -> list[Result]:
    """``run_suite``, which takes a second, once for the same table: most forgeries touch something else."""
    key = repr((suite.expectations, suite.nullable)) + suite.table.to_json(double_precision=15)
    if key not in SEEN:
        SEEN[key] = run_suite(suite)
    return SEEN[key]


@pytest.fixture
def verdicts(monkeypatch: pytest.MonkeyPatch) -> Judge:
    """{id: verdict} of everything that does not pass."""
    monkeypatch.setattr(run, "run_suite", run_suite_once)

    def judge(gate: Gate[Any, Any, Any], data: Any, limits: Any) -> dict[str, str]:
        results = examine(gate, data, limits)
        return {
            result.id: str(result.outcome.verdict) for result in results if result.outcome.verdict is not Verdict.PASS
        }

    return judge
