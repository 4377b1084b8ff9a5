"""What a revision says of itself: metrics, parameters, dvc.lock and model cards, from what is committed."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glyphlens.core.documents import json_mapping, yaml_mapping
from glyphlens.core.errors import InputError
from glyphlens.review.cards import card_numbers, timing_numbers
from glyphlens.review.locked import LockedStage, locked_stages, with_code
from glyphlens.review.revisions import SHORT_HASH, WORKSPACE, commit_of, files_at

METRICS = re.compile(r"metrics/[^/]+/[^/]+\.json")  # curves lie a folder deeper, timings beside the folders
CARD = re.compile(r"models/.+/release/README\.md")
LISTING = re.compile(r"code/[^/]+\.txt")
PARAMS, LOCK, TIMINGS = "params.yaml", "dvc.lock", "metrics/timings.json"


@dataclass(frozen=True)
class Snapshot:
    """One side of a comparison; numbers by file and name, stages by name, parameters as in params.yaml.

    ``exports``: sizes of the released files, and by stage what was timed.
    """

    name: str
    metrics: dict[str, dict[str, float]]
    params: dict[str, Any]
    stages: dict[str, LockedStage]
    exports: dict[str, dict[str, float]]


def snapshot(root: Path, revision: str | None) -> Snapshot:
    """The snapshot of a branch, tag or commit; None is the workspace.

    Raises InputError where the revision is unknown, has no metrics, or a file of it cannot be read.
    """
    commit = None if revision is None else commit_of(root, revision)
    name = commit[:SHORT_HASH] if commit else WORKSPACE
    files = files_at(root, commit, _is_wanted)
    metrics = {path: _numbers(files[path], f"{name}:{path}") for path in files if METRICS.fullmatch(path)}
    if not metrics:
        raise InputError(f"{name}: no metrics/*.json there, nothing to compare; name a revision that has run the graph")
    cards = [card_numbers(files[path].decode(errors="replace")) for path in files if CARD.fullmatch(path)]
    if TIMINGS in files:
        cards.append(timing_numbers(json_mapping(files[TIMINGS], f"{name}:{TIMINGS}"), f"{name}:{TIMINGS}"))
    return Snapshot(
        name=name,
        metrics=metrics,
        params=yaml_mapping(files[PARAMS], f"{name}:{PARAMS}") if PARAMS in files else {},
        stages=with_code(locked_stages(files[LOCK], f"{name}:{LOCK}"), files) if LOCK in files else {},
        exports={file: numbers for card in cards for file, numbers in card.items()},
    )


def _is_wanted(path: str) -> bool:
    return path in (PARAMS, LOCK, TIMINGS) or any(pattern.fullmatch(path) for pattern in (METRICS, CARD, LISTING))


def _numbers(content: bytes, where: str) -> dict[str, float]:
    metrics = json_mapping(content, where)
    for name, value in metrics.items():
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise InputError(f"{where}: metric '{name}' is {value!r}, not a number; write it again with `dvc repro`")
    return metrics
