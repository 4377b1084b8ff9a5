"""A folder that even root cannot look into: its path is longer than the system takes."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = "deep" * 60
DEPTH = 20  # × 240 bytes is more than 4,096


@contextmanager
def too_deep(folder: Path) -> Iterator[Path]:
    """Make it below ``folder``, and remove it in the end."""
    top = folder / NAME
    top.mkdir()
    descriptor = os.open(top, os.O_DIRECTORY)
    for _ in range(DEPTH):
        os.mkdir(NAME, dir_fd=descriptor)
        below = os.open(NAME, os.O_DIRECTORY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(descriptor)
    yield top
    shutil.rmtree(top)
