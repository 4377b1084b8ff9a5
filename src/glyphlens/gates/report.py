"""The self-contained HTML page of a gate: one section per check, readable without colour, script or network."""

from collections import Counter
from collections.abc import Sequence

from glyphlens.evaluation.pages import render
from glyphlens.gates.check import NOT_NULL_SUFFIX, Result, Row, Verdict, show, show_row

TEMPLATE = "report.html.j2"
MARKS = {Verdict.PASS: "✓", Verdict.WARN: "!", Verdict.FAIL: "✗"}


def render_report(gate: str, purpose: str, rows: int, results: Sequence[Result]) -> str:
    """The page as text; the same results give the same bytes."""
    counts = Counter(result.outcome.verdict for result in results)
    values = {
        "gate": gate,
        "purpose": purpose,
        "rows": rows,
        "results": results,
        "ordered": sorted(results, key=_order),
        "counts": counts,
        "worst": next((kind for kind in (Verdict.FAIL, Verdict.WARN) if counts[kind]), Verdict.PASS),
        "marks": MARKS,
        "columns": _columns,
        "show": show,
        "show_row": show_row,
    }
    return render(__package__, TEMPLATE, values)


def _order(result: Result) -> tuple[int, bool]:
    """Failures first, the many guards against nulls last."""
    return -list(Verdict).index(result.outcome.verdict), result.id.endswith(NOT_NULL_SUFFIX)


def _columns(rows: Sequence[Row]) -> list[str]:
    """Names of the values that any of the rows has, in the order in which they are first met."""
    return list(dict.fromkeys(name for row in rows for name in row))
