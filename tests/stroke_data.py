"""The real stroke data for tests: the pinned wheel, fetched once through pip and kept in .cache/test-strokes."""

import hashlib
from functools import cache
from pathlib import Path

from glyphlens.stages.strokes import main
from tests.fetched import fetched_once

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "data/packages/kanjivg.txt"


@cache
def stroke_folder() -> Path:
    """A folder as the `strokes` stage writes it."""
    key = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]
    return fetched_once(
        ROOT / ".cache/test-strokes" / key, lambda folder: main(["--lock", str(LOCK), "--out", str(folder)])
    )
