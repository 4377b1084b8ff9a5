"""What a revision says of itself, from what is committed: metrics, parameters, dvc.lock, sizes of files, timings."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from glyphlens.core.documents import json_mapping, yaml_mapping
from glyphlens.core.errors import InputError
from glyphlens.review.locked import LockedStage, locked_stages, with_code
from glyphlens.review.revisions import SHORT_HASH, WORKSPACE, commit_of, files_at
from glyphlens.tracking.timings import LATENCY, SECONDS, timings_in

# Curves lie a folder deeper, timings beside the folders; ablations are tables of many runs.
METRICS = re.compile(r"metrics/(?!ablations/)[^/]+/[^/]+\.json")
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


FIRST_HEADING = "file"
NUMBER = re.compile(r"\d+(?:\.\d+)?")


def card_numbers(card: str) -> dict[str, dict[str, float]]:
    """Numbers of a card's table of files, by file and column (``MB``; in older cards latencies too); {} without one."""
    rows = _rows(card)
    heading = next((row for row in rows if row[0] == FIRST_HEADING), None)
    if heading is None:
        return {}
    found: dict[str, dict[str, float]] = {}
    for row in islice(rows, 1, None):  # behind the rule under the heading
        if len(row) != len(heading) or not row[0].startswith("`"):
            break
        cells = zip(heading[1:], row[1:], strict=True)
        found[row[0].strip("`")] = {name: float(cell) for name, cell in cells if NUMBER.fullmatch(cell)}
    return found


def timing_numbers(content: Mapping[str, Any], where: str) -> dict[str, dict[str, float]]:
    """By stage, ``seconds`` of trainings and ``int8 ms, batch 64`` of files; raises InputError for another form."""
    found: dict[str, dict[str, float]] = {}
    for stage, entry in timings_in(content, where).items():
        seconds = {SECONDS: entry[SECONDS]} if SECONDS in entry else {}
        files = entry.get(LATENCY, {}).items()
        times = {f"{kind} ms, batch {batch}": ms for kind, by_batch in files for batch, ms in by_batch.items()}
        found[stage] = {**seconds, **times}
    return found


def _rows(card: str) -> Iterator[list[str]]:
    for line in card.splitlines():
        yield [cell.strip() for cell in line.strip().strip("|").split("|")]
