"""The self-contained HTML page of a gate: one section per check, readable without colour, script or network."""

from collections import Counter
from collections.abc import Sequence
from html import escape

from glyphlens.gates.check import NOT_NULL_SUFFIX, Result, Row, Verdict, show, show_row

MARKS = {Verdict.PASS: "✓", Verdict.WARN: "!", Verdict.FAIL: "✗"}
STYLE = """
:root { color-scheme: light dark; --ink: #1c2024; --soft: #5b636b; --page: #fbfaf8; --card: #fff; --line: #dcdad4;
  --pass: #1a6b3c; --warn: #855400; --fail: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e6e3; --soft: #a5adb5; --page: #16181a; --card: #1f2225;
  --line: #373b40; --pass: #7bd29b; --warn: #f0bd62; --fail: #ff9c93; } }
body { margin: 0 auto; max-width: 62rem; padding: 2rem 1.25rem 4rem; background: var(--page); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2.5rem 0 .75rem; }
h3 { font: 600 1rem/1.4 ui-monospace, monospace; margin: 0; overflow-wrap: anywhere; }
p { margin: .4rem 0; } .soft { color: var(--soft); }
.PASS { color: var(--pass); } .WARN { color: var(--warn); } .FAIL { color: var(--fail); }
.badge { border: 1.5px solid currentColor; border-radius: 1rem; font-weight: 600; padding: .05rem .6rem;
  white-space: nowrap; }
article { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; margin: .6rem 0;
  padding: .8rem 1rem; }
article header { align-items: start; display: flex; gap: 1rem; justify-content: space-between; }
dl { display: flex; flex-wrap: wrap; gap: .1rem 1.75rem; margin: .4rem 0 0; } dl div { display: flex; gap: .5rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: .9rem; margin: .6rem 0 0; }
caption { color: var(--soft); text-align: left; } th, td { border-bottom: 1px solid var(--line);
  padding: .25rem .9rem .25rem 0; text-align: left; vertical-align: top; }
td { font-variant-numeric: tabular-nums; white-space: nowrap; } a { color: inherit; }
"""


def render_report(gate: str, purpose: str, rows: int, results: Sequence[Result]) -> str:
    """The page as text; the same results give the same bytes."""
    counts = Counter(result.outcome.verdict for result in results)
    worst = next((kind for kind in (Verdict.FAIL, Verdict.WARN) if counts[kind]), Verdict.PASS)
    summary = ", ".join(f"{counts[kind]} {kind.lower()}" for kind in Verdict)
    trouble = [result for result in results if result.outcome.verdict is not Verdict.PASS]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(gate)}: {worst}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{escape(gate)} {_badge(worst)}</h1>\n<p>{escape(purpose)}</p>\n"
        f'<p class="soft">{show(rows)} rows · {len(results)} checks: {summary}</p>\n'
        f"{_contents(trouble)}<h2>Checks</h2>\n{''.join(map(_section, sorted(results, key=_order)))}"
        "</main>\n</body>\n</html>\n"
    )


def _order(result: Result) -> tuple[int, bool]:
    """Failures first, the many guards against nulls last."""
    return -list(Verdict).index(result.outcome.verdict), result.id.endswith(NOT_NULL_SUFFIX)


def _badge(verdict: Verdict) -> str:
    return f'<span class="badge {verdict}">{MARKS[verdict]} {verdict}</span>'


def _contents(trouble: Sequence[Result]) -> str:
    if not trouble:
        return ""
    items = "".join(
        f'<li><a href="#{escape(result.id)}">{escape(result.id)}</a>: {escape(show(result.outcome.value))} '
        f"(limit {escape(result.outcome.limit)})</li>\n"
        for result in trouble
    )
    return f"<h2>What to look at</h2>\n<ul>\n{items}</ul>\n"


def _section(result: Result) -> str:
    outcome = result.outcome
    told = {"Value": show(outcome.value), "Limit": outcome.limit, "Finding": outcome.message}
    facts = "".join(f"<div><dt>{name}</dt><dd>{escape(text)}</dd></div>" for name, text in told.items() if text)
    return (
        f'<article id="{escape(result.id)}">\n<header><h3>{escape(result.id)}</h3>{_badge(outcome.verdict)}</header>\n'
        f'<p class="soft">{escape(result.rationale)}</p>\n'
        f"<dl>{facts}</dl>\n{_rows(outcome.rows)}</article>\n"
    )


def _rows(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(row.get(name, ''))}</td>" for name in columns) + "</tr>\n"
        for row in map(show_row, rows)
    )
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Rows"><table>'
        f"<caption>First rows</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table></div>\n"
    )
