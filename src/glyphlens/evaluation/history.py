"""The run record: which configuration, data and models the numbers belong to; and the commit of the code."""

import hashlib
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from glyphlens.core.storage import sha256_file, sha256_tree

GIT_SECONDS = 20
CODE = ("src", "params.yaml", "dvc.yaml")  # what makes the numbers; metrics change by themselves


def run_record(
    params: Mapping[str, Any], data: Mapping[str, Path], models: Mapping[str, Path], metrics: Mapping[str, float]
) -> dict[str, Any]:
    """SHA-256 of the track's parameters, of every item of ``data`` and ``models``, and the headline metrics.

    ``params``: the sections of the track, since those of others have no say in its numbers. A folder's hash covers
    names and contents (``sha256_tree``). Raises InputError where an item is missing.
    """
    return {
        "config_sha256": config_hash(params),
        "data_sha256": {name: sha256_tree(path) for name, path in sorted(data.items())},
        "model_sha256": {name: sha256_file(path) for name, path in sorted(models.items())},
        "metrics": dict(metrics),
    }


def config_hash(params: Mapping[str, Any]) -> str:
    """SHA-256 of parameters; comments, order and spelling of numbers (``3e-4``, ``0.0003``) do not matter."""
    text = json.dumps(params, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def git_commit(folder: Path = Path()) -> str | None:
    """The commit checked out in ``folder``, with ``+changes`` where code or configuration differ; None outside git."""
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None:
        return None
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no", "--", *CODE)
    return commit + ("+changes" if changed else "")


def _git(folder: Path, *arguments: str) -> str | None:
    """Output of a git command; None where git is missing, hangs, or says no."""
    command = ["git", "--no-optional-locks", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=GIT_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
