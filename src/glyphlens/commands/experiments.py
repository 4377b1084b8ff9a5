"""``glyphlens experiments``: a sweep as a table, best first, and as a picture."""

import json
import subprocess
import sys
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from rich.table import Table

from glyphlens.commands.output import check_picture, shown_place
from glyphlens.commands.screen import Column, console, fitted_table
from glyphlens.core.errors import InputError
from glyphlens.core.metric_names import better_sign
from glyphlens.core.storage import STANDARD_OUTPUT
from glyphlens.evaluation.experiments import Experiment, differing_params, metric_named, read_experiments

SHOW = ("exp", "show", "--json")
ABSENT = "–"


def run_experiments(asked: str, only: str | None, source: str | None, output: Path | None) -> int:
    """Print the experiments that have the metric, best first, and draw them; 1 where none is of the names asked for.

    ``only``: a pattern for the names of experiments; their commits stay. ``source``: a file with the output of
    `dvc exp show --json`, ``-`` for standard input, None to run it. Raises InputError where that fails, where no single
    metric is meant, and where there is nothing to draw.
    """
    if output:
        check_picture(output)
    found = read_experiments(_content(source))
    experiments = [entry for entry in found if entry.is_commit or fnmatchcase(entry.name, only or "*")]
    if only is not None and all(entry.is_commit for entry in experiments):
        names = ", ".join(entry.name for entry in found if not entry.is_commit)
        print(f"glyphlens: --only {only}: no experiment of that name; there are {names or 'none'}", file=sys.stderr)
        return 1
    metric = metric_named(experiments, asked)
    scored = _best_first(experiments, metric)
    params = differing_params(scored)
    screen = console(stderr=output == STANDARD_OUTPUT)
    try:
        if output:
            _draw(output, scored, params, metric)
    finally:
        screen.print(_table(scored, params, metric, screen.width))
    without = [experiment.name for experiment in experiments if metric not in experiment.scores]
    if without:
        screen.print(f"without a number for it, because they wait, run, failed or got none: {', '.join(without)}")
    if output:
        screen.print(f"{shown_place(output)}: {len(scored)} experiments", soft_wrap=True)
    return 0


def _content(source: str | None) -> Any:
    """What DVC says of the experiments."""
    try:
        return json.loads(_shown() if source is None else _read(source))
    except json.JSONDecodeError as error:
        raise InputError(f"{source or 'dvc'}: not JSON ({error}); write it with `dvc {' '.join(SHOW)}`") from error


def _shown() -> str:
    """The output of DVC, asked now."""
    answer = subprocess.run([sys.executable, "-m", "dvc", *SHOW], capture_output=True, text=True, check=False)
    if answer.returncode:
        raise InputError(f"dvc {' '.join(SHOW)}: {'; '.join(answer.stderr.strip().splitlines())}")
    return answer.stdout


def _read(source: str) -> str:
    try:
        return sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{source}: cannot be read ({error})") from error


def _best_first(experiments: Sequence[Experiment], metric: str) -> list[Experiment]:
    """Those that have the metric; more of it is better where nothing else is known."""
    sign = better_sign(metric.rpartition(":")[2]) or 1
    scored = [experiment for experiment in experiments if metric in experiment.scores]
    return sorted(scored, key=lambda experiment: sign * experiment.scores[metric], reverse=True)


def _table(experiments: Sequence[Experiment], names: Sequence[str], metric: str, width: int) -> Table:
    numbers = (Column(name, is_number=True) for name in (metric.rpartition(":")[2], *names))
    rows = []
    for experiment in experiments:
        title = f"{experiment.name} (commit)" if experiment.is_commit else experiment.name
        rows.append([title, f"{experiment.scores[metric]:g}", *_values(experiment, names)])
    return fitted_table(f"{metric}, best first", [Column("experiment", is_key=True), *numbers], rows, width)


def _draw(output: Path, experiments: Sequence[Experiment], names: Sequence[str], metric: str) -> None:
    from glyphlens.evaluation.experiment_chart import Line, plot_experiments

    if len(experiments) < 2 or not names:
        raise InputError(f"{metric}: {len(experiments)} with it, differing in {len(names)} parameters; nothing to draw")
    lines = [Line(entry.name, _values(entry, names), entry.scores[metric]) for entry in experiments]
    plot_experiments(output, names, lines, metric)


def _values(experiment: Experiment, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(experiment.params.get(name, ABSENT) for name in names)
