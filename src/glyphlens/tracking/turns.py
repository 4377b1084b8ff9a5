"""Promotions and rollbacks of a model one after the other, from all repositories that share a registry."""

import socket
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from filelock import BaseFileLock, FileLock, Timeout
from tqdm import tqdm

from glyphlens.core.errors import OutputError
from glyphlens.core.storage import save_text
from glyphlens.tracking.client import shown_registry
from glyphlens.tracking.home import project_home

if TYPE_CHECKING:
    from mlflow import MlflowClient

ID_TAG, HOLDER_TAG = "turn", "holder"
PATIENCE_S, PAUSE_S = 60.0, 0.2


@contextmanager
def turn(client: "MlflowClient", name: str) -> Iterator[None]:
    """Have the model to oneself for the block; raises OutputError where another one has it for PATIENCE_S.

    MLflow changes no alias on a condition, but takes the name of a registered model only once: ``<name>.turn`` exists
    while someone is at work. A killed process leaves it behind, and its id in ``.glyphlens``, by which the next one in
    the same repository knows it; there the file lock, which ends with its process, says that nobody is at work.
    """
    deadline_s = time.monotonic() + PATIENCE_S
    lock, left = f"{name}.turn", project_home() / f".glyphlens/{name}.turn"
    with _alone(name, left.with_suffix(".lock"), deadline_s):
        if left.exists() and _tags(client, lock).get(ID_TAG) == left.read_text(encoding="utf-8"):
            client.delete_registered_model(lock)
        _claim(client, lock, left, deadline_s)
        try:
            yield
        finally:
            client.delete_registered_model(lock)
            left.unlink()


def _alone(name: str, file: Path, deadline_s: float) -> AbstractContextManager[BaseFileLock]:
    """The held lock of this repository, which is released with its process; raises OutputError at the deadline."""
    lock, under_way = FileLock(file), f"{name}: another promotion or rollback of {project_home()} is under way"
    try:
        return lock.acquire(blocking=False)
    except Timeout:
        tqdm.write(f"{under_way}; waiting for up to {PATIENCE_S:g} s", file=sys.stderr)
        try:
            return lock.acquire(timeout=max(0, deadline_s - time.monotonic()))
        except Timeout as error:
            raise OutputError(f"{under_way}; wait for its end") from error


def _claim(client: "MlflowClient", lock: str, left: Path, deadline_s: float) -> None:
    identity = uuid4().hex
    save_text(left, identity)
    has_told = False
    while not _is_claimed(client, lock, identity):
        if time.monotonic() > deadline_s:
            raise OutputError(f"{_held(client, lock)}; {_way_out(lock)}")
        if not has_told:
            tqdm.write(f"{_held(client, lock)}; waiting for up to {PATIENCE_S:g} s", file=sys.stderr)
        has_told = True
        time.sleep(PAUSE_S)


def _is_claimed(client: "MlflowClient", lock: str, identity: str) -> bool:
    from mlflow.exceptions import MlflowException

    holder = f"{socket.gethostname()}:{project_home()}"
    try:
        client.create_registered_model(lock, {ID_TAG: identity, HOLDER_TAG: holder}, "a promotion or rollback at work")
    except MlflowException as error:
        # The second: it was there, and gone when MLflow looked what it was.
        if error.error_code not in ("RESOURCE_ALREADY_EXISTS", "RESOURCE_DOES_NOT_EXIST"):
            raise
        return False
    return True


def _held(client: "MlflowClient", lock: str) -> str:
    found = client.search_registered_models(f"name='{lock}'")
    since = f"{datetime.fromtimestamp(found[0].creation_timestamp / 1000):%Y-%m-%d %H:%M:%S}" if found else "now"
    holder = found[0].tags.get(HOLDER_TAG, "another one") if found else "another one"
    return f"{lock.removesuffix('.turn')}: {holder} is promoting or rolling back since {since}"


def _way_out(lock: str) -> str:
    return (
        "wait for its end, or, if it was killed, run `glyphlens promote` or `rollback` there again, or delete the "
        f"registered model {lock} in {shown_registry()}"
    )


def _tags(client: "MlflowClient", lock: str) -> dict[str, str]:
    found = client.search_registered_models(f"name='{lock}'")
    return dict(found[0].tags) if found else {}
