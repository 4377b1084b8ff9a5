"""dvc.lock as it is compared: what each stage ran, read and wrote, and between two of them which stages ran and why."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import BaseModel, ValidationError

from glyphlens.core.documents import differences, yaml_mapping
from glyphlens.core.errors import InputError
from glyphlens.provenance.closures import code_file, listed


@dataclass(frozen=True)
class LockedStage:
    """What DVC recorded of one stage's last run; ``params`` by section, as dvc.yaml declares them."""

    command: str
    deps: dict[str, str]
    params: dict[str, Any]
    outs: dict[str, str]
    files: dict[str, int] = field(default_factory=dict, compare=False)  # in each folder that it read


class _File(BaseModel):
    path: str
    md5: str
    nfiles: int | None = None


class _Stage(BaseModel):
    cmd: Any  # text, or a list of it
    deps: list[_File] = []
    params: dict[str, dict[str, Any]] = {}
    outs: list[_File] = []


class _Lock(BaseModel):
    stages: dict[str, _Stage]


_LAST: dict[bytes, _Lock] = {}  # the content that was read last: it takes seconds, and a commit has what is here


def locked_stages(content: bytes, where: str) -> dict[str, LockedStage]:
    """The stages of a dvc.lock by name (``kanji@cnn``: one of a matrix); raises InputError where it is no dvc.lock."""
    if (lock := _LAST.get(content)) is None:
        lock = _read(content, where)
        _LAST.clear()
        _LAST[content] = lock
    return {name: _stage(entry) for name, entry in lock.stages.items()}


def _read(content: bytes, where: str) -> _Lock:
    try:
        return _Lock.model_validate(yaml_mapping(content, where))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise InputError(f"{where}: no dvc.lock: '{key}': {first['msg']}; write it again with `dvc repro`") from error


def with_code(stages: Mapping[str, LockedStage], files: Mapping[str, bytes]) -> dict[str, LockedStage]:
    """The stages with the source files of their listing in its place, where the listing is the one they ran with."""
    return {name: replace(stage, deps=dict(_deps_with_code(name, stage, files))) for name, stage in stages.items()}


def _deps_with_code(name: str, stage: LockedStage, files: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    listing = code_file(name).as_posix()
    for path, md5 in stage.deps.items():
        content = files.get(path, b"")
        if path == listing and hashlib.md5(content, usedforsecurity=False).hexdigest() == md5:
            yield from ((f"src/{file}", digest) for file, digest in listed(content.decode()).items())
        else:
            yield path, md5


def _stage(entry: _Stage) -> LockedStage:
    params = {key: value for values in entry.params.values() for key, value in values.items()}
    counts = {file.path: file.nfiles for file in entry.deps if file.nfiles is not None}
    return LockedStage(entry.cmd, _hashes(entry.deps), params, _hashes(entry.outs), counts)


def _hashes(files: list[_File]) -> dict[str, str]:
    return {file.path: file.md5 for file in files}


CODE = ("src/", "code/")


@dataclass(frozen=True)
class Rerun:
    """A stage whose record differs: what was other by kind of cause, and the outputs that are not the same."""

    stage: str
    causes: dict[str, list[str]]
    outs: list[str]


def reruns(before: Mapping[str, LockedStage], after: Mapping[str, LockedStage]) -> list[Rerun]:
    """The stages that differ, in the order of the later dvc.lock, those that are gone last."""
    names = (name for name in {**after, **before} if before.get(name) != after.get(name))
    return [_rerun(name, before.get(name), after.get(name)) for name in names]


def _rerun(name: str, before: LockedStage | None, after: LockedStage | None) -> Rerun:
    if after is None:
        return Rerun(name, {"stage removed": []}, [])
    if before is None:
        return Rerun(name, {"new stage": []}, sorted(after.outs))
    deps = changed_keys(before.deps, after.deps)
    causes = {
        "command": [] if before.command == after.command else [after.command],
        "code": [path for path in deps if path.startswith(CODE)],
        "data": [path for path in deps if not path.startswith(CODE)],
        "parameters": changed_keys(before.params, after.params),
    }
    return Rerun(
        name, {cause: names for cause, names in causes.items() if names}, changed_keys(before.outs, after.outs)
    )


def changed_keys(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Dotted keys of what is not the same on both sides, sorted."""
    return [difference.key for difference in differences(before, after)]
