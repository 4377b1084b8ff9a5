"""What every model card has: a page of sections, the table of files, and advice on which of them to take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

TIMES = "`metrics/timings.json`"


@dataclass(frozen=True)
class FileFacts:
    """One exported file: its name, its precision in words, and what was measured on it."""

    file: str
    precision: str
    megabytes: float
    temperature: float
    test_top1: float


Files = tuple[FileFacts, FileFacts]  # fp32 first, int8 second


def page(title: str, stage: str, sections: Mapping[str, str]) -> str:
    """Markdown of a whole card."""
    body = "\n\n".join(f"## {heading}\n\n{text}" for heading, text in sections.items())
    origin = f"Written by the `{stage}` stage from what it measured; change the code, not this page."
    return f"# {title}\n\n{origin}\n\n{body}\n"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join([_row(head), "|---" * len(head) + "|", *map(_row, rows)])


def bullets(lines: Sequence[str]) -> str:
    """A Markdown list."""
    return "\n".join(f"- {line}" for line in lines)


def files_table(files: Sequence[FileFacts]) -> str:
    """One row a file: size and accuracy."""
    rows = [[f"`{file.file}`", file.precision, f"{file.megabytes:.2f}", percent(file.test_top1)] for file in files]
    return table(["file", "precision", "MB", "test top-1"], rows)


def advice(files: Files, tested: str, stage: str) -> list[str]:
    """Which file for what; ``tested`` says what the test samples are of, ``stage`` whose entry has the times."""
    fp32, int8 = files
    best = max(files, key=lambda file: file.test_top1)
    times_smaller = fp32.megabytes / int8.megabytes
    return [
        f"Small downloads: **`{int8.file}`**, {times_smaller:.1f} times smaller than `{fp32.file}`.",
        f"Best accuracy on the {tested}: **`{best.file}`**, {percent(best.test_top1)} top-1.",
        f"Speed depends on the machine: {TIMES} has milliseconds a sample of both, on one core, under `{stage}`.",
    ]


def trained_on(training: Mapping[str, Any]) -> str:
    """What of the machine the weights depend on, as training.json has it."""
    threads = count(training["threads"], "thread", "threads")
    machine = f"trained on {training['device']} with {threads} of torch"
    return f"{machine}; the same kind of machine with as many gives the same weights"


def hash_table(hashes: Mapping[str, str]) -> str:
    """What went in and came out, by SHA-256."""
    return table(["what", "SHA-256"], [[name, f"`{digest}`"] for name, digest in hashes.items()])


def count(number: int, one: str, many: str) -> str:
    """The number with the word that belongs to it."""
    return f"{number:,} {one if number == 1 else many}"


def change(loss: float) -> str:
    """``loses`` or ``gains`` so many points."""
    points = abs(100 * loss)
    return f"{'loses' if loss >= 0 else 'gains'} {points:.2f} points of top-1"


def percent(share: float) -> str:
    """A share with two digits."""
    return f"{100 * share:.2f} %"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
