"""docs/ABLATIONS.md: every queue with its question, table, picture and what it means for the defaults."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

from glyphlens.core.params import flat_params
from glyphlens.evaluation.ablations import AblationQueue, Result, Run, Runs, column_heads, half_width, results

ABSENT = "–"
HEAD = """# Ablations

What single decisions are worth. Each table is a queue of short trainings, described in a file of `experiments/`; every
training of a queue has the same budget, much smaller than that of the default run: numbers are compared within a table,
not with those of `metrics/`. Choices are made on validation samples alone. A queue whose metric is of the test measures
what was chosen before, and chooses nothing.

```
glyphlens ablate                                     # runs what is missing or had other code or parameters; resumes
glyphlens ablate experiments/NAME.yaml               # one queue alone
glyphlens ablate --queue && dvc queue start          # through DVC's own queue …
glyphlens ablations                                  # … and what it came to: tables, pictures, this page
```

`±` is half of a 95 % interval over seeds (Student's t); a gain is paired by seed. With one seed there is no interval,
and a small difference says nothing. `commit`: whose code and parameters a training ran with, but for the budget and the
changes.
"""


def ablation_page(queues: Mapping[str, tuple[AblationQueue, Runs]]) -> str:
    """The page, Markdown; ``queues`` by name, with the runs that there are."""
    parts = [_part(name, queue, runs) for name, (queue, runs) in queues.items()]
    return "\n".join([HEAD, *parts])


def _part(name: str, queue: AblationQueue, runs: Runs) -> str:
    found = results(queue, runs)
    budget = ", ".join(f"`{key}={value}`" for key, value in flat_params(queue.budget).items())
    lines = [f"## {queue.title}", "", queue.question.strip(), ""]
    lines += [f"Queue `experiments/{name}.yaml`, stages {', '.join(f'`{stage}`' for stage in queue.stages)}, {budget}."]
    lines.append("")
    if found:
        lines += [*_table(queue, runs, found), ""]
    if missing := _missing(queue, runs):
        lines += [f"Not run yet: {', '.join(missing)}.", ""]
    if found:
        lines += [f"![{queue.title}](ablations/{name}.png)", ""]
    return "\n".join([*lines, *([queue.answer.strip(), ""] if queue.answer else [])])


def _table(queue: AblationQueue, runs: Runs, found: Sequence[Result]) -> Iterator[str]:
    """A row for every variant that has been run, in the queue's order."""
    metric, *beside = (f"`{head}`" for head in column_heads(queue.numbers))
    heads = ("variant", "changes", metric, f"gain over `{queue.baseline}`", *beside, "seeds", "commit")
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for result in found:
        own = runs[result.variant].values()
        commits = sorted({run.commit for run in own})
        seeds = " ".join(map(str, sorted(result.values)))
        cells = (
            f"`{result.variant}`", _changes(queue.variants[result.variant]), _number(result.mean, result.spread),
            _number(result.gain, result.gain_spread, sign="+"), *(_beside(number, own) for number in queue.beside),
            seeds, " ".join(commits),
        )  # fmt: skip
        yield f"| {' | '.join(cells)} |"


def _beside(number: str, runs: Collection[Run]) -> str:
    """A mean over all seeds or none: over some of them it would not be of the seeds that the row names."""
    values = [run.beside[number] for run in runs if number in run.beside]
    return _number(fmean(values), half_width(values)) if len(values) == len(runs) else ABSENT


def _missing(queue: AblationQueue, runs: Runs) -> list[str]:
    return [
        f"`{variant}`" + (f" (seed {seed})" if len(queue.seeds) > 1 else "")
        for variant in queue.variants
        for seed in queue.seeds
        if seed not in runs.get(variant, {})
    ]


def _changes(changes: Mapping[str, Any]) -> str:
    """By their last names: the whole ones stand in the queue."""
    return ", ".join(f"`{key.rpartition('.')[2]}={value}`" for key, value in flat_params(changes).items()) or ABSENT


def _number(value: float | None, spread: float | None, sign: str = "") -> str:
    if value is None:
        return ABSENT
    return f"{value:{sign}.4f}" + ("" if spread is None else f" ± {spread:.4f}")
