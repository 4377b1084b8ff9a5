"""The stages that dvc.yaml declares, as DVC itself resolves them, those of a matrix one by one (``kanji@cnn``)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glyphlens.core.errors import InputError

if TYPE_CHECKING:
    from dvc.parsing import DataResolver

GRAPH = "dvc.yaml"
OUTPUTS = ("outs", "metrics", "plots")


@dataclass(frozen=True)
class DeclaredStage:
    """What a stage runs and the paths and sections of params.yaml that it names."""

    command: str
    deps: list[str]
    params: list[str]
    outs: list[str]


def declared_stages(root: Path) -> dict[str, DeclaredStage]:
    """The stages of ``root``'s dvc.yaml by name, in its order; raises InputError where DVC cannot read it."""
    with _resolver(root) as resolver:
        return {name: _stage(resolver.resolve_one(name)[name]) for name in resolver.get_keys()}


def stage_names(root: Path) -> list[str]:
    """The names alone, for which only the lists of a matrix are looked up; raises InputError as above."""
    with _resolver(root) as resolver:
        return list(resolver.get_keys())


@contextmanager
def _resolver(root: Path) -> Iterator["DataResolver"]:
    """DVC's reader of templates; not its index, which takes twice as long because it looks at every output."""
    from dvc.dvcfile import load_file
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(str(root), uninitialized=True) as repo:
            yield load_file(repo, str(root / GRAPH)).resolver
    except DvcException as error:
        reason = f" ({error.__cause__})" if error.__cause__ else ""
        raise InputError(f"{GRAPH}: {error}{reason}") from error


def _stage(content: dict[str, Any]) -> DeclaredStage:
    outs = [path for kind in OUTPUTS for path in _paths(content.get(kind, []))]
    return DeclaredStage(content["cmd"].strip(), _paths(content.get("deps", [])), content.get("params", []), outs)


def _paths(entries: list[Any]) -> list[str]:
    return [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]
