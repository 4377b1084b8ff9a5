"""Runs on their way to MLflow: files that are kept until it has them, so that no trouble of the tracker loses one."""

import os
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

from pydantic import ValidationError
from tqdm import tqdm

from glyphlens.core.errors import InputError, OutputError
from glyphlens.core.storage import save_text
from glyphlens.tracking.client import shown_uri, without_password
from glyphlens.tracking.facts import run_tags
from glyphlens.tracking.home import project_home
from glyphlens.tracking.record import PostedRun, RunRecord

SWITCH = "GLYPHLENS_TRACKING"
PATIENCE_S = 30.0


def post(record: RunRecord) -> None:
    """Keep the record and try to deliver it and all that wait; ``GLYPHLENS_TRACKING=off`` does nothing.

    Trouble is a warning and never an error: a server that is down, refuses or hangs (for PATIENCE_S at most), a locked
    database, a full disk. The record waits then for the next training, or for ``glyphlens track``.
    """
    if os.environ.get(SWITCH) == "off":
        return
    posted = PostedRun(id=uuid4().hex, end_ms=time.time_ns() // 1_000_000, tags=run_tags(record), record=record)
    file = outbox() / f"{posted.end_ms}-{posted.id}.json"
    try:
        save_text(file, posted.model_dump_json(indent=1))
    except (OutputError, OSError) as error:
        _warn(record, f"will not be in MLflow: {error}")
        return
    trouble = deliver(PATIENCE_S)
    if file.exists():
        _warn(
            record,
            f"is not in MLflow yet: {shown_uri()}: {trouble}; it waits in {file}, and the next training or "
            "`glyphlens track` sends it",
        )


def outbox() -> Path:
    """The folder of the runs that wait."""
    return project_home() / ".glyphlens/outbox"


def waiting() -> list[Path]:
    """The files of the runs that wait, oldest first."""
    return sorted(outbox().glob("*.json"))


def read_posted(file: Path) -> PostedRun:
    """A run that waits; raises InputError where the file is damaged."""
    try:
        return PostedRun.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise InputError(f"{file}: not a run that waits for MLflow ({error}); mend or remove it") from error


def deliver(patience_s: float) -> str:
    """Send every run that waits; says why some still do, nothing where none does.

    A process of its own does it: MLflow's settings stay out of the training, and one that hangs can be ended.
    """
    if not waiting():
        return ""
    command = [sys.executable, "-m", "glyphlens.tracking.delivery"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=patience_s, check=False)
    except subprocess.TimeoutExpired:
        return f"no answer within {patience_s:g} s"
    if answer.returncode == 0:
        return ""
    return without_password((answer.stdout.splitlines() or [f"its process ended with {answer.returncode}"])[-1])


def _warn(record: RunRecord, trouble: str) -> None:
    tqdm.write(f"{record.stage}: warning: this training {trouble}", file=sys.stderr)
