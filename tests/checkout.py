"""The repository as a clone would have it, and as GitHub's machine has it after a checkout."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SYSTEM_PATH = "/usr/bin:/bin"


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


def copy_of_the_checkout(folder: Path) -> None:
    """The same files elsewhere, modes kept."""
    for path in committed():
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)


def link_environment(folder: Path) -> None:
    """``.venv`` as `make setup` would leave it in ``folder``: this environment, linked, and newer than its lock."""
    place = folder / ".venv"
    place.mkdir()
    for entry in Path(sys.prefix).iterdir():
        if entry.name != ".set-up":
            (place / entry.name).symlink_to(entry)
    (place / ".set-up").touch()


def bare_environment(folder: Path) -> dict[str, str]:
    """What a program finds on a new machine: system programs, a python3 and npm, a home without a git identity.

    ``folder`` holds the two. Where to fetch npm's packages from is this machine's setting.
    """
    home, tools = folder / "home", folder / "tools"
    home.mkdir(parents=True)
    tools.mkdir()
    if (settings := Path.home() / ".npmrc").exists():
        (home / ".npmrc").symlink_to(settings)
    for name in ("git", "make", "node", "npm"):
        found = shutil.which(name)
        if found and not shutil.which(name, path=SYSTEM_PATH):
            (tools / name).symlink_to(found)
    python = tools / "python3"
    python.write_text(f'#!/bin/sh\nexec "{Path(sys.base_prefix) / "bin/python3"}" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    return {"HOME": str(home), "PATH": f"{tools}{os.pathsep}{SYSTEM_PATH}"}
