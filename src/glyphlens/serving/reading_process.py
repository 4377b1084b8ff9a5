"""One reading process as the server sees it: started, given jobs, answered by, ended."""

import asyncio
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from glyphlens.core.shards import THREAD_VARIABLES
from glyphlens.serving.jobs import Job
from glyphlens.serving.messages import Message, Unpacker, packed

if TYPE_CHECKING:
    from glyphlens.serving.readers import ReaderPool

START_SECONDS = 120.0  # for a process to open its models
# Threads that wait do not spin, nobody sees a bar of progress, and Arrow takes memory as it needs it.
ENVIRONMENT = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "TQDM_DISABLE": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}
PAGE_BYTES = resource.getpagesize()


class ServedModel(NamedTuple):
    """Where a model is opened from, and which version of it that is; "" where its files say."""

    address: str
    version: str = ""


Models = Mapping[str, ServedModel]


class Refusal(NamedTuple):
    """A status, and why."""

    status: int
    detail: str


class ReadingProcess(asyncio.Protocol):
    """One reading process: starting, idle, busy with jobs, or ending."""

    def __init__(self, pool: "ReaderPool", models: Models) -> None:
        self.pool, self.models = pool, models
        self.jobs: Sequence[Job] = ()
        self.begun = 0.0
        self.facts: list[dict[str, Any]] = []  # of its models, once it is ready
        self.fault = ""
        self.is_outdated = self.is_gone = False
        self.reason: Refusal | None = None  # why it was killed
        self.opened_bytes = 0  # what it takes with its models open
        self.ready: asyncio.Future[bool] = pool.loop.create_future()
        self._unpacker = Unpacker()
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        """The process at one end of a pair of sockets; threads are limited before numpy is loaded there."""
        self._socket, other = socket.socketpair()
        environment = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, "1"), **ENVIRONMENT}
        command = [sys.executable, "-m", "glyphlens.serving.reader", str(other.fileno())]
        with other:
            return subprocess.Popen(
                command, env=environment, pass_fds=[other.fileno()], stdin=subprocess.DEVNULL, start_new_session=True
            )

    async def connect(self) -> None:
        """Tell the process what to open; ``ready`` says later whether it could."""
        transport, _ = await self.pool.loop.create_connection(lambda: self, sock=self._socket)
        self._transport = transport
        models = {name: list(entry) for name, entry in self.models.items()}
        transport.write(packed({"models": models, "limits": asdict(self.pool.limits)}))
        self._arm(START_SECONDS)

    def read(self, jobs: Sequence[Job]) -> None:
        """Send jobs of one kind and model."""
        assert self._transport is not None
        self.jobs, self.begun = jobs, time.monotonic()
        head = {
            "kind": jobs[0].kind, "model": jobs[0].model, "options": [job.options for job in jobs],
            "few": not jobs[0].is_several,
        }  # fmt: skip
        self._transport.write(packed(head, [job.body for job in jobs]))
        self._arm(self.pool.limits.seconds)

    def retire(self) -> None:
        """End it, once it has answered."""
        self.is_outdated = True
        if not self.jobs:
            self.kill()

    def kill(self) -> None:
        """End it and all that it has started; it has nothing to lose but its jobs."""
        if self.process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def kill_because(self, reason: "Refusal") -> None:
        """End it for what it reads, which is what whoever asked for that is told."""
        self.reason = reason
        self.kill()

    @property
    def resident_bytes(self) -> int:
        """The memory that it takes now; 0 where it is gone."""
        try:
            fields = Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii").split()
        except OSError:
            return 0
        return int(fields[1]) * PAGE_BYTES

    def data_received(self, data: bytes) -> None:
        """Answers, or what it has opened."""
        for message in self._unpacker.feed(data):
            self._disarm()
            if not self.ready.done():
                self._opened(message)
            elif len(message.parts) != len(self.jobs):  # it is not to be trusted any more
                self.kill()
            else:
                jobs, self.jobs = self.jobs, ()
                self.pool.answered(self, jobs, message)

    def connection_lost(self, exc: Exception | None) -> None:
        """The process is gone, or was let go."""
        self._disarm()
        self.is_gone = True
        if not self.ready.done():
            self.ready.set_result(False)
        jobs, self.jobs = self.jobs, ()
        self.pool.lost(self, jobs)

    def _opened(self, message: Message) -> None:
        self.fault, self.facts = message.head.get("fault", ""), message.head.get("models", [])
        self.opened_bytes = self.resident_bytes
        self.ready.set_result(not self.fault)

    def _arm(self, seconds: float) -> None:
        self._timer = self.pool.loop.call_later(seconds, self._late)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        detail = f"it takes longer than {self.pool.limits.seconds:g} s to read"
        self.kill_because(Refusal(HTTPStatus.GATEWAY_TIMEOUT, detail))
