"""`glyphlens serve` as a process on loopback, for tests, and the little HTTP that they speak with it."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PYTHON = sys.executable  # itself, which other tests put something else in the place of
START_SECONDS = 300.0


@dataclass(frozen=True)
class Reply:
    """What the server answered."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)


@dataclass
class RunningServer:
    process: "subprocess.Popen[bytes]"
    port: int
    log: Path

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None, timeout: float = 600
    ) -> Reply:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def post(self, path: str, body: Any, **headers: str) -> Reply:
        return self.ask("POST", path, body, {name.replace("_", "-"): value for name, value in headers.items()})

    @contextmanager
    def connection(self, timeout: float = 600) -> Iterator[socket.socket]:
        """A socket, to send what no client sends."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as opened:
            yield opened

    @property
    def readers(self) -> list[int]:
        """Process ids of the reading processes."""
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii")
        return [int(number) for number in found.split()]

    @property
    def events(self) -> list[dict[str, Any]]:
        """Its log so far."""
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]

    def wait_ready(self) -> None:
        """Until a reading process has opened its models, after another has ended."""
        deadline = time.monotonic() + START_SECONDS
        while self.ask("GET", "/ready").status != 200:
            assert time.monotonic() < deadline, self.log.read_text(encoding="utf-8")
            time.sleep(0.05)


@contextmanager
def running_server(folder: Path, *options: str, **environment: str) -> Iterator[RunningServer]:
    """A server on any port until the block ends; it has to end by itself then, with status 0."""
    log = folder / f"{time.monotonic_ns()}.log"
    command = [PYTHON, "-m", "glyphlens.cli", "serve", "--port", "0", *options]
    with log.open("wb") as lines:
        process = subprocess.Popen(command, stderr=lines, env={**os.environ, **environment})
    try:
        yield RunningServer(process, _port(process, log), log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(timeout=60)
        finally:
            process.kill()
            process.wait()
    assert status == 0, log.read_text(encoding="utf-8")


def _port(process: "subprocess.Popen[bytes]", log: Path) -> int:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        for line in log.read_text(encoding="utf-8").splitlines(keepends=True):
            if line.endswith("\n") and '"event":"serving"' in line:
                return int(json.loads(line)["address"].rpartition(":")[2])
        time.sleep(0.05)
    raise AssertionError(f"the server did not start: {log.read_text(encoding='utf-8')}")
