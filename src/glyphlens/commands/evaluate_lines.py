"""``glyphlens evaluate`` of models that answer after every line: one, or several side by side, as a table or a chart.

N scans · L lines
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from glyphlens.commands.inputs import require_kept
from glyphlens.commands.model import find_model
from glyphlens.commands.output import Format, check_picture, check_writable, output_format, shown_place
from glyphlens.commands.scoring import BINS, split_rows
from glyphlens.commands.screen import Column, console, fitted_table
from glyphlens.core.errors import InputError
from glyphlens.core.file_names import shown
from glyphlens.core.folders import files_below
from glyphlens.core.storage import STANDARD_OUTPUT, is_stream, save_json, save_table_csv, sha256_file
from glyphlens.evaluation.pages import records
from glyphlens.inference.folder import ExportFolder
from glyphlens.inference.stopping import STOPPING, StoppingRule
from glyphlens.inference.streams import LineRecognizer
from glyphlens.tracks.scan_lines.evaluation.line_scores import line_table, stopped
from glyphlens.tracks.scan_lines.samples.scan_set import ScanSet
from glyphlens.tracks.scan_lines.stopping.answers import (
    MARKS,
    QUARTERS,
    LineAnswers,
    line_answers,
    marked_line,
)
from glyphlens.tracks.scan_lines.track import TRACK

FORMATS: tuple[Format, ...] = ("csv", "json")
PICTURE = ".png"
DIGITS = 6
RULES = "stopping"  # folder beside that of the exports, in which scan_stopping leaves their rules


class Contender(NamedTuple):
    """A model as it was asked for, its answers, and its stopping rule where there is one for the very file."""

    name: str
    answers: LineAnswers
    rule: StoppingRule | None


def answers_by_line(model: Path) -> bool:
    """Whether a model answers line by line, by its manifest; not where it cannot be opened, which others report."""
    try:
        place = find_model(model, TRACK)
        return ExportFolder(place.parent if place.is_file() else place).manifest.decoder == "lines"
    except InputError:
        return False


def run_evaluate_lines(
    models: Sequence[Path], samples: Path, split: str, output: Path | None, form: Format | None, threads: int
) -> int:
    """Ask every model, write the file that was asked for, print the table."""
    is_picture = output is not None and output.suffix.lower() == PICTURE and form is None
    if is_picture and output is not None:
        check_picture(output)
    else:
        output = output or (STANDARD_OUTPUT if form in FORMATS else None)
        form = output_format(output, form, FORMATS)
        if output is not None:
            check_writable(output)
    if len(set(models)) < len(models):
        raise InputError("--model: one of them is given twice")
    scans = ScanSet.open(samples)
    rows_N = split_rows(scans.samples, split)
    recognizers = [LineRecognizer.load(find_model(model, TRACK), threads=threads) for model in models]
    require_kept([*(each.path for each in recognizers), *files_below(samples, {})], [output])
    for recognizer in recognizers:
        _require_fitting(recognizer, scans)
    contenders = [
        Contender(shown(str(model)), line_answers(recognizer, scans, rows_N), _own_rule(recognizer.path))
        for model, recognizer in zip(models, recognizers, strict=True)
    ]
    tables = {each.name: line_table(each.answers, each.rule, scans.samples.shape_class, BINS) for each in contenders}
    if output is not None:
        _save(output, tables, contenders, is_picture=is_picture, form=form)
        if not is_stream(output):
            print(f"{shown_place(output)}: written", file=sys.stderr)
    screen = console(stderr=output == STANDARD_OUTPUT)
    title = f"{len(rows_N):,} scans of {shown(samples.as_posix())}, split {split}"
    screen.print(_on_screen(title, tables, contenders, screen.width))
    return 0


def _require_fitting(recognizer: LineRecognizer, scans: ScanSet) -> None:
    folder, lines = scans.samples.folder, (recognizer.lines, recognizer.samples)
    if lines != scans.shape_LS:
        raise InputError(
            f"{recognizer.path}: reads {lines[0]} lines of {lines[1]} samples, {folder} has {scans.shape_LS[0]} of "
            f"{scans.shape_LS[1]}"
        )
    named, expected = ([entry.label for entry in each] for each in (recognizer.classes, scans.samples.classes))
    if named != expected:
        other = sorted(set(named) ^ set(expected)) or ["the same ones in another order"]
        raise InputError(f"{recognizer.path}: names other classes than {folder}: {', '.join(other[:5])}")


def _own_rule(model: Path) -> StoppingRule | None:
    """The rule beside the file, or where scan_stopping left it, if it was calibrated for this very file."""
    folder = model.parent.resolve()
    for place in (folder / STOPPING, folder.parent.parent / RULES / folder.name / STOPPING):
        if place.is_file() and (rule := StoppingRule.load(place)).promise.model == sha256_file(model):
            return rule
    return None


def _summary(table: pd.DataFrame, contender: Contender) -> dict[str, Any]:
    """The numbers of one model; None where it has no rule."""
    lines = contender.answers.lines
    top1 = {f"top1_{100 * share:.0f}": table["top1"].iloc[marked_line(share, lines) - 1] for share in MARKS}
    found = None if contender.rule is None else stopped(contender.answers, contender.rule)
    return {
        "model": contender.name,
        **{name: float(value) for name, value in top1.items()},
        "shape_top1": float(table["shape_top1"].iloc[-1]),
        "largest_ece": float(table["ece"].iloc[[marked_line(share, lines) - 1 for share in QUARTERS]].max()),
        "mean_lines": None if found is None else float(found.line_N.mean()),
        "exit_gap": None if found is None else found.exit_gap,
    }


def _save(
    path: Path,
    tables: dict[str, pd.DataFrame],
    contenders: Sequence[Contender],
    *,
    is_picture: bool,
    form: Format | None,
) -> None:
    """PNG: a chart. CSV: a row per model and line. JSON: the numbers of every model, and those rows."""
    if is_picture:
        from glyphlens.tracks.scan_lines.evaluation.comparison_chart import plot_comparison

        plot_comparison(path, tables)
        return
    rounded = {name: table.round(DIGITS) for name, table in tables.items()}
    if form == "csv":
        save_table_csv(path, pd.concat([table.assign(model=name) for name, table in rounded.items()]))
        return
    models = [{**_summary(tables[each.name], each), "lines": records(rounded[each.name])} for each in contenders]
    save_json(path, {"scans": len(contenders[0].answers.class_N), "models": models})


def _on_screen(title: str, tables: dict[str, pd.DataFrame], contenders: Sequence[Contender], width: int) -> object:
    marks = [f"{100 * share:.0f} %" for share in MARKS]
    names = [*marks, "look-alikes as one", "ECE", "mean lines", "lost by stopping"]
    rows = []
    for contender in contenders:
        model, *numbers = _summary(tables[contender.name], contender).values()
        *shares, error, lines, gap = numbers
        cells = [*(f"{share:.2%}" for share in shares), f"{error:.4f}"]
        rows.append(
            [model, *cells, "no rule" if lines is None else f"{lines:.1f}", "–" if gap is None else f"{gap:.2%}"]
        )
    columns = [Column("model", is_key=True), *(Column(name, is_number=True) for name in names)]
    return fitted_table(title, columns, rows, width)
