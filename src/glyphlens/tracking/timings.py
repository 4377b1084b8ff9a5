"""timings.json: how long a stage took and how fast its files are, on which machine and at which commit.

The file is in git, but no output of DVC, and nothing depends on it: a run on another machine changes nothing else.
"""

from pathlib import Path
from typing import Any

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from glyphlens.core.errors import InputError

SECONDS, LATENCY = "seconds", "latency_ms"  # of a training; of files by precision and batch size, a sample on one core


class _Entry(BaseModel):
    """What one stage noted: where, when, and any of the numbers."""

    model_config = ConfigDict(extra="allow")

    seconds: float = 0.0
    latency_ms: dict[str, dict[str, float]] = {}


TIMINGS = TypeAdapter(dict[str, _Entry])


def note_timing(path: Path, stage: str, **numbers: Any) -> None:
    """Replace the entry of ``stage`` (an item of a matrix as kanji@cnn) by the numbers measured here and now.

    Stages that run at the same time wait for each other. A stage that DVC takes from its cache keeps its entry.
    """
    from glyphlens.core.storage import save_json
    from glyphlens.tracking.facts import git_commit, machine

    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f".{path.name}.lock")):
        entry = {"commit": git_commit(), "machine": machine(), **numbers}
        save_json(path, dict(sorted({**read_timings(path), stage: entry}.items())))


def read_timings(path: Path) -> dict[str, dict[str, Any]]:
    """The entries by stage, none where nothing was timed yet; raises InputError where the file is broken."""
    from glyphlens.core.storage import load_json

    return timings_in(load_json(path), str(path)) if path.exists() else {}


def timings_in(content: Any, where: str) -> dict[str, dict[str, Any]]:
    """The entries in ``content``; raises InputError, naming ``where``, for anything else."""
    try:
        entries = TIMINGS.validate_python(content)
    except ValidationError as error:
        raise InputError(
            f"{where}: expected an entry a stage; remove it, every stage that runs writes its own again "
            f"({error.errors()[0]['msg']} at {'.'.join(map(str, error.errors()[0]['loc'])) or 'the top'})"
        ) from error
    return {stage: entry.model_dump(exclude_unset=True) for stage, entry in entries.items()}
