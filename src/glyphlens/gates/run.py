"""A gate's run: every check, a printed table, the metric, the report, and a token if nothing failed."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from glyphlens.core.errors import GlyphlensError
from glyphlens.core.params import Section
from glyphlens.core.storage import save_metrics, save_text
from glyphlens.gates.check import Check, Outcome, Result, Verdict, crashed, show, show_row
from glyphlens.gates.expectations import TableSuite, run_suite
from glyphlens.gates.report import render_report
from glyphlens.gates.token import write_token

OPENS = "data-opens"
P = TypeVar("P", bound=NamedTuple)  # of paths, whose fields are options of the command
D = TypeVar("D")
L = TypeVar("L", bound=Section)


class GateError(GlyphlensError):
    """Data that did not pass its gate; the message names each failed check, its value, limit and first rows."""


@dataclass(frozen=True)
class Gate(Generic[P, D, L]):
    """What is examined between two stages: ``gates/<name>.py`` of a track has it as GATE.

    ``open`` reads the data from the named paths, raising InputError where they cannot be read; ``checks`` see that
    data, ``tables`` makes Great Expectations suites of it. The token holds the hashes of the paths that ``judged``
    picks. ``limits`` is the model of the section ``gates.<name>`` of params.yaml; ``sources`` are those of the paths
    that no stage writes.
    """

    name: str
    purpose: str
    paths: type[P]
    limits: type[L]
    open: Callable[[P, L], D]
    checks: Sequence[Check[D, L]]
    count_rows: Callable[[D], int]
    tables: Callable[[D, L], Sequence[TableSuite]] = lambda data, limits: ()
    judged: Callable[[P], Sequence[Path]] = tuple
    sources: Sequence[str] = ()


class GateFiles(NamedTuple):
    """Where a gate writes: the token behind which the next stage waits, the metric and the HTML page."""

    token: Path
    metrics: Path
    report: Path


def examine(gate: Gate[P, D, L], data: D, limits: L) -> list[Result]:
    """All results of a gate on ``data``; no check hides another."""
    suites = [result for suite in gate.tables(data, limits) for result in run_suite(suite)]
    return suites + [check.run(data, limits) for check in gate.checks]


def run_gate(gate: Gate[P, D, L], paths: P, limits: L, files: GateFiles) -> None:
    """Examine what lies at ``paths``; write metric and report, then the token if nothing failed.

    Raises GateError otherwise; an earlier token is removed first, so a failed gate leaves none behind.
    """
    files.token.unlink(missing_ok=True)
    results, rows = _open_and_examine(gate, paths, limits)
    counts = Counter(result.outcome.verdict for result in results)
    print(results_table(results))
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
    save_text(files.report, render_report(f"gate_{gate.name}", gate.purpose, rows, results))
    if counts[Verdict.FAIL]:
        raise GateError(_complaint(results, files.report))
    write_token(files.token, *gate.judged(paths))


def _open_and_examine(gate: Gate[P, D, L], paths: P, limits: L) -> tuple[list[Result], int]:
    """Results and number of rows; data that cannot even be read is the one failed check ``data-opens``."""
    rationale = "What cannot be read cannot be judged: the files exist, have the right types and fit together."
    try:
        data = gate.open(paths, limits)
        rows = gate.count_rows(data)
        results = examine(gate, data, limits)
    except Exception as error:  # noqa: BLE001 - the report must be left behind whatever happened
        return [Result(OPENS, rationale, crashed(error))], 0
    return [Result(OPENS, rationale, Outcome(Verdict.PASS, rows, "readable")), *results], rows


def results_table(results: Sequence[Result]) -> str:
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
