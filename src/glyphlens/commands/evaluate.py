"""``glyphlens evaluate``: how often a model is right on a sample set, its own or another one."""

import sys
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.api.types import is_numeric_dtype
from rich.table import Table

from glyphlens.commands.inputs import require_kept
from glyphlens.commands.model import model_files, open_model
from glyphlens.commands.output import Format, check_writable, output_format, shown_place
from glyphlens.commands.scoring import Scored, score, scored_groups, summary_table, told
from glyphlens.commands.screen import Column, console, fitted_table
from glyphlens.core.file_names import shown
from glyphlens.core.folders import files_below
from glyphlens.core.storage import STANDARD_OUTPUT, save_json, save_table_csv
from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.pages import records
from glyphlens.inference.recognizer import Recognizer

FORMATS: tuple[Format, ...] = ("csv", "json")
WORST_GROUPS, WORST_CLASSES, SHOWN_UNKNOWN = 8, 8, 12
DIGITS = 6
NAMES = {
    "top1": "top-1", "top5": "top-5", "shape1": "same shape", "among": "top-1 among the set's classes",
    "macro_f1": "macro-F1", "ece": "ECE",
}  # fmt: skip
AS_NUMBERS = ("macro_f1", "ece")


def run_evaluate(
    model: Path, samples: Path, split: str, output: Path | None, form: Format | None, batch: int, threads: int
) -> int:
    """Score, write the file that was asked for, print the tables."""
    output = output or (STANDARD_OUTPUT if form in FORMATS else None)
    form = output_format(output, form, FORMATS)
    if output is not None:
        check_writable(output)
    recognizer, opened = open_model(model, threads), SampleSet.open(samples)
    require_kept([*model_files(recognizer), *files_below(samples, {})], [output])
    scored = score(recognizer, opened, split, batch)
    summary, groups = summary_table(scored), scored_groups(scored)
    if output is not None:
        save(output, form, recognizer, opened, split, scored)
        print(f"{shown_place(output)}: written", file=sys.stderr)
    screen = console(stderr=output == STANDARD_OUTPUT)
    screen.print(heading(recognizer, opened, split, scored), soft_wrap=True)
    screen.print(on_screen(summary, f"Scores on {len(scored.rows):,} samples", screen.width))
    worst = f"The worst of {len(groups):,} groups (mean over groups {groups['top1'].mean():.2%})"
    screen.print(on_screen(groups.head(WORST_GROUPS), worst, screen.width))
    hardest = scored.classes.drop(columns=["code_points", "predicted", "f1"]).head(WORST_CLASSES)
    screen.print(on_screen(hardest, f"The hardest of {len(scored.classes):,} classes", screen.width))
    return 0


def heading(recognizer: Recognizer, samples: SampleSet, split: str, scored: Scored) -> str:
    """What is compared with what, and what was not scored and why."""
    sources = ", ".join(samples.sources)
    trained = recognizer.manifest.source
    learnt = f", trained on {trained} samples" if trained else ""
    lines = [
        f"model   {shown(recognizer.path)} ({len(recognizer.classes):,} classes{learnt})",
        f"samples {shown(samples.folder)} ({sources}; split {split}: {scored.total:,} samples, "
        f"{len(samples.classes):,} classes, {scored.known_classes:,} of them known to the model)",
    ]
    unknown = int(scored.unknown.sum())
    if unknown:
        lines.append(
            f"not scored: {unknown:,} samples ({unknown / scored.total:.2%}) of {len(scored.unknown):,} classes that "
            f"the model does not know: {told(scored.unknown.items(), SHOWN_UNKNOWN)}"
        )
    if scored.unreadable:
        lines.append(
            f"not scored: {scored.unreadable:,} samples ({scored.unreadable / scored.total:.2%}) without "
            f"{', '.join(recognizer.inputs)}"
        )
    return "\n".join(lines)


def on_screen(table: pd.DataFrame, title: str, width: int) -> Table:
    """Shares as percentages, counts and words as they are; the first column is the key."""
    columns = [
        Column(NAMES.get(name, name.replace("_", " ")), is_key=not place, is_number=is_numeric_dtype(table[name]))
        for place, name in enumerate(table.columns)
    ]
    rows = [[_cell(str(name), value) for name, value in row.items()] for row in table.to_dict("records")]
    return fitted_table(title, columns, rows, width)


def save(path: Path, form: Format, recognizer: Recognizer, samples: SampleSet, split: str, scored: Scored) -> None:
    """CSV: one row a class. JSON: the same, with the scores of all samples, each set and each group."""
    if form == "csv":
        save_table_csv(path, scored.classes.round(DIGITS))
        return
    tables = {"sets": summary_table(scored), "groups": scored_groups(scored), "classes": scored.classes}
    content = {
        "model": shown(recognizer.path.as_posix()),
        "model_classes": len(recognizer.classes),
        "samples": shown(samples.folder.as_posix()),
        "sample_classes": len(samples.classes),
        "known_classes": scored.known_classes,
        "split": split,
        "total": scored.total,
        "scored": len(scored.rows),
        "unknown": {str(label): int(count) for label, count in scored.unknown.items()},
        "unreadable": scored.unreadable,
        **{name: records(table.round(DIGITS)) for name, table in tables.items()},
    }
    save_json(path, content)


def _cell(name: str, value: Any) -> str:
    if not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) else str(value)
    return f"{value:.4f}" if name in AS_NUMBERS else f"{value:.2%}"
