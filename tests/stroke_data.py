"""The real stroke data for tests: the pinned wheel, fetched once through pip and kept in .cache/test-strokes."""

import hashlib
import os
from functools import cache
from pathlib import Path

from glyphlens.stages.strokes import main

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "data/packages/kanjivg.txt"


@cache
def stroke_folder() -> Path:
    """A folder as the `strokes` stage writes it."""
    key = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]
    folder = ROOT / ".cache/test-strokes" / key
    if not folder.is_dir():
        partial = folder.with_name(f"{key}.{os.getpid()}.partial")
        main(["--lock", str(LOCK), "--out", str(partial)])
        partial.rename(folder)
    return folder
