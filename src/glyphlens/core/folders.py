"""The files below a folder, and what could not be looked into."""

import os
from collections.abc import Iterator
from pathlib import Path


def files_below(folder: Path, skipped: dict[Path, str], *, hidden: bool = True) -> Iterator[Path]:
    """Every file, sorted folder by folder, links followed, each folder once; ``skipped`` tells unreadable ones and why.

    Without ``hidden``, files and folders are passed over whose names begin with a dot.
    """

    def skip(error: OSError) -> None:
        skipped[Path(error.filename)] = str(error.strerror)

    seen: set[str] = set()
    for base, folders, names in os.walk(folder, onerror=skip, followlinks=True):
        real = os.path.realpath(base)
        folders[:] = [] if real in seen else sorted(name for name in folders if hidden or name[0] != ".")
        if real not in seen:
            yield from (Path(base, name) for name in sorted(names) if hidden or name[0] != ".")
        seen.add(real)
