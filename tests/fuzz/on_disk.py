"""A folder in which a target finds the files that it reads, and which it must leave as it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Changed(Exception):
    """A file that was only to be read is another now, or further ones lie beside it."""


@contextmanager
def file_in(folder: Path, name: str, data: bytes) -> Iterator[Path]:
    """The file while the block lasts; raises Changed where the folder is another afterwards."""
    path, before = folder / name, set(folder.iterdir())
    kept = path.read_bytes() if path in before else None
    path.write_bytes(data)
    try:
        yield path
        _require_unchanged(path, data, before | {path})
    except Changed:
        raise
    except BaseException:
        _require_unchanged(path, data, before | {path})
        raise
    finally:
        if kept is None:
            path.unlink(missing_ok=True)
        else:
            path.write_bytes(kept)


def _require_unchanged(path: Path, data: bytes, expected: set[Path]) -> None:
    found = set(path.parent.iterdir())
    if found != expected:
        raise Changed(f"beside {path.name}: {sorted(each.name for each in found ^ expected)}")
    if path.read_bytes() != data:
        raise Changed(f"{path.name} has other bytes than before")
