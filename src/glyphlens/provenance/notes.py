"""What a running stage is made from, noted when it begins and compared at its end: code, parameters, source files.

DVC writes into dvc.lock what it finds after a stage. What is edited in between would be recorded as what the outputs
were made from, with nothing left to tell that they were not.
"""

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import glyphlens
from glyphlens.core.errors import InputError, ParamsError
from glyphlens.core.folders import files_below
from glyphlens.core.params import PARAMS_FILE, flat_params, noting_reads, read_params, section_in
from glyphlens.provenance.closures import CODE_STAGE, SourceTree, changed_files, code_file, listed

NAMED = 5  # changes in a message
Stamp = tuple[int, int]  # size in bytes, time of the last change in ns


@dataclass
class Notes:
    """What a stage read, as it was then: hashes of its code, sections of params.yaml, stamps of source files."""

    stage: str
    code: dict[str, str]
    reads: dict[str, Any]
    sources: dict[Path, dict[Path, Stamp]] = field(default_factory=dict)

    def require_listed(self) -> None:
        """Raise InputError unless the stage's file below ``code``, where it has one, lists the code that runs."""
        file = code_file(self.stage)
        if not file.is_file():
            return
        if changed := changed_files(listed(file.read_text(encoding="utf-8")), self.code):
            raise InputError(
                f"{file}: not the code that would run ({_some(changed)}), so dvc.lock would record the wrong one; run "
                f"`dvc repro {self.stage}` without --single-item, or `dvc repro {CODE_STAGE}` first"
            )

    def require_unchanged(self) -> None:
        """Raise InputError, naming every change, unless all that was noted is still so."""
        if changed := [*self._changed_params(), *self._changed_code(), *self._changed_sources()]:
            raise InputError(
                f"changed while this stage ran, so dvc.lock would record what the outputs were not made from: "
                f"{_some(changed, '; ')}. Put it back and run `dvc repro` again: a training that is finished is kept "
                "and only read back. Or run `dvc repro` as it is now, which makes the outputs again"
            )

    def _changed_params(self) -> Iterator[str]:
        try:
            content = read_params()
        except ParamsError as error:
            yield str(error)
            return
        now = flat_params({section: section_in(content, section) for section in self.reads})
        before = flat_params(self.reads)
        for key in sorted({*before, *now}):
            if before.get(key) != now.get(key):
                yield f"{PARAMS_FILE}: {key} was {before.get(key, 'absent')}, is {now.get(key, 'absent')}"

    def _changed_code(self) -> Iterator[str]:
        try:
            yield from (f"the code in {path}" for path in changed_files(self.code, running_tree().code(self.stage)))
        except InputError as error:
            yield str(error)

    def _changed_sources(self) -> Iterator[str]:
        for source, before in self.sources.items():
            now = _stamps(source)
            yield from (str(path) for path in sorted({*before, *now}) if before.get(path) != now.get(path))


_RUNNING: ContextVar[Notes | None] = ContextVar("running", default=None)


@contextmanager
def noting(stage: str) -> Iterator[Notes]:
    """Notes of a stage, which fill within the block."""
    with noting_reads() as reads:
        notes = Notes(stage, running_tree().code(stage), reads)
        token = _RUNNING.set(notes)
        try:
            yield notes
        finally:
            _RUNNING.reset(token)


def note_sources(paths: Iterable[Path]) -> None:
    """Note files, or folders of files, that no stage writes; does nothing where no stage runs."""
    if notes := _RUNNING.get():
        notes.sources |= {path: _stamps(path) for path in paths}


def require_unchanged() -> None:
    """Raise InputError where something has changed that the running stage noted; none runs in a test or a command."""
    if notes := _RUNNING.get():
        notes.require_unchanged()


def code_hash(stage: str) -> str:
    """SHA-256 of the stage's code: as noted where it runs, else as it is on disk; raises InputError for no stage."""
    notes = _RUNNING.get()
    code = notes.code if notes and notes.stage == stage else running_tree().code(stage)
    return hashlib.sha256(repr(sorted(code.items())).encode()).hexdigest()


def running_stage() -> str:
    """The stage that DVC runs (``kanji@cnn``), else that of the module which is run (``gate`` and the name of one)."""
    if address := os.environ.get("DVC_STAGE"):  # of a stage of another folder: ../dvc.yaml:kanji@cnn
        return address.rpartition(":")[2]
    module, named = Path(sys.argv[0]).stem, sys.argv[1:2]
    return "_".join([module, *named]) if module == "gate" else module


def running_tree() -> SourceTree:
    """The sources of the package that runs, as they are now."""
    return SourceTree(Path(glyphlens.__file__).parent)


def _stamps(source: Path) -> dict[Path, Stamp]:
    """Of the file, or of every file below the folder but what Python writes there by itself."""
    files = [source] if source.is_file() else files_below(source, {})
    stats = {path: path.stat() for path in files if path.is_file() and "__pycache__" not in path.parts}
    return {path: (stat.st_size, stat.st_mtime_ns) for path, stat in stats.items()}


def _some(names: list[str], between: str = ", ") -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return between.join(names[:NAMED]) + more
