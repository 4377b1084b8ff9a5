"""The files that a command line names, and of the folders on it all that have the right suffix."""

import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from glyphlens.core.errors import InputError
from glyphlens.core.file_names import shown
from glyphlens.core.folders import files_below
from glyphlens.core.storage import is_special, is_stream, is_there

SOME_UNUSED, NONE_USED = 1, 2  # exit statuses where inputs could not be used


class Inputs(NamedTuple):
    """The files in their order, and what was asked for but cannot be read."""

    files: list[Path]
    problems: list[str]


def require_kept(asked: Sequence[Path], destinations: Sequence[Path | None]) -> None:
    """Raise InputError where a file that is read, or is written for another reason, would be written over."""
    taken = {_identity(path): path for path in asked if is_there(path) and path.is_file()}
    for destination in destinations:
        if destination is None or is_stream(destination):
            continue
        identity = _identity(destination)
        if other := taken.get(identity):
            raise InputError(f"{shown(destination)}: would be written over {shown(other)}; choose another place")
        taken[identity] = destination


def _identity(path: Path) -> object:
    """What two names of one file share, however they lead there; of a file that is yet to come, its whole path."""
    if not is_there(path):
        return path.resolve()
    found = path.stat()
    return found.st_dev, found.st_ino


def find_inputs(paths: Sequence[Path], suffixes: Collection[str]) -> Inputs:
    """Files as they are named; of every folder the files with one of the suffixes, sorted."""
    found = Inputs([], [])
    for path in paths:
        if not (is_there(path) and path.is_dir()):
            found.files.append(path)
            continue
        skipped: dict[Path, str] = {}
        files: list[Path] = []
        try:
            files = sorted(file for file in files_below(path, skipped, linked=True) if file.suffix.lower() in suffixes)
        except OSError as error:  # the working folder itself is gone or closed
            skipped[path] = str(error.strerror)
        found.files.extend(file for file in files if not is_special(file))  # the reading of a pipe may never end
        found.problems.extend(f"{shown(file)}: skipped, it is no regular file" for file in files if is_special(file))
        found.problems.extend(
            f"{shown(place)}: this folder was skipped ({reason})" for place, reason in skipped.items()
        )
        if not files and not skipped:
            found.problems.append(f"{shown(path)}: no file of the right kind in this folder ({' '.join(suffixes)})")
    return found


def name_bad(problems: Sequence[str], *, is_any_answered: bool) -> int:
    """Say what could not be used; the exit status."""
    for problem in problems:
        print(f"glyphlens: {shown(problem)}", file=sys.stderr)
    if not is_any_answered:
        print("glyphlens: nothing was answered, so nothing was written", file=sys.stderr)
        return NONE_USED
    return SOME_UNUSED if problems else 0
