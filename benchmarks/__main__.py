"""The table of `make bench`: every ``benchmarks/bench_*.py``, or only those named on the command line.

A measurement below its target is shown, not failed: machines differ, and a busy one must not stop a build.
"""

import importlib
import os
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.ratio import Ratio


def benchmark_names() -> list[str]:
    """Names of all benchmarks, without the ``bench_`` prefix, sorted."""
    return sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))


def ratio_table(ratios: list[Ratio]) -> Table:
    """The ratios, one a row."""
    table = Table("what", "plain s", "ours s", "ratio", "target", "", "note", title="Faster than the plain way by")
    for ratio in ratios:
        mark = "reached" if ratio.reached else "below"
        row = (f"{ratio.plain_s:.3f}", f"{ratio.fast_s:.4f}", f"{ratio.value:.1f}×", f"{ratio.target:g}×")
        table.add_row(ratio.name, *row, mark, ratio.note)
    return table


def main(argv: list[str]) -> None:
    """Run the named benchmarks, all by default; exits with a message where a name is unknown."""
    known = benchmark_names()
    unknown = sorted(set(argv) - set(known))
    if unknown:
        sys.exit(f"benchmarks: no benchmark named {', '.join(unknown)}; there are {', '.join(known)}")
    # Both ways run on one core: set before numpy, torch or ONNX Runtime start their thread pools.
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    console = Console(width=None if sys.stdout.isatty() else 150)
    ratios: list[Ratio] = []
    for name in argv or known:
        console.print(f"measuring {name} …")
        ratios += importlib.import_module(f"benchmarks.bench_{name}").measure()
    console.print(ratio_table(ratios))


if __name__ == "__main__":
    main(sys.argv[1:])
