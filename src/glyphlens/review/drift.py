"""Where dvc.lock no longer fits dvc.yaml, the code, the parameters, the committed metrics or the sources of data.

`dvc status` compares the same, but calls all data that is not there a change, and waits for a running `dvc repro`.
Sources are what stages read and none writes. They are taken as DVC sees them, with what git ignores; in a clone without
data, where such files are missing, as recorded, but for those that `dvc add` tells of.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import getitem
from pathlib import Path, PurePosixPath
from typing import Any

from glyphlens.core.documents import ABSENT, differences, yaml_mapping
from glyphlens.core.errors import InputError
from glyphlens.core.storage import hash_file
from glyphlens.provenance.closures import CODE_STAGE, SourceTree, code_file
from glyphlens.provenance.pipeline import GRAPH, DeclaredStage, declared_stages
from glyphlens.review.locked import LockedStage, locked_stages
from glyphlens.review.revisions import files_at, ignores, names_in
from glyphlens.review.snapshot import LOCK, PARAMS

DECLARED = "declared in dvc.yaml"
PACKAGE = "src/glyphlens"


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
    declared = declared_stages(root)
    locked = locked_stages(files[LOCK], LOCK)
    sources = _sources(declared)
    made = {path for stage in declared.values() for path in (*stage.deps, *stage.outs)} - sources
    contents = files_at(root, None, lambda path: bool(made & _places(path)))
    hashes = hashes_of(made, contents)
    runs = [(stage, locked[name]) for name, stage in declared.items() if name in locked]
    hashes |= _source_hashes(root, sources, runs)
    listings = _listings(root, declared)
    return [
        *_code_drifts(listings, contents),
        *drifts(declared, locked, hashes | hashes_of(listings, listings), params),
    ]


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


def _sources(declared: Mapping[str, DeclaredStage]) -> set[str]:
    """What stages read and none writes, neither it nor a part of it."""
    outs = {place for stage in declared.values() for out in stage.outs for place in _places(out)}
    written = {out for stage in declared.values() for out in stage.outs}
    return {dep for stage in declared.values() for dep in stage.deps if dep not in outs and not written & _places(dep)}


def _source_hashes(root: Path, sources: set[str], runs: Iterable[tuple[DeclaredStage, LockedStage]]) -> dict[str, str]:
    """Of every source the hash of what is there, or the recorded one where files are missing from a clone without data.

    There has to be more in the record, in a place where git ignores files, and no output of the stage that read it.
    """
    md5 = _md5_of_sources(root, sources)
    hashes = _hashes_by_path(sources, md5)
    for stage, record in runs:
        for path in sources & record.files.keys():
            count = sum(path in _places(name) for name in md5)
            if count < record.files[path] and ignores(root, f"{path}/file") and _is_bare(root, stage):
                hashes[path] = record.deps[path]
    return hashes


def _is_bare(root: Path, stage: DeclaredStage) -> bool:
    """Whether nothing is there of what the stage writes and git does not have."""
    return not any((root / out).exists() and ignores(root, out) for out in stage.outs)


def _md5_of_sources(root: Path, sources: set[str]) -> dict[str, str]:
    """Of every file as DVC sees it, and of those that are not there but that a ``.dvc`` file beside them names."""
    names = names_in(root, sources)
    md5: dict[str, str] = {}
    for note in (name for name in names if name.endswith(".dvc")):
        outs = yaml_mapping((root / note).read_bytes(), note).get("outs", [])
        added = {(PurePosixPath(note).parent / out["path"]).as_posix(): str(out.get("md5", ".dir")) for out in outs}
        md5 |= {path: known for path, known in added.items() if not known.endswith(".dir")}
    for name in names:
        try:
            md5[name] = hash_file(root / name, "md5")
        except InputError as error:
            raise InputError(f"{name}: cannot be read, by DVC neither; remove it or mend the link") from error
    return md5


def _listings(root: Path, declared: Mapping[str, DeclaredStage]) -> dict[str, bytes]:
    """What the stage ``code`` would write now, by path; nothing where the graph has no such stage."""
    if CODE_STAGE not in declared:
        return {}
    tree = SourceTree(root / PACKAGE)
    return {code_file(name).as_posix(): tree.listing(name).encode() for name in declared if name != CODE_STAGE}


def _code_drifts(listings: Mapping[str, bytes], contents: Mapping[str, bytes]) -> Iterator[Drift]:
    """Listings in git that are not those of the code."""
    recorded, current = hashes_of(listings, contents), hashes_of(listings, listings)
    for path in listings:
        if recorded.get(path) != current[path]:
            yield Drift(CODE_STAGE, path, recorded.get(path, ABSENT), current[path])


def hashes_of(paths: Iterable[str], contents: Mapping[str, bytes]) -> dict[str, str]:
    """DVC's hash of every path that is a file, or a folder of files, in ``contents``.

    The MD5 of a file's bytes; of a folder the MD5 of its listing, as dvc_data/hashfile/tree.py writes it.
    """
    md5 = {path: hashlib.md5(content, usedforsecurity=False).hexdigest() for path, content in contents.items()}
    return _hashes_by_path(paths, md5)


def _hashes_by_path(paths: Iterable[str], md5: Mapping[str, str]) -> dict[str, str]:
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
        return reduce(getitem, section.split("."), params)
    except (KeyError, TypeError):
        return ABSENT
