"""dvc.lock as it is compared: of every stage its command, and what it read and wrote by path with DVC's hash."""

from dataclasses import dataclass
from typing import Any

from glyphlens.errors import InputError
from glyphlens.review.documents import yaml_mapping


@dataclass(frozen=True)
class LockedStage:
    """What DVC recorded of one stage's last run; ``params`` by section, as dvc.yaml declares them."""

    command: str
    deps: dict[str, str]
    params: dict[str, Any]
    outs: dict[str, str]


def locked_stages(content: bytes, where: str) -> dict[str, LockedStage]:
    """The stages of a dvc.lock by name (``kanji@cnn``: one of a matrix); raises InputError where it is no dvc.lock."""
    try:
        return {name: _stage(entry) for name, entry in yaml_mapping(content, where)["stages"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{where}: not a dvc.lock ({error!r}); write it again with `dvc repro`") from error


def _stage(entry: dict[str, Any]) -> LockedStage:
    params = {key: value for values in entry.get("params", {}).values() for key, value in values.items()}
    return LockedStage(entry["cmd"], _hashes(entry, "deps"), params, _hashes(entry, "outs"))


def _hashes(entry: dict[str, Any], kind: str) -> dict[str, str]:
    return {item["path"]: item["md5"] for item in entry.get(kind, [])}
