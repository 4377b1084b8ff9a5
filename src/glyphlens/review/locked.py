"""dvc.lock as it is compared: of every stage its command, and what it read and wrote by path with DVC's hash."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from glyphlens.core.documents import yaml_mapping
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


def locked_stages(content: bytes, where: str) -> dict[str, LockedStage]:
    """The stages of a dvc.lock by name (``kanji@cnn``: one of a matrix); raises InputError where it is no dvc.lock."""
    try:
        return {name: _stage(entry) for name, entry in yaml_mapping(content, where)["stages"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{where}: not a dvc.lock ({error!r}); write it again with `dvc repro`") from error


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


def _stage(entry: dict[str, Any]) -> LockedStage:
    params = {key: value for values in entry.get("params", {}).values() for key, value in values.items()}
    return LockedStage(entry["cmd"], _hashes(entry, "deps"), params, _hashes(entry, "outs"), _counts(entry))


def _counts(entry: dict[str, Any]) -> dict[str, int]:
    return {item["path"]: item["nfiles"] for item in entry.get("deps", []) if "nfiles" in item}


def _hashes(entry: dict[str, Any], kind: str) -> dict[str, str]:
    return {item["path"]: item["md5"] for item in entry.get(kind, [])}
