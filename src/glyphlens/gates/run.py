"""A gate's run: every check, a printed table, the metric, the report, and a token if nothing failed."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic

from glyphlens.core.errors import GlyphlensError
from glyphlens.core.storage import save_metrics, save_text
from glyphlens.gates.check import Check, Data, Limits, Outcome, Result, Verdict, crashed, show, show_row
from glyphlens.gates.expectations import TableSuite, run_suite
from glyphlens.gates.report import render_report
from glyphlens.gates.token import write_token

OPENS = "data-opens"


class GateError(GlyphlensError):
    """Data that did not pass its gate; the message names each failed check, its value, limit and first rows."""


@dataclass(frozen=True)
class Gate(Generic[Data, Limits]):
    """What is examined between two stages. ``tables`` makes the Great Expectations suites, ``checks`` see arrays."""

    name: str
    purpose: str
    checks: Sequence[Check[Data, Limits]]
    count_rows: Callable[[Data], int]
    tables: Callable[[Data, Limits], Sequence[TableSuite]] = lambda data, limits: ()


@dataclass(frozen=True)
class GateFiles:
    """Where a gate writes: the token behind which the next stage waits, the metric and the HTML page."""

    token: Path
    metrics: Path
    report: Path


def examine(gate: Gate[Data, Limits], data: Data, limits: Limits) -> list[Result]:
    """All results of a gate on ``data``; no check hides another."""
    suites = [result for suite in gate.tables(data, limits) for result in run_suite(suite)]
    return suites + [check.run(data, limits) for check in gate.checks]


def run_gate(
    gate: Gate[Data, Limits], opened: Callable[[], Data], limits: Limits, files: GateFiles, judged: Sequence[Path]
) -> None:
    """Examine what ``opened`` reads; write metric and report, then the token over ``judged`` if nothing failed.

    Raises GateError otherwise; an earlier token is removed first, so a failed gate leaves none behind.
    """
    files.token.unlink(missing_ok=True)
    results, rows = _open_and_examine(gate, opened, limits)
    counts = Counter(result.outcome.verdict for result in results)
    print(table(results))
    save_metrics(
        files.metrics,
        {
            "checks": len(results),
            "passed": counts[Verdict.PASS],
            "warned": counts[Verdict.WARN],
            "failed": counts[Verdict.FAIL],
            "rows": rows,
        },
    )
    save_text(files.report, render_report(gate.name, gate.purpose, rows, results))
    if counts[Verdict.FAIL]:
        raise GateError(_complaint(results, files.report))
    write_token(files.token, *judged)


def _open_and_examine(gate: Gate[Data, Limits], opened: Callable[[], Data], limits: Limits) -> tuple[list[Result], int]:
    """Results and number of rows; data that cannot even be read is the one failed check ``data-opens``."""
    rationale = "What cannot be read cannot be judged: the files exist, have the right types and fit together."
    try:
        data = opened()
        rows = gate.count_rows(data)
        suites = examine(gate, data, limits)
    except Exception as error:  # noqa: BLE001 - the report must be left behind whatever happened
        return [Result(OPENS, rationale, crashed(error))], 0
    return [Result(OPENS, rationale, Outcome(Verdict.PASS, rows, "readable")), *suites], rows


def table(results: Sequence[Result]) -> str:
    """The results as lines of text for the terminal."""
    width = max(len(result.id) for result in results)
    return "\n".join(
        f"{result.outcome.verdict}  {result.id:<{width}}  {show(result.outcome.value)}  ({result.outcome.limit})"
        for result in results
    )


def _complaint(results: Sequence[Result], report: Path) -> str:
    failed = [result for result in results if result.outcome.verdict is Verdict.FAIL]
    lines = [f"{len(failed)} of {len(results)} checks failed; see {report}"]
    for result in failed:
        outcome = result.outcome
        lines.append(f"  {result.id}: value {show(outcome.value)}, limit {outcome.limit}. {outcome.message}".rstrip())
        lines += ["    " + ", ".join(map(" ".join, show_row(row).items())) for row in outcome.rows]
    return "\n".join(lines)
