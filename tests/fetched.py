"""What tests fetch from the world once and keep: several test processes may want it at the same moment."""

import os
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock


def fetched_once(folder: Path, fetch: Callable[[Path], None]) -> Path:
    """``folder``, made by ``fetch`` (which is given where to write) if it is not there; whole, and once."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not folder.is_dir():
            partial = folder.with_name(f"{folder.name}.{os.getpid()}.partial")
            fetch(partial)
            partial.rename(folder)
    return folder
