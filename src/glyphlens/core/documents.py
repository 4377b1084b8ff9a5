"""JSON and YAML documents of a revision as mappings; an error names the revision and the file."""

import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from glyphlens.core.errors import InputError

CONFLICT = b"<<<<<<< "
ABSENT: Final = object()  # unlike null, which is a value


class Difference(NamedTuple):
    """A value on both sides; ABSENT where a side has none."""

    key: str
    before: Any
    after: Any


def json_mapping(content: bytes, where: str) -> dict[str, Any]:
    """The mapping of a JSON file; raises InputError where it is broken or none."""
    try:
        return _mapping(json.loads(content), where)
    except (ValueError, RecursionError) as error:
        _require_no_conflict(content, where)
        raise InputError(f"{where}: not a readable JSON file ({error}); write it again with `dvc repro`") from error


def yaml_mapping(content: bytes, where: str) -> dict[str, Any]:
    """The mapping of a YAML 1.2 file; raises InputError where it is broken or none."""
    try:
        return _mapping(YAML(typ="safe", pure=True).load(content), where)
    except (YAMLError, ValueError, RecursionError) as error:
        _require_no_conflict(content, where)
        raise InputError(f"{where}: not a readable YAML file ({error})") from error


def differences(before: Any, after: Any, key: str = "") -> Iterator[Difference]:
    """What two mappings have differently, by dotted key; a whole section that one side lacks is one difference.

    >>> [tuple(found) for found in differences({"a": {"b": 1, "c": 2}}, {"a": {"b": 3, "c": 2}})]
    [('a.b', 1, 3)]
    """
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted({*before, *after}):
            yield from differences(before.get(name, ABSENT), after.get(name, ABSENT), f"{key}.{name}" if key else name)
    elif before != after:
        yield Difference(key, before, after)


def _require_no_conflict(content: bytes, where: str) -> None:
    """Raise InputError for git's marks of a merge conflict."""
    for number, line in enumerate(content.splitlines(), 1):
        if line.startswith(CONFLICT):
            raise InputError(
                f"{where}: in a merge conflict (line {number}: {line.decode(errors='replace')}); CONTRIBUTING.md says "
                "under 'A merge conflict in dvc.lock' how to end it: take either side, then `dvc repro`"
            )


def _mapping(content: Any, where: str) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise InputError(f"{where}: expected a mapping, found {type(content).__name__}")
    return content
