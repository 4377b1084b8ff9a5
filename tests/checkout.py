"""The repository as a clone would have it."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def committed() -> list[Path]:
    """All files that git has or would add."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [path for name in names.split("\0") if name and (path := ROOT / name).is_file()]
