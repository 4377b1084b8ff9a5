"""A scheduler of Dask and its workers on loopback, for tests: processes that end with the test."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.ports import reserved_port

HERE = ("--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0", "--no-dashboard")
START_S = 300  # on a busy machine; a few seconds otherwise


class DaskCluster(NamedTuple):
    """Where to connect, where workers run, and the processes: the scheduler, each worker's nanny, which restarts it."""

    address: str
    folder: Path
    processes: list[subprocess.Popen[bytes]]


@contextmanager
def dask_cluster(
    folder: Path,
    scratch: Path,
    workers: int,
    *,
    threads: int = 1,
    first_path: str = "",
    scheme: str = "tcp",
    options: Sequence[str] = (),
) -> Iterator[DaskCluster]:
    """Workers in ``folder`` that import what this process does, ``first_path`` before it; all are registered."""
    address = f"{scheme}://127.0.0.1:{reserved_port()}"
    port = address.rpartition(":")[2]
    commands = [["scheduler", *HERE, "--port", port, "--idle-timeout", "15 minutes", *options]]
    limits = ("--nthreads", str(threads), "--memory-limit", "0", "--local-directory", str(scratch))
    commands += [["worker", address, *HERE, *limits, "--death-timeout", str(START_S), *options]] * workers
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [first_path, *sys.path]))}
    log = scratch / "dask.log"
    with log.open("wb") as output:
        processes = [
            subprocess.Popen(
                [sys.executable, "-m", "dask", *command], cwd=folder, env=environment, stdout=output, stderr=output
            )
            for command in commands
        ]
        try:
            wait_for(log, b"Scheduler at:", 1)
            wait_for(log, b"Starting worker compute stream", workers)
            yield DaskCluster(address, folder, processes)
        finally:
            for process in reversed(processes):
                process.terminate()
            for process in processes:
                process.wait(timeout=START_S)


def wait_for(log: Path, words: bytes, times: int) -> None:
    """Until the log has the words so often; raises TimeoutError with what it has instead."""
    end = time.monotonic() + START_S
    while (content := log.read_bytes()).count(words) < times:
        if time.monotonic() > end:
            raise TimeoutError(content.decode("utf-8", "replace")[-2000:])
        time.sleep(0.1)
