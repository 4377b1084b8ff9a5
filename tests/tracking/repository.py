"""Scratch repositories of git and DVC."""

import subprocess
from pathlib import Path

from tests.preloaded import python

IDENTITY = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.org")


def git(folder: Path, *arguments: str) -> str:
    """What git says to it."""
    command = ["git", "-C", str(folder), *IDENTITY, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def dvc(folder: Path, *arguments: str) -> str:
    """What DVC says to it, outputs and errors together."""
    command = [python(), "-m", "dvc", *arguments]
    answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout + answer.stderr


def commit_all(folder: Path) -> str:
    """The new commit."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "all")
    return git(folder, "rev-parse", "HEAD")
