"""``glyphlens evaluate``: how often a model is right on a sample set, its own or another one."""

import sys
from pathlib import Path
from typing import Any

import pandas as pd
from rich import box
from rich.table import Table

from glyphlens.commands.model import open_model
from glyphlens.commands.output import check_writable
from glyphlens.commands.scoring import Scored, group_table, score, summary_table, told
from glyphlens.commands.screen import console
from glyphlens.errors import InputError
from glyphlens.evaluation.tables import records
from glyphlens.inference import Recognizer
from glyphlens.samples import SampleSet
from glyphlens.storage import save_json, save_table_csv

SUFFIXES = (".csv", ".json")
WORST_GROUPS, WORST_CLASSES, SHOWN_UNKNOWN = 8, 8, 12
DIGITS = 6
NAMES = {
    "top1": "top-1", "top5": "top-5", "shape1": "same shape", "among": "top-1 among the set's classes",
    "macro_f1": "macro-F1", "ece": "ECE",
}  # fmt: skip
AS_NUMBERS = ("macro_f1", "ece")


def run_evaluate(model: Path, samples: Path, split: str, output: Path | None, batch: int, threads: int) -> int:
    """Score, print the tables, write the file that was asked for."""
    if output is not None:
        if output.suffix.lower() not in SUFFIXES:
            raise InputError(f"{output}: which format? Name the file .csv (one row a class) or .json (everything)")
        check_writable(output)
    recognizer, opened = open_model(model, threads), SampleSet.open(samples)
    scored = score(recognizer, opened, split, batch)
    summary, groups = summary_table(scored), group_table(scored)
    screen = console()
    screen.print(heading(recognizer, opened, split, scored), soft_wrap=True)
    screen.print(on_screen(summary, f"Scores on {len(scored.rows):,} samples"))
    worst = f"The worst of {len(groups):,} groups (mean over groups {groups['top1'].mean():.2%})"
    screen.print(on_screen(groups.head(WORST_GROUPS), worst))
    hardest = scored.classes.drop(columns=["code_points", "predicted", "f1"]).head(WORST_CLASSES)
    screen.print(on_screen(hardest, f"The hardest of {len(scored.classes):,} classes"))
    if output is not None:
        save(output, recognizer, opened, split, scored)
        print(f"{output}: written", file=sys.stderr)
    return 0


def heading(recognizer: Recognizer, samples: SampleSet, split: str, scored: Scored) -> str:
    """What is compared with what, and what was not scored and why."""
    sources = ", ".join(sorted(samples.index["source"].astype(str).unique()))
    trained = recognizer.description.get("source")
    learnt = f", trained on {trained} samples" if trained else ""
    lines = [
        f"model   {recognizer.path} ({len(recognizer.classes):,} classes{learnt})",
        f"samples {samples.folder} ({sources}; split {split}: {scored.total:,} samples, {len(samples.classes):,} "
        f"classes, {scored.known_classes:,} of them known to the model)",
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


def on_screen(table: pd.DataFrame, title: str) -> Table:
    """Shares as percentages, counts and words as they are."""
    shown = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for name in table.columns:
        is_text = not pd.api.types.is_numeric_dtype(table[name])
        shown.add_column(NAMES.get(name, name.replace("_", " ")), justify="left" if is_text else "right")
    for row in table.to_dict("records"):
        shown.add_row(*(_cell(str(name), value) for name, value in row.items()))
    return shown


def save(path: Path, recognizer: Recognizer, samples: SampleSet, split: str, scored: Scored) -> None:
    """CSV: one row a class. JSON: the same, with the scores of all samples, each set and each group."""
    if path.suffix.lower() == ".csv":
        save_table_csv(path, scored.classes.round(DIGITS))
        return
    tables = {"sets": summary_table(scored), "groups": group_table(scored), "classes": scored.classes}
    content = {
        "model": recognizer.path.as_posix(),
        "model_classes": len(recognizer.classes),
        "samples": samples.folder.as_posix(),
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
