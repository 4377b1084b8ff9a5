"""Learning curves as DVCLive leaves them: a folder with one table of steps and values for every name."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from glyphlens.core.errors import InputError

CURVES, TRAINING = "curves", "training.json"  # beside a model's weights: a folder, and how its training went
TABLES = "plots/metrics/*.tsv"


def read_curves(folder: Path) -> pd.DataFrame:
    """Every logged value: columns step (int), name (str), value (float), sorted by name, then step.

    ``folder`` holds ``plots/metrics/<name>.tsv``, tables with the columns ``step`` and ``<name>``; a value that was
    logged as nan or inf is one here too. Raises InputError, naming file and line, for a folder without such a table, a
    table without a value, and anything that is no table.
    """
    files = sorted(folder.glob(TABLES))
    if not files:
        raise InputError(f"{folder}: no learning curves there, expected {TABLES}; run `dvc repro` again")
    table = pd.DataFrame((point for file in files for point in _points(file)), columns=["step", "name", "value"])
    return table.sort_values(["name", "step"], kind="stable", ignore_index=True)


def last_values(curves: pd.DataFrame) -> dict[str, float]:
    """The last value of every name in a table as ``read_curves`` gives it."""
    last = curves.sort_values("step", kind="stable").groupby("name")["value"].last()
    return {str(name): float(value) for name, value in last.items()}


def _points(file: Path) -> Iterator[tuple[int, str, float]]:
    header, *lines = _lines(file)
    if header != f"step\t{file.stem}":
        raise InputError(f"{file}: line 1: {header!r:.60} instead of the columns 'step' and '{file.stem}'")
    if not lines:
        raise InputError(f"{file}: line 2: missing, no value was logged; run `dvc repro` again")
    for number, line in enumerate(lines, start=2):
        try:
            step, value = line.split("\t")
            yield int(step), file.stem, float(value)
        except ValueError as error:
            raise InputError(f"{file}: line {number}: {line!r:.60} is not a step and a number") from error


def _lines(file: Path) -> list[str]:
    """At least one line, which may be empty."""
    try:
        return file.read_text(encoding="utf-8").splitlines() or [""]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: not a readable table ({error}); run `dvc repro` again") from error
