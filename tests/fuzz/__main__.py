"""The campaign: ``python -m tests.fuzz --count 1000000``. Inputs that end badly are kept below .cache/fuzz, each
beside what was wrong with it; at last a table says what was tried, which ``--page`` writes too. 1 where there is any.
"""

import argparse
import signal
import sys
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

from tqdm import tqdm

from glyphlens.core.storage import save_text
from tests.fuzz.campaign import Build, Result, run
from tests.fuzz.targets import SHARES

ROUND = 50_000
KEPT = Path(".cache/fuzz")
HEAD = ("target", "inputs", "answers", "refusals", "faults", "ms each", "slowest, s", "peak, MiB")


def main() -> int:
    """Try so many inputs of every target in turn, and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000, help="of all targets together")
    parser.add_argument("--first", type=int, default=0, help="how many were tried before")
    parser.add_argument("--only", nargs="*", default=[], help="names of targets; all of them by default")
    parser.add_argument("--page", type=Path, help="where the table is written as Markdown, too")
    asked = parser.parse_args()
    builds = {build: share for build, share in SHARES.items() if not asked.only or build.__name__ in asked.only}
    if not builds:
        parser.error(f"no such target; there are {', '.join(build.__name__ for build in SHARES)}")
    for number in (signal.SIGINT, signal.SIGTERM):  # of which a shell lets no process in the background know
        signal.signal(number, signal.default_int_handler)
    results = {build.__name__: Result(build.__name__) for build in builds}
    try:
        with tqdm(total=asked.count, unit="input", smoothing=0.02) as bar:
            for build, numbers in turns(builds, asked.first, asked.count):
                before = results[build.__name__]
                bar.set_description(build.__name__)
                kept = 0
                for so_far in run(build, build.__name__, numbers):
                    for finding in so_far.findings[kept:]:
                        bar.write(f"{finding.keep(KEPT)}: {finding.fault}", file=sys.stderr)
                    kept = len(so_far.findings)
                    results[build.__name__] = before + so_far
                    bar.update(sum(each.inputs for each in results.values()) - bar.n)
    except KeyboardInterrupt:
        print("\ncut short; the table says how far it came", file=sys.stderr)
    text = table(list(results.values()))
    print(text, end="")
    if asked.page is not None:
        save_text(asked.page, text)
    return 1 if any(result.findings for result in results.values()) else 0


def turns(builds: Mapping[Build, int], first: int, count: int) -> Iterator[tuple[Build, range]]:
    """Which inputs are tried one after the other: some of every target, and then again, so that all come to theirs.

    ``builds``: with the share of each; ``first``: how many of all inputs are passed over.
    """
    starts = [*range(first, first + count, ROUND), first + count]
    for begin, end in pairwise(starts):
        for build, share in builds.items():
            yield build, range(*(-(-place * share // sum(builds.values())) for place in (begin, end)))


def table(results: list[Result]) -> str:
    """A row per target, and what they are together."""
    rows = [
        (
            each.target,
            each.inputs,
            each.answers,
            each.refusals,
            len(each.findings),
            each.seconds,
            each.slowest_s,
            each.peak_kib,
        )
        for each in results
    ]
    sums = tuple(sum(column) for column in list(zip(*rows, strict=True))[1:5])
    most = (max(each.slowest_s for each in results), max(each.peak_kib for each in results))
    rows.append(("together", *sums, sum(each.seconds for each in results), *most))
    lines = [f"| {' | '.join(HEAD)} |", f"|{' --- |'}{' ---: |' * 7}"]
    for name, *counts, seconds, slowest, kib in rows:
        each_ms = 1000 * seconds / max(1, counts[0])
        cells = (name, *(f"{count:,}" for count in counts), f"{each_ms:.1f}", f"{slowest:.2f}", f"{kib >> 10}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
