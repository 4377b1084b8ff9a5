"""Experiments side by side: one metric of each, and the parameters in which they differ, as DVC tells them."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from glyphlens.core.errors import InputError
from glyphlens.core.params import flat_params

WORKSPACE, ENDED = "workspace", "success"


class Experiment(NamedTuple):
    """A commit, or an experiment that started from one.

    ``scores`` by names such as ``arabic/phase2:val_top1`` or, of a training's last step, ``kanji/cnn/curves:val_top1``.
    """

    name: str
    is_commit: bool
    params: dict[str, str]  # dotted names → values as text
    scores: dict[str, float]


def read_experiments(content: Any) -> list[Experiment]:
    """What `dvc exp show --json` says of commits and their experiments; the workspace is left out, it is one of them.

    One that waits, runs or failed has no scores: those that DVC shows for it are its commit's. What is no finite number
    (null, NaN) is no score. Raises InputError for content of another shape.
    """
    try:
        return [experiment for entry in content if entry["rev"] != WORKSPACE for experiment in _of_commit(entry)]
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise InputError(f"not what `dvc exp show --json` of DVC 3 writes ({type(error).__name__}: {error})") from error


def metric_named(experiments: Sequence[Experiment], asked: str) -> str:
    """The one metric that ``asked`` means: a whole name, its end (``phase2:val_top1``) or ``val_top1`` alone.

    Raises InputError where none or several do.
    """
    known = sorted({name for experiment in experiments for name in experiment.scores})
    found = [name for name in known if f"/{name}".endswith(f"/{asked}") or name.endswith(f":{asked}")]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"{asked}: which one? {', '.join(found)}")
    raise InputError(f"{asked}: no such metric; there are {', '.join(known) or 'none'}")


def differing_params(experiments: Sequence[Experiment]) -> list[str]:
    """Names of the parameters that are not the same in all, in the order of params.yaml."""
    names = {name: None for experiment in experiments for name in experiment.params}
    return [name for name in names if len({experiment.params.get(name) for experiment in experiments}) > 1]


def _of_commit(entry: Mapping[str, Any]) -> Iterator[Experiment]:
    yield _experiment(entry, is_commit=True)
    for item in entry["experiments"] or []:
        experiment = _experiment(item["revs"][0], is_commit=False)
        has_ended = (item["executor"] or {"state": ENDED})["state"] == ENDED
        yield experiment if has_ended else experiment._replace(scores={})


def _experiment(entry: Mapping[str, Any], *, is_commit: bool) -> Experiment:
    data = entry["data"] or {"params": {}, "metrics": {}}
    params = {
        name: value for file in data["params"].values() for name, value in flat_params(file.get("data", {})).items()
    }
    scores = {
        f"{_source(path)}:{name}": float(value)
        for path, file in (data["metrics"] or {}).items()
        for name, value in file.get("data", {}).items()
        if value is not None and math.isfinite(value)
    }
    return Experiment(entry["name"] or entry["rev"][:7], is_commit, params, scores)


def _source(path: str) -> str:
    """``kanji/cnn/curves`` of metrics/kanji/cnn/curves.json, in older commits models/kanji/cnn/curves/metrics.json."""
    return path.removeprefix("metrics/").removeprefix("models/").removesuffix(".json").removesuffix("/metrics")
