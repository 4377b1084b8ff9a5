"""params.yaml → typed, frozen, validated sections.

The file is read as YAML 1.2, so that ``3e-4`` is a number (YAML 1.1 readers make it a string). The model of a
section stands beside the code that uses it: changing one section's model must not re-run another stage.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from glyphlens.core.errors import ParamsError

PARAMS_FILE = Path("params.yaml")
# Sections of how the work is carried out, not of what comes out: no stage depends on them.
HOW = ("checkpoint", "machine")
_READS: ContextVar[dict[str, Any] | None] = ContextVar("reads", default=None)


class Section(BaseModel):
    """Base of every section: unknown keys, missing keys and wrong types are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


S = TypeVar("S", bound=Section)


def read_params(path: Path = PARAMS_FILE) -> dict[str, Any]:
    """All of params.yaml as plain values; raises ParamsError where it is missing or is no mapping."""
    try:
        content = deepcopy(_parsed(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ParamsError(f"{path}: cannot be read ({error.strerror}); run from the repository's root") from error
    except (YAMLError, ValueError, RecursionError) as error:  # no UTF-8, a date of no calendar, nested without end
        raise ParamsError(f"{path}: not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise ParamsError(f"{path}: expected a mapping of sections, found {type(content).__name__}")
    return content


@lru_cache(maxsize=2)
def _parsed(text: str) -> Any:
    """A stage reads several sections, and each reading of the file costs a quarter of a second."""
    return YAML(typ="safe", pure=True).load(text)


def load_params(model: type[S], section: str, path: Path = PARAMS_FILE) -> S:
    """The section (``gates.glyphs``: a part of one) as ``model``; raises ParamsError that names each key at fault."""
    content = section_in(read_params(path), section)
    if content is None:
        raise ParamsError(f"{path}: section '{section}' is missing")
    _note({section: content}, path)
    try:
        return model.model_validate(content)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join([section, *map(str, fault['loc'])])}: {fault['msg']} (found {fault['input']!r})"
            for fault in error.errors()
        )
        raise ParamsError(f"{path}: {faults}") from error


def read_sections(sections: Sequence[str], path: Path = PARAMS_FILE) -> dict[str, Any]:
    """The named sections as plain values; those that params.yaml does not have are left out."""
    content = read_params(path)
    found = {name: content[name] for name in sections if name in content}
    _note(found, path)
    return found


def section_in(content: Any, section: str) -> Any:
    """The value at a dotted name; None where there is none."""
    for key in section.split("."):
        content = content.get(key) if isinstance(content, dict) else None
    return content


@contextmanager
def noting_reads() -> Iterator[dict[str, Any]]:
    """Within the block, every section that is read of PARAMS_FILE is added by name, as it was then."""
    reads: dict[str, Any] = {}
    token = _READS.set(reads)
    try:
        yield reads
    finally:
        _READS.reset(token)


def _note(values: Mapping[str, Any], path: Path) -> None:
    reads = _READS.get()
    if reads is not None and path == PARAMS_FILE:
        reads |= {name: value for name, value in values.items() if name not in HOW}


def flat_params(params: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested parameters as ``network.width`` and so on: text as it is, all else as JSON."""
    flat: dict[str, str] = {}
    for name, value in params.items():
        if isinstance(value, Mapping) and value:
            flat |= flat_params(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return flat


def load_seed(path: Path = PARAMS_FILE) -> int:
    """The one seed of the project; every generator is derived from it."""
    seed = read_params(path).get("seed")
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise ParamsError(f"{path}: seed: expected an integer ≥ 0 (found {seed!r})")
    _note({"seed": seed}, path)
    return seed
