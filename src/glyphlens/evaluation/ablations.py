"""Ablations: the variants of a training that a committed queue names, and what each of them came to.

A queue is a file of its own, ``experiments/<name>.yaml``; its results are metrics/ablations/<name>.json.
"""

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from statistics import fmean, stdev
from typing import Annotated, Any, NamedTuple

from pydantic import Field, ValidationError

from glyphlens.core.documents import json_mapping, yaml_mapping
from glyphlens.core.errors import InputError
from glyphlens.core.params import Section, section_in

CONFIDENCE = 0.95  # of the intervals over seeds
DIGITS = 4
Name = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
Number = Annotated[str, Field(pattern=r"^metrics/.+\.json:\w+$")]  # the file and the number in it, behind a colon


class AblationQueue(Section):
    """Trainings that differ in a few parameters, each with the same small budget.

    ``stages`` run one after the other, and nothing before them. ``metric``: the number that variants are compared by;
    ``beside``: further ones that are shown with it. ``budget`` and ``variants``: parameters by dotted name; the first
    variant is what the others are held against. ``axis``: a parameter with a number in every variant, for a curve over
    it; ``published``: curves of others over the same axis, by name, of other data. ``answer``: what the results mean
    for the defaults.
    """

    title: str
    question: str
    answer: str = ""
    stages: list[str] = Field(min_length=1)
    metric: Number
    beside: list[Number] = Field(default_factory=list)
    seeds: list[int] = Field(min_length=1)
    budget: dict[str, Any]
    variants: dict[Name, dict[str, Any]] = Field(min_length=2)
    axis: str | None = None
    published: dict[str, Annotated[dict[int, float], Field(min_length=1)]] = Field(default_factory=dict)

    @property
    def numbers(self) -> list[str]:
        """All that is kept of a run: the metric, then what stands beside it."""
        return [self.metric, *self.beside]

    @property
    def metric_name(self) -> str:
        """The metric's name in its file."""
        return file_and_name(self.metric)[1]

    @property
    def baseline(self) -> str:
        """The variant that the others are held against."""
        return next(iter(self.variants))

    def changes(self, variant: str, seed: int) -> dict[str, Any]:
        """Every parameter that a run sets, by dotted name."""
        return {"seed": seed, **self.budget, **self.variants[variant]}


class Run(Section):
    """What one training came to; ``settings``: the hash of its code and parameters (`settings_hash`).

    ``beside``: further numbers, named as in the queue; fewer than it asks for where they were collected before.
    """

    value: float
    commit: str
    settings: str
    beside: dict[str, float] = Field(default_factory=dict)


Runs = dict[str, dict[int, Run]]  # by variant and seed


class Result(NamedTuple):
    """A variant over its seeds; half-widths of 95 % intervals, None with fewer than two seeds.

    ``gain``: the mean difference from the baseline over the seeds that both have; None for the baseline itself.
    """

    variant: str
    values: dict[int, float]
    mean: float
    spread: float | None
    gain: float | None
    gain_spread: float | None


def read_queue(path: Path) -> AblationQueue:
    """The queue of a file; raises InputError that names each key at fault."""
    try:
        content = yaml_mapping(path.read_bytes(), str(path))
        queue = AblationQueue.model_validate(content)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise InputError(f"{path}: {'; '.join(faults)}") from error
    if axis := queue.axis:
        without = [name for name, changes in queue.variants.items() if not isinstance(changes.get(axis), int | float)]
        if without:
            raise InputError(f"{path}: axis: {', '.join(without)} set no number for {axis}")
    if twice := [number for number, count in Counter(queue.numbers).items() if count > 1]:
        raise InputError(f"{path}: beside: {', '.join(twice)} named twice")
    return queue


def file_and_name(number: str) -> tuple[str, str]:
    """The two parts of a number of a queue.

    >>> file_and_name("metrics/a/evaluate.json:top1")
    ('metrics/a/evaluate.json', 'top1')
    """
    file, _, name = number.partition(":")
    return file, name


def column_heads(numbers: Sequence[str]) -> list[str]:
    """The shortest of a number's forms that no other number shares: name, file stem with name, the whole.

    >>> column_heads(["metrics/a/evaluate.json:top1", "metrics/a/slices.json:top1", "metrics/a/slices.json:top5"])
    ['evaluate:top1', 'slices:top1', 'top5']
    """
    parts = [file_and_name(number) for number in numbers]
    forms = [(name, f"{Path(file).stem}:{name}") for file, name in parts]
    counts = Counter(form for both in forms for form in both)
    return [
        next((form for form in both if counts[form] == 1), number) for both, number in zip(forms, numbers, strict=True)
    ]


def with_changes(params: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """``params`` with the dotted names set; raises InputError for a name that it does not have.

    >>> with_changes({"a": {"b": 1}, "c": 2}, {"a.b": 3})
    {'a': {'b': 3}, 'c': 2}
    """
    changed = deepcopy(dict(params))
    for name, value in changes.items():
        section, _, key = name.rpartition(".")
        holder = section_in(changed, section) if section else changed
        if not isinstance(holder, dict) or key not in holder:
            raise InputError(f"params.yaml has no {name}")
        holder[key] = value
    return changed


def settings_hash(params: Mapping[str, Any], sections: Iterable[str], listings: Iterable[bytes]) -> str:
    """Names what a run was made from: the values of these sections of params.yaml and the listings of its code."""
    values = {section: section_in(params, section) for section in sections}
    digest = hashlib.sha256(json.dumps(values, sort_keys=True, ensure_ascii=False).encode())
    for listing in listings:
        digest.update(hashlib.sha256(listing).digest())
    return digest.hexdigest()[:16]


def read_runs(path: Path) -> Runs:
    """The runs of a committed table; none where there is no file. Raises InputError where it has another form."""
    if not path.is_file():
        return {}
    try:
        variants = json_mapping(path.read_bytes(), str(path))["variants"]
        return {
            name: {int(seed): Run.model_validate(run) for seed, run in entry["runs"].items()}
            for name, entry in variants.items()
        }
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(f"{path}: not a table of ablations ({type(error).__name__}: {error})") from error


def updated_runs(table: Path, queue: AblationQueue, found: Runs) -> Runs:
    """Those of a committed table and the newly found ones; errors as for ``read_runs``."""
    return merged_runs(queue, read_runs(table), found)


def merged_runs(queue: AblationQueue, earlier: Runs, found: Runs) -> Runs:
    """Runs of the queue's variants and seeds, the newly found ones in the place of earlier ones."""
    return {
        variant: {
            seed: run
            for seed in queue.seeds
            if (run := found.get(variant, {}).get(seed) or earlier.get(variant, {}).get(seed))
        }
        for variant in queue.variants
    }


def results(queue: AblationQueue, runs: Runs) -> list[Result]:
    """The variants that have a run, in the queue's order."""
    values = {variant: {seed: run.value for seed, run in of_seeds.items()} for variant, of_seeds in runs.items()}
    return list(_results(queue, values))


def _results(queue: AblationQueue, values: Mapping[str, Mapping[int, float]]) -> Iterator[Result]:
    base = values.get(queue.baseline, {})
    for variant in queue.variants:
        own = dict(values.get(variant, {}))
        if not own:
            continue
        differences = [value - base[seed] for seed, value in own.items() if seed in base]
        is_held = variant != queue.baseline and differences
        yield Result(
            variant,
            own,
            fmean(own.values()),
            half_width(list(own.values())),
            fmean(differences) if is_held else None,
            half_width(differences) if is_held else None,
        )


def half_width(values: Sequence[float]) -> float | None:
    """Of the 95 % interval of the mean by Student's t; None for fewer than two values.

    >>> half_width([0.5]), round(half_width([0.5, 0.6, 0.7]), 4)
    (None, 0.2484)
    """
    from scipy.stats import t

    if len(values) < 2:
        return None
    quantile = float(t.ppf((1 + CONFIDENCE) / 2, len(values) - 1))
    return quantile * stdev(values) / math.sqrt(len(values))


def table_content(queue: AblationQueue, runs: Runs) -> dict[str, Any]:
    """What metrics/ablations/<name>.json holds: how the numbers were had, and of every variant its runs and mean."""
    of_variants = {result.variant: result for result in results(queue, runs)}
    variants = {}
    for variant, changes in queue.variants.items():
        entry: dict[str, Any] = {"changes": changes, "runs": {}}
        if variant in of_variants:
            entry["runs"] = {
                str(seed): run.model_dump(exclude_defaults=True) for seed, run in sorted(runs[variant].items())
            }
            entry |= _rounded(of_variants[variant])
        variants[variant] = entry
    return {"metric": queue.metric, "stages": queue.stages, "budget": queue.budget, "variants": variants}


def _rounded(result: Result) -> dict[str, float]:
    numbers = {name: getattr(result, name) for name in ("mean", "spread", "gain", "gain_spread")}
    return {name: round(number, DIGITS) for name, number in numbers.items() if number is not None}


def ablation_name(path: Path) -> str:
    """The queue's name, by which its table, picture and experiments are called; raises InputError for an odd one."""
    if not re.fullmatch(r"[a-z0-9_]+", path.stem):
        raise InputError(f"{path}: a queue's name has small letters, digits and _ only")
    return path.stem
