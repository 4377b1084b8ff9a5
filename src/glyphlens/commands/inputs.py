"""The files that a command line names, and of the folders on it all that have the right suffix."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from glyphlens.core.file_names import shown
from glyphlens.core.folders import files_below


class Inputs(NamedTuple):
    """The files in their order, and what was asked for but cannot be read."""

    files: list[Path]
    problems: list[str]


def find_inputs(paths: Sequence[Path], suffixes: Collection[str]) -> Inputs:
    """Files as they are named; of every folder the files with one of the suffixes, sorted."""
    found = Inputs([], [])
    for path in paths:
        if not path.is_dir():
            found.files.append(path)
            continue
        skipped: dict[Path, str] = {}
        files = sorted(file for file in files_below(path, skipped, linked=True) if file.suffix.lower() in suffixes)
        found.files.extend(files)
        found.problems.extend(
            f"{shown(place)}: this folder was skipped ({reason})" for place, reason in skipped.items()
        )
        if not files and not skipped:
            found.problems.append(f"{shown(path)}: no file of the right kind in this folder ({' '.join(suffixes)})")
    return found
