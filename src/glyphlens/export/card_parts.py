"""What every model card has: a page of sections, the table of files, and advice on which of them to take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from glyphlens.export.parity import Latency

AIMED_SPEED_UP = 2.0  # of int8 over fp32 at the largest batch


@dataclass(frozen=True)
class FileFacts:
    """One exported file: where it lies, its precision in words, and what was measured on it."""

    file: str
    folder: str
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


def files_table(files: Sequence[FileFacts], latencies: Sequence[Latency], unit: str) -> str:
    """One row a file: size, accuracy, milliseconds a ``unit`` at each batch size."""
    batches = sorted({entry.batch for entry in latencies})
    rows = []
    for file in files:
        times = [f"{latency(latencies, file.file, batch):.3f}" for batch in batches]
        name = f"`{file.folder}/{file.file}`"
        rows.append([name, file.precision, f"{file.megabytes:.2f}", percent(file.test_top1), *times])
    return table(["file", "precision", "MB", "test top-1", *(f"ms a {unit}, batch {batch}" for batch in batches)], rows)


def advice(files: Files, latencies: Sequence[Latency], work: Mapping[int, str], tested: str) -> list[str]:
    """Which file for what; ``work`` says what each batch size is used for, ``tested`` what the test samples are of."""
    lines = []
    for batch, kind in work.items():
        fast, slow = sorted(files, key=lambda file: latency(latencies, file.file, batch))
        ratio = latency(latencies, slow.file, batch) / latency(latencies, fast.file, batch)
        lines.append(f"{kind}: **`{fast.file}`**, {ratio:.1f} times as fast as `{slow.file}`.")
    fp32, int8 = files
    best = max(files, key=lambda file: file.test_top1)
    times_smaller = fp32.megabytes / int8.megabytes
    lines.append(f"Small downloads: **`{int8.file}`**, {times_smaller:.1f} times smaller than `{fp32.file}`.")
    lines.append(f"Best accuracy on the {tested}: **`{best.file}`**, {percent(best.test_top1)} top-1.")
    largest = max(work)
    if latency(latencies, fp32.file, largest) < AIMED_SPEED_UP * latency(latencies, int8.file, largest):
        lines.append(
            f"int8 stays below the aim of {AIMED_SPEED_UP:g} times the speed of fp32 where this was measured: "
            "processors without 8-bit dot products (VNNI) do floats nearly as fast."
        )
    return lines


def hash_table(hashes: Mapping[str, str]) -> str:
    """What went in and came out, by SHA-256."""
    return table(["what", "SHA-256"], [[name, f"`{digest}`"] for name, digest in hashes.items()])


def latency(latencies: Sequence[Latency], file: str, batch: int) -> float:
    """Milliseconds a sample of one file at one batch size."""
    return next(entry.ms_per_glyph for entry in latencies if (entry.file, entry.batch) == (file, batch))


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
