"""Files written whole or not at all: arrays, tables, JSON, metrics, and the hashes that name them."""

import errno
import hashlib
import json
import math
import os
import shutil
import stat
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, BinaryIO
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.errors import InputError, OutputError

if TYPE_CHECKING:
    import pandas as pd

MAX_METRICS = 6
METRIC_DIGITS = 4
OPEN_FILES = Path("/proc/self/fd")
STANDARD_OUTPUT = OPEN_FILES / "1"
MOST_LINKS = 40  # as Linux follows them
LONGEST_PREFIX = 50  # characters of a name that its temporary neighbour begins with: at most 200 of 255 bytes
WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
# What the place of a result may answer to a write; numpy reports a short write without a code.
REFUSALS = (
    None, errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG, errno.EISDIR, errno.ENOTDIR,
    errno.ENAMETOOLONG, errno.ELOOP, errno.ENXIO, errno.EBADF,
)  # fmt: skip

# What a damaged zip file may answer to being read, whichever of its bytes are wrong.
BROKEN_ZIP = (OSError, EOFError, RuntimeError, BadZipFile, zlib.error)


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Yield a temporary file whose content goes to ``path`` only when the block succeeds.

    A regular file is replaced, that of a link in its own folder, and keeps its owner and permissions; other hard links
    keep the old content. A pipe, a device, an open file (``/dev/stdout``) and a file that can be written but not
    replaced are written to, once the content is whole. Raises OutputError, naming the path and the free space, where
    the system refuses the write.
    """
    try:
        make_folder_of(path)
        with _into(path) if is_written_to(path) else _beside(end_of_links(path)) as partial:
            yield partial
    except OSError as error:
        if error.errno not in REFUSALS:
            raise
        if is_written_to(path):
            raise OutputError(f"{place_name(path)}: cannot be written ({error.strerror or error})") from error
        raise _refusal(path, error) from error


def _refusal(path: Path, error: OSError) -> OutputError:
    """What the system's refusal of a file or folder means for whoever wanted it."""
    folder = next(folder for folder in path.absolute().parents if is_there(folder))
    return OutputError(
        f"{path}: cannot be written ({error.strerror or error}; {shutil.disk_usage(folder).free >> 20} MiB free); "
        "nothing was left behind, make room or mend the permissions and run again"
    )


def make_folder_of(path: Path) -> None:
    """Make the folder that a file is to lie in; raises NotADirectoryError where something else is in its place."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise NotADirectoryError(errno.ENOTDIR, f"{path.parent} is no folder") from error


def place_name(path: Path) -> str:
    """What to call a place in a message."""
    return "standard output" if path == STANDARD_OUTPUT else str(path)


def is_there(path: Path) -> bool:
    """Whether there is a file or folder; False where the system refuses to say (too long a name, no permission)."""
    try:
        return path.exists()
    except OSError:
        return False


def is_special(path: Path) -> bool:
    """Whether it is a pipe or a device."""
    return is_there(path) and not path.is_file() and not path.is_dir()


def is_stream(path: Path) -> bool:
    """Whether what is written to ``path`` flows on: a pipe, a device, or a file that is open already."""
    return open_descriptor(path) is not None or is_special(path)


def is_written_to(path: Path) -> bool:
    """Whether it is a stream, or a file that may be written in a folder where nothing may be replaced."""
    if is_stream(path):
        return True
    folder = Path(os.path.realpath(path)).parent
    return is_there(path) and path.is_file() and os.access(path, os.W_OK) and not os.access(folder, os.W_OK)


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A temporary neighbour that takes the place of a regular file, and its permissions."""
    partial = path.with_name(f".{path.name[:LONGEST_PREFIX]}.{os.getpid()}.partial")
    try:
        yield partial
        if path.is_file() and not _is_protected(path):
            owner = path.stat()
            with suppress(PermissionError):  # only root can give a file away
                os.chown(partial, owner.st_uid, owner.st_gid)
            shutil.copymode(path, partial)
        with partial.open("rb") as handle:
            os.fsync(handle.fileno())
        try:
            partial.replace(path)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            shutil.copyfile(partial, path)  # a file that is mounted by itself can be written, not replaced
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty neighbour that becomes ``folder`` only when the block succeeds: never something old beside new.

    Raises OutputError, naming the folder and the free space, where the system refuses a write.
    """
    fresh, old = (folder.with_name(f".{folder.name}.{os.getpid()}.{state}.partial") for state in ("fresh", "old"))
    try:
        fresh.mkdir(parents=True)
        yield fresh
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
    except BaseException as error:
        if old.exists():
            old.rename(folder)
        if isinstance(error, OSError) and error.errno in REFUSALS:
            raise _refusal(folder, error) from error
        raise
    finally:
        for left in (fresh, old):
            shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _into(path: Path) -> Iterator[Path]:
    """A temporary file elsewhere that is copied into what is there; an open file is gone on with where it stands."""
    with TemporaryDirectory(prefix="glyphlens-") as folder:
        partial = Path(folder, "partial")
        try:
            yield partial
        except OSError as error:
            if error.errno not in REFUSALS:
                raise
            raise OutputError(
                f"{partial.parents[1]}: the temporary folder cannot be written ({error.strerror or error}); "
                "name another one in TMPDIR"
            ) from error
        descriptor = open_descriptor(path)
        with partial.open("rb") as source, path.open("wb") if descriptor is None else _again(descriptor) as stream:
            shutil.copyfileobj(source, stream)


def _again(descriptor: int) -> BinaryIO:
    return os.fdopen(os.dup(descriptor), "wb")


def open_descriptor(path: Path) -> int | None:
    """The number of this process's open file that a path such as ``/dev/stdout`` or ``/dev/fd/3`` stands for."""
    with suppress(OSError):  # what the system refuses to follow is not open
        for step in _links(path):
            if step.parent.resolve() == OPEN_FILES.resolve() and step.name.isdecimal():
                return int(step.name)
    return None


def _links(path: Path) -> Iterator[Path]:
    """The path and what it leads to, link by link."""
    for _ in range(MOST_LINKS):
        yield path
        if not path.is_symlink():
            return
        path = path.parent / path.readlink()


def end_of_links(path: Path) -> Path:
    """The file that a link leads to; the link itself where that is write-protected, as what DVC's cache links to is.

    Raises OSError for links that lead to each other.
    """
    if not path.is_symlink():
        return path
    end = Path(os.path.realpath(path))
    if end.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    return path if _is_protected(end) else end


def _is_protected(path: Path) -> bool:
    return path.is_file() and not path.stat().st_mode & WRITABLE


def save_array(path: Path, array: NDArray[Any]) -> None:
    """One array as .npy."""
    with writing(path) as partial, partial.open("wb") as handle:
        np.save(handle, array, allow_pickle=False)


def load_array(path: Path, *, mmap: bool = False) -> NDArray[Any]:
    """The array of a .npy file, memory-mapped on request; raises InputError where it is missing or broken."""
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r" if mmap else None, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path}: not a readable .npy array ({error}); run `dvc repro` again to rebuild it") from error
    return array


def save_table(path: Path, table: "pd.DataFrame") -> None:
    """One table as Parquet; the same rows give the same bytes."""
    with writing(path) as partial:
        table.to_parquet(partial, index=False, compression="zstd")


def save_table_csv(path: Path, table: "pd.DataFrame") -> None:
    """One small table as CSV, for people and for `dvc plots`."""
    save_text(path, table.to_csv(index=False))


def load_table(path: Path) -> "pd.DataFrame":
    """The table of a Parquet file; raises InputError where it is missing or broken."""
    import pandas as pd

    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not a readable Parquet table ({error}); run `dvc repro` again") from error


def save_text(path: Path, text: str) -> None:
    """One UTF-8 text file."""
    with writing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def save_json(path: Path, content: Any) -> None:
    """Indented JSON with a final newline; NaN is refused."""
    save_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def load_json(path: Path) -> Any:
    """The content of a JSON file; raises InputError where it is missing or broken."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: not a readable JSON file ({error})") from error


def save_metrics(path: Path, metrics: Mapping[str, float]) -> None:
    """At most six finite numbers, fractions rounded to four digits, for `dvc metrics diff` to read."""
    if len(metrics) > MAX_METRICS:
        raise ValueError(f"{path}: {len(metrics)} metrics, the limit is {MAX_METRICS}")
    rounded: dict[str, float] = {}
    for name, value in metrics.items():
        if not math.isfinite(value):
            raise ValueError(f"{path}: metric '{name}' is {value}")
        is_count = isinstance(value, int | np.integer)
        rounded[name] = int(value) if is_count else round(float(value), METRIC_DIGITS)
    save_json(path, rounded)


def sha256_file(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    return hash_file(path, "sha256")


def hash_file(path: Path, algorithm: str) -> str:
    """Hexadecimal digest of a file's bytes; raises InputError where it cannot be read."""
    try:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, algorithm).hexdigest()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error


def sha256_tree(path: Path) -> str:
    """SHA-256 over the names and hashes of all files below ``path`` (or of the one file), sorted by name."""
    if path.is_file():
        return sha256_file(path)
    files = sorted(entry for entry in path.rglob("*") if entry.is_file())
    if not files:
        raise InputError(f"{path}: no file there to hash")
    lines = [f"{sha256_file(entry)}  {entry.relative_to(path).as_posix()}\n" for entry in files]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
