"""What came out: the committed metrics as tables, printed by `make repro` and kept in documents; what it took, printed.

``python -m glyphlens.summary`` prints; with the names of documents, the blocks between markers in them are rewritten.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from glyphlens.core.errors import GlyphlensError, InputError
from glyphlens.core.params import load_params
from glyphlens.core.storage import load_json, save_text
from glyphlens.export.energy import EnergyParams, estimate
from glyphlens.tracking.timings import LATENCY, SECONDS, read_timings
from glyphlens.tracks import Track, flagship, tracks

BEGIN = "<!-- {}: begin, written by `python -m glyphlens.summary README.md docs/RESULTS.md` -->"
END = "<!-- {}: end -->"
GATES, TIMINGS = "gates", "timings.json"
ABLATIONS = "ablations"  # tables of many runs, in docs/ABLATIONS.md
SCORES = {
    "test_top1": "top-1",
    "test_shape_top1": "right shape",
    "macro_f1": "macro F1",
    "ece": "calibration error",
    "int8_top1": "int8 top-1",
    "int8_mb": "int8 MB",
}


def metric_files(metrics: Path) -> list[Path]:
    """The metrics files in the order of the data flow, gates last; raises InputError where there is none.

    Curves, a folder deeper, and timings, beside the folders, are not among them.
    """
    files = sorted((path for path in metrics.glob("*/*.json") if path.parent.name != ABLATIONS), key=_position)
    if not files:
        raise InputError(f"{metrics}: no metrics there; run `make repro` first")
    return files


def summary(metrics: Path) -> str:
    """A Markdown table with one line per metrics file of a stage or gate."""
    files = [path for path in metric_files(metrics) if not _is_recognizer(path)]
    lines = ["| stage | what came out |", "|---|---|"]
    return "\n".join(lines + [f"| {_title(path)} | {' · '.join(_readings(path))} |" for path in files])


def recognizers(metrics: Path) -> str:
    """A Markdown table of the recognisers that compete; empty where there are none."""
    table = recognizer_rows(metrics)
    ruled = [table[0], ["---"] * len(table[0]), *table[1:]] if table else []
    return "\n".join(f"| {' | '.join(cells)} |" for cells in ruled)


def recognizer_rows(metrics: Path) -> list[list[str]]:
    """Cells of the table of competing recognisers, heading first, best first; none where there are none."""
    scores = {path.stem: _content(path) for path in metric_files(metrics) if _is_recognizer(path)}
    ranked = sorted(scores, key=lambda name: (-scores[name].get("test_top1", -1), name))
    rows = [[f"`{name}`", *(_cell(scores[name].get(key), key) for key in SCORES)] for name in ranked]
    return [["recogniser", *SCORES.values()], *rows] if rows else []


def timing_rows(timings: Path, energy: EnergyParams) -> list[list[str]]:
    """Cells of the table of what trainings and files take, heading first; none where nothing was timed."""
    rows = []
    for stage, entry in read_timings(timings).items():
        if SECONDS in entry:
            estimated = estimate(entry[SECONDS], energy)
            taken = (
                f"{entry[SECONDS]:,.0f} s, {1000 * estimated.kwh:.1f} Wh and {estimated.co2_g:.1f} g of CO2 (estimate)"
            )
            rows.append([stage, taken, entry["machine"]["cpu"]])
        for kind, by_batch in entry.get(LATENCY, {}).items():
            taken = ", ".join(f"{ms:.3f} in {batch}" for batch, ms in by_batch.items())
            rows.append([f"{stage} {kind}", f"ms a sample: {taken}", entry["machine"]["cpu"]])
    return [["timed", "took", "on"], *rows] if rows else []


def headlines(metrics: Path) -> str:
    """The first numbers as sentences, one line each; those whose metrics are not there are left out."""
    lines = []
    for track in tracks().values():
        for headline in track.headlines:
            path = metrics / headline.file
            content = _content(path) if path.is_file() else {}
            if headline.metric in content:
                sentence = headline.sentence.format(material=_material(track, metrics))
                lines.append(f"- **{content[headline.metric]:.1%}** {sentence}")
    return "\n".join(lines)


BLOCKS: Mapping[str, Callable[[Path], str]] = {"headlines": headlines, "recognisers": recognizers, "metrics": summary}


def replace_blocks(text: str, metrics: Path) -> str:
    """``text`` with its marked blocks written anew; raises InputError where there is none, or half of one."""
    found = [name for name in BLOCKS if BEGIN.format(name) in text or END.format(name) in text]
    if not found:
        raise InputError(f"no markers such as {BEGIN.format('metrics')!r}; blocks are called {', '.join(BLOCKS)}")
    for name in found:
        begin, end = BEGIN.format(name), END.format(name)
        if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
            raise InputError(f"the markers {begin!r} and {end!r} must stand there once each, in this order")
        head, _, rest = text.partition(begin)
        text = f"{head}{begin}\n{BLOCKS[name](metrics)}\n{end}{rest.partition(end)[2]}"
    return text


def _position(path: Path) -> tuple[bool, int, str, int, str]:
    """Tracks in their order, stages in that of the data flow; what no track lists comes after them, by name."""
    folder, track = path.parent.name, tracks().get(path.parent.name)
    stages = (track or flagship()).stages  # as which its gates are called
    place = stages.index(path.stem) if path.stem in stages else len(stages)
    return folder == GATES, list(tracks()).index(folder) if track else len(tracks()), folder, place, path.stem


def _is_recognizer(path: Path) -> bool:
    track = tracks().get(path.parent.name)
    return track is not None and path.stem not in track.stages


def _title(path: Path) -> str:
    folder = path.parent.name
    prefix = "gate " if folder == GATES else "" if folder == flagship().name else f"{folder} "
    return f"`{prefix}{path.stem}`"


def _content(path: Path) -> dict[str, Any]:
    content = load_json(path)
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected a mapping of metrics, found {type(content).__name__}")
    return content


def _material(track: Track, metrics: Path) -> str:
    path = metrics / track.name / "samples.json"
    counts = _content(path) if path.is_file() else {}
    return " and ".join(words for name, words in track.material.items() if counts.get(name)) or track.title


def _readings(path: Path) -> Iterator[str]:
    for name, value in _content(path).items():
        yield f"{name} **{_number(value)}**"


def _cell(value: float | None, key: str) -> str:
    """Accuracies as percentages, errors and megabytes as numbers; a recogniser that was skipped has none."""
    if value is None:
        return "–"
    return f"{value:.1%}" if key.endswith("top1") else _number(value)


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def main(argv: list[str] | None = None) -> None:
    """Print the summary, or rewrite the blocks of documents."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--metrics", type=Path, default=Path("metrics"), help="folder of the metrics files")
    parser.add_argument("documents", nargs="*", type=Path, help="rewrite their marked blocks instead of printing")
    options = parser.parse_args(argv)
    try:
        if not options.documents:
            _print_tables(options.metrics)
        for document in options.documents:
            save_text(document, replace_blocks(document.read_text("utf-8"), options.metrics))
    except GlyphlensError as error:
        sys.exit(f"summary: {error}")


def _print_tables(metrics: Path) -> None:
    print("\nWhat came out (metrics/; the pages to open are reports/*/report.html)\n")
    for path in metric_files(metrics):
        if not _is_recognizer(path):
            readings = "  ".join(reading.replace("**", "") for reading in _readings(path))
            print(f"  {_title(path).strip('`'):<20}{readings}")
    for table in (recognizer_rows(metrics), timing_rows(metrics / TIMINGS, load_params(EnergyParams, "energy"))):
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        for row in [[], *table] if table else []:
            cells = (f"{cell.strip('`'):<{width}}" for cell, width in zip(row, widths, strict=False))
            print(f"  {'  '.join(cells)}".rstrip())
    print(f"\nHow to go on\n\n{next_steps()}")


def next_steps() -> str:
    """The runs that there are, and where the commands are listed, one line each."""
    steps = {f"make repro TRACK={track.name}": track.title for track in tracks().values()}
    steps |= {"make repro TRACK=all": "all tracks", "glyphlens --help": "use the released models"}
    width = max(map(len, steps)) + 2
    return "\n".join(f"  {command:<{width}}{purpose}" for command, purpose in steps.items())


if __name__ == "__main__":
    main()
