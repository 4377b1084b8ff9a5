"""The stages that dvc.yaml declares, templates filled in, those of a matrix one by one (``kanji@cnn``).

Format: https://dvc.org/doc/user-guide/project-structure/dvcyaml-files
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from glyphlens.core.errors import InputError

TEMPLATE = re.compile(r"\$\{([^}]+)\}")
OUTPUTS = ("outs", "metrics", "plots")


@dataclass(frozen=True)
class DeclaredStage:
    """What a stage runs and the paths and sections of params.yaml that it names."""

    command: str
    deps: list[str]
    params: list[str]
    outs: list[str]


def declared_stages(graph: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, DeclaredStage]:
    """The stages by name; raises InputError where a template names nothing, or a stage is no mapping."""
    context = dict(params)
    for values in graph.get("vars", []):
        context |= values
    found: dict[str, DeclaredStage] = {}
    for name, entry in graph.get("stages", {}).items():
        try:
            found |= {stage: _stage(content) for stage, content in _expanded(name, entry, context)}
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(f"dvc.yaml: stage '{name}' cannot be read: {error!r}") from error
    return found


def stage_names(graph: Mapping[str, Any], params: Mapping[str, Any]) -> list[str]:
    """The names alone, for which only the parameters that a matrix names are needed; raises InputError as above."""
    names = {
        name: {key: value for key, value in entry.items() if key == "matrix"} | {"cmd": ""}
        for name, entry in graph.get("stages", {}).items()
    }
    return list(declared_stages({**graph, "stages": names}, params))


def _expanded(name: str, entry: dict[str, Any], context: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    content = {key: value for key, value in entry.items() if key != "matrix"}
    if "matrix" not in entry:
        yield name, _filled(content, context)
        return
    lists = _filled(entry["matrix"], context)
    for values in product(*lists.values()):
        item = dict(zip(lists, values, strict=True))
        yield f"{name}@{'-'.join(map(str, values))}", _filled(content, {**context, "item": item})


def _filled(value: Any, context: Mapping[str, Any]) -> Any:
    """A template alone becomes the value that it names; inside a text, that value as text."""
    if isinstance(value, dict):
        return {_filled(key, context): _filled(content, context) for key, content in value.items()}
    if isinstance(value, list):
        return [_filled(content, context) for content in value]
    if not isinstance(value, str):
        return value
    if alone := TEMPLATE.fullmatch(value):
        return value_at(context, alone[1])
    return TEMPLATE.sub(lambda match: str(value_at(context, match[1])), value)


def value_at(content: Any, key: str) -> Any:
    """The value at a dotted key; raises KeyError where there is none."""
    for name in key.strip().split("."):
        content = content[name]
    return content


def _stage(content: dict[str, Any]) -> DeclaredStage:
    outs = [path for kind in OUTPUTS for path in _paths(content.get(kind, []))]
    return DeclaredStage(content["cmd"].strip(), _paths(content.get("deps", [])), content.get("params", []), outs)


def _paths(entries: list[Any]) -> list[str]:
    return [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]
