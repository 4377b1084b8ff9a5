"""Real servers on this machine alone, for the block that needs them: MLflow's and PostgreSQL."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

from tests.ports import reserved_port

START_S = 600.0
UNPRIVILEGED = "nobody"  # PostgreSQL refuses to run as root


@contextmanager
def running(command: list[str], is_up: Callable[[], bool], log: Path, **named: Any) -> Iterator[None]:
    """A server, from its first answer until the block ends; its processes end with it."""
    with log.open("wb") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True, **named)
    try:
        deadline_s = time.monotonic() + START_S
        while not is_up():
            assert server.poll() is None and time.monotonic() < deadline_s, log.read_text(encoding="utf-8")
            time.sleep(0.1)
        yield
    finally:
        os.killpg(server.pid, signal.SIGINT)
        server.wait(timeout=START_S)


def answers(url: str) -> bool:
    try:
        with urlopen(f"{url}/health", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@contextmanager
def mlflow_server(folder: Path, port: int, database: str = "") -> Iterator[None]:
    """With its artifacts in the folder, and its SQLite database too where it is given no other."""
    store = database or f"sqlite:///{folder}/mlflow.db"
    options = {"host": "127.0.0.1", "port": port, "workers": 1, "backend-store-uri": store}
    options["artifacts-destination"] = f"{folder}/artifacts"
    command = [sys.executable, "-m", "mlflow", "server", *(f"--{name}={value}" for name, value in options.items())]
    settings = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with running(command, lambda: answers(f"http://127.0.0.1:{port}"), folder / "server.log", env=settings, cwd=folder):
        yield


def postgres_is_missing() -> str:
    """Why PostgreSQL cannot be tested here; empty where it can."""
    if not (shutil.which("postgres") and shutil.which("initdb")):
        return "PostgreSQL (postgres, initdb) is not installed"
    return "" if find_spec("psycopg") else "PostgreSQL's driver is not installed: pip install 'psycopg[binary]'"


@contextmanager
def postgres() -> Iterator[str]:
    """A fresh cluster, outside of pytest's folders, which belong to root alone; yields the address of its database."""
    port = reserved_port()
    named: dict[str, Any] = {"cwd": "/"}
    with TemporaryDirectory() as folder:
        if os.geteuid() == 0:
            owner = pwd.getpwnam(UNPRIVILEGED)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            named |= {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        initdb = ["initdb", "-D", f"{folder}/cluster", "-U", "glyphlens", "-A", "trust", "--no-sync"]
        subprocess.run(initdb, check=True, capture_output=True, **named)
        command = ["postgres", "-D", f"{folder}/cluster", "-p", str(port), "-h", "127.0.0.1", "-k", "", "-F"]
        with running(command, lambda: listens(port), Path(folder) / "postgres.log", **named):
            yield f"postgresql://glyphlens@127.0.0.1:{port}/postgres"


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
