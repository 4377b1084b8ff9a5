"""The files below a folder as DVC records them, and what could not be looked into."""

import os
from collections.abc import Iterator
from pathlib import Path

from glyphlens.core.errors import InputError

NEVER_RECORDED = (".git", ".hg", ".dvc")  # dvc.ignore.DvcIgnoreFilter
LINKED = "a linked folder, which DVC would not record; copy it there, link its files one by one, or mount it"
REPOSITORY = "a DVC repository of its own, which DVC would not record; copy its files there without its .dvc"


def files_below(folder: Path, skipped: dict[Path, str], *, hidden: bool = True, linked: bool = False) -> Iterator[Path]:
    """Every file that DVC records of the folder, sorted folder by folder; linked files are, linked folders are not.

    ``skipped`` tells which folders were not looked into, and why. Without ``hidden``, files and folders are passed over
    whose names begin with a dot. With ``linked``, linked folders are looked into too, each folder once.
    """

    def skip(error: OSError) -> None:
        skipped[Path(error.filename)] = str(error.strerror)

    seen: set[str] = set()
    for base, folders, names in os.walk(folder, onerror=skip, followlinks=linked):
        real = os.path.realpath(base)
        names_inside = sorted(name for name in folders if name not in NEVER_RECORDED and (hidden or name[0] != "."))
        left_out = {} if linked else {name: why for name in names_inside if (why := _why_left_out(Path(base, name)))}
        skipped |= {Path(base, name): why for name, why in left_out.items()}
        folders[:] = [] if real in seen else [name for name in names_inside if name not in left_out]
        if real not in seen:
            yield from (Path(base, name) for name in sorted(names) if hidden or name[0] != ".")
        seen.add(real)


def require_recorded(source: Path) -> None:
    """Raise InputError, naming it and the way out, where the folder has a part that DVC would not record."""
    skipped: dict[Path, str] = {}
    for _ in files_below(source, skipped):
        pass
    for path, reason in skipped.items():
        if reason in (LINKED, REPOSITORY):
            raise InputError(f"{path}: {reason}")


def _why_left_out(folder: Path) -> str:
    try:
        if folder.is_symlink():
            return LINKED
        return REPOSITORY if (folder / ".dvc").is_dir() else ""
    except OSError:  # which the walk itself meets and tells
        return ""
