"""What a run carries beside its numbers: which code and data, which experiment of DVC, which machine."""

import hashlib
import json
import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

from glyphlens.tracking.record import RunRecord

DECISIVE = ("src", "params.yaml", "dvc.yaml")  # a change to another file is no change to a training
CPU_INFO = Path("/proc/cpuinfo")
GIT_SECONDS = 20


def run_tags(record: RunRecord) -> dict[str, str]:
    """Tags of the run by their MLflow names, those that are not known left out; collect them where it was trained."""
    tags = _source(record.stage) | _hashes(record) | {f"machine.{name}": value for name, value in machine().items()}
    return {name: value for name, value in tags.items() if value}


def _source(stage: str) -> dict[str, str]:
    commit, experiment = _git("rev-parse", "HEAD"), os.environ.get("DVC_EXP_NAME", "")
    return {
        "dvc.stage": stage,
        "dvc.experiment": experiment,
        "git.dirty": str(_is_dirty()).lower() if commit else "",
        "mlflow.source.name": f"dvc.yaml:{stage}",
        "mlflow.source.type": "PROJECT",
        "mlflow.source.git.commit": commit,
        "mlflow.note.content": _whereabouts(stage, experiment, commit),
    }


def git_commit() -> str | None:
    """The commit checked out here, with ``+changes`` where a file that decides differs or is new; None outside git."""
    commit = _git("rev-parse", "HEAD")
    return commit + "+changes" * _is_dirty() if commit else None


def _is_dirty() -> bool:
    return bool(_git("status", "--porcelain", "--", *DECISIVE))


def _git(*arguments: str) -> str:
    """Git's answer; empty without git, where it hangs, in a folder without a repository or a commit."""
    command = ["git", "--no-optional-locks", *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=GIT_SECONDS).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def _hashes(record: RunRecord) -> dict[str, str]:
    config = hashlib.sha256(json.dumps(record.params, sort_keys=True).encode()).hexdigest()
    inputs = {"config": config, "code": record.code, **record.data}
    return {f"sha256/{name}": value for name, value in inputs.items()}


def machine() -> dict[str, str]:
    """What can make a run faster or slower, by name; no host is named."""
    import torch

    return {
        "platform": platform.platform(),
        "cpu": _cpu_model(),
        "cores": str(os.cpu_count()),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else "",
        "threads": str(torch.get_num_threads()),
        "python": platform.python_version(),
        "torch": version("torch"),
    }


def _cpu_model() -> str:
    named = re.search(r"model name\s*: (.+)", CPU_INFO.read_text(encoding="utf-8")) if CPU_INFO.is_file() else None
    return named[1] if named else platform.machine()


def _whereabouts(stage: str, experiment: str, commit: str) -> str:
    """The run's description: DVC has its outputs, MLflow gets no second copy."""
    if experiment:
        return f"Weights and curves: outputs of `{stage}`, `dvc exp apply {experiment}`"
    trained = f", trained on commit `{commit}`" if commit else ""
    return f"Weights and curves: outputs of `{stage}` in `dvc.lock`{trained}"
