"""Where dvc.lock no longer fits dvc.yaml, the code, the parameters or the committed metrics: seen without data.

`dvc status` compares the same, but calls all data that is not there a change, and waits for a running `dvc repro`.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from glyphlens.errors import InputError
from glyphlens.review.documents import ABSENT, differences, yaml_mapping
from glyphlens.review.locked import LockedStage, locked_stages
from glyphlens.review.pipeline import DeclaredStage, declared_stages, value_at
from glyphlens.review.revisions import files_at
from glyphlens.review.snapshot import LOCK, PARAMS

GRAPH = "dvc.yaml"
DECLARED = "declared in dvc.yaml"


@dataclass(frozen=True)
class Drift:
    """Something a stage read, ran or wrote that is not as recorded; ABSENT where a side has nothing."""

    stage: str
    what: str
    recorded: Any
    actual: Any


def find_drift(root: Path) -> list[Drift]:
    """What does not fit in the workspace, stage by stage in dvc.yaml's order; raises InputError on a broken file."""
    files = files_at(root, None, {GRAPH, LOCK, PARAMS}.__contains__)
    if missing := sorted({GRAPH, LOCK, PARAMS} - set(files)):
        raise InputError(f"{missing[0]}: not in the repository at {root}; write dvc.lock with `dvc repro`")
    params = yaml_mapping(files[PARAMS], PARAMS)
    declared = declared_stages(yaml_mapping(files[GRAPH], GRAPH), params)
    named = {path for stage in declared.values() for path in (*stage.deps, *stage.outs)}
    contents = files_at(root, None, lambda path: bool(named & _places(path)))
    return list(drifts(declared, locked_stages(files[LOCK], LOCK), hashes_of(named, contents), params))


def drifts(
    declared: Mapping[str, DeclaredStage],
    locked: Mapping[str, LockedStage],
    hashes: Mapping[str, str],
    params: Mapping[str, Any],
) -> Iterator[Drift]:
    """What is not as recorded; ``hashes``: DVC's, of every path in git. Other data is as its stage recorded it."""
    written = {path: locked[name].outs.get(path) for name in declared if name in locked for path in declared[name].outs}
    for name, stage in declared.items():
        if name not in locked:
            yield Drift(name, LOCK, ABSENT, DECLARED)
            continue
        record = locked[name]
        recorded = {"command": record.command, **record.deps, **record.outs, **record.params}
        current = {"command": stage.command}
        current |= {path: _now(path, hashes, written, recorded) for path in (*stage.deps, *stage.outs)}
        current |= {section: _section(params, section) for section in stage.params}
        # Like DVC: what a stage no longer declares does not run it again.
        for found in differences({key: recorded[key] for key in current if key in recorded}, current):
            yield Drift(name, *found)


def _now(path: str, hashes: Mapping[str, str], written: Mapping[str, str | None], recorded: Mapping[str, Any]) -> Any:
    """The hash in git, else that of the stage that writes it; a folder of several outputs is taken as recorded."""
    if known := hashes.get(path) or written.get(path):
        return known
    is_data = any(path in _places(out) or out in _places(path) for out in written)
    return recorded.get(path, DECLARED) if is_data else ABSENT


def hashes_of(paths: Iterable[str], contents: Mapping[str, bytes]) -> dict[str, str]:
    """DVC's hash of every path that is a file, or a folder of files, in ``contents``.

    The MD5 of a file's bytes; of a folder the MD5 of its listing, as dvc_data/hashfile/tree.py writes it.
    """
    md5 = {path: hashlib.md5(content, usedforsecurity=False).hexdigest() for path, content in contents.items()}
    return {path: md5[path] if path in md5 else _folder_hash(path, md5) for path in paths if _is_there(path, md5)}


def _folder_hash(folder: str, md5: Mapping[str, str]) -> str:
    inside = sorted((path.removeprefix(f"{folder}/"), md5[path]) for path in md5 if path.startswith(f"{folder}/"))
    listing = json.dumps([{"md5": hash, "relpath": path} for path, hash in inside])
    return f"{hashlib.md5(listing.encode(), usedforsecurity=False).hexdigest()}.dir"


def _is_there(path: str, md5: Mapping[str, str]) -> bool:
    return path in md5 or any(name.startswith(f"{path}/") for name in md5)


def _places(path: str) -> set[str]:
    """A path and every folder that it lies in."""
    return {path, *map(str, PurePosixPath(path).parents)}


def _section(params: Mapping[str, Any], section: str) -> Any:
    try:
        return value_at(params, section)
    except (KeyError, TypeError):
        return ABSENT
