"""The reading processes as the server sees them: started, given jobs, replaced when they end, hang or are outdated.

The server itself reads nothing that a client sent. A process that crashes or hangs on a file costs that file's request
only: others that were read with it are read again, alone.
"""

import asyncio
import logging
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

from glyphlens.core.errors import GlyphlensError
from glyphlens.core.shards import THREAD_VARIABLES
from glyphlens.serving.figures import Figures
from glyphlens.serving.jobs import LONG, Answer, Job, WaitingJobs, refusal
from glyphlens.serving.limits import MIB, ServerLimits
from glyphlens.serving.logs import say
from glyphlens.serving.messages import Message, Unpacker, packed

START_SECONDS = 120.0  # for a process to open its models
# Threads that wait do not spin, nobody sees a bar of progress, and Arrow takes memory as it needs it.
ENVIRONMENT = {"OMP_WAIT_POLICY": "PASSIVE", "TQDM_DISABLE": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}
LOOK_SECONDS = 0.2  # between two looks at the memory of those that are busy
PAGE_BYTES = resource.getpagesize()
MOST_FAILURES = 2  # readings of a job that may end with their process, before it is given up
PAUSES = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0)  # seconds before a process is started again that never got ready


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
        head = {"kind": jobs[0].kind, "model": jobs[0].model, "options": [job.options for job in jobs]}
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


class ReaderPool:
    """``size`` reading processes with the same models, and the jobs that wait for them."""

    def __init__(self, models: Models, limits: ServerLimits, size: int, figures: Figures) -> None:
        self.models, self.limits, self.size, self.figures = models, limits, size, figures
        self.waiting = WaitingJobs(limits)
        self.readers: list[ReadingProcess] = []  # that are ready
        self.facts: dict[str, dict[str, Any]] = {}  # of the models, by name
        self.is_closing = False
        self._idle: list[ReadingProcess] = []
        self._starting: set[ReadingProcess] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._swapping = asyncio.Lock()
        self.loop = asyncio.get_running_loop()

    async def start(self) -> None:
        """All processes at once; raises GlyphlensError where they cannot open the models."""
        started = [await self._started(self.models) for _ in range(self.size)]
        faults = [reader.fault for reader in started if not await reader.ready]
        if faults:
            await self.close()
            raise GlyphlensError(faults[0] or "the reading process ended before it had opened its models")
        for reader in started:
            self._enter(reader)
        self._later(self._watch_memory())

    async def close(self) -> None:
        """End all processes; jobs that still wait are refused."""
        self.is_closing = True
        for task in self._tasks:
            task.cancel()
        while jobs := self.waiting.take(long=True):
            for job in jobs:
                job.give(refusal(HTTPStatus.SERVICE_UNAVAILABLE, "the server is being ended"))
        for reader in [*self.readers, *self._starting]:
            reader.kill()
        while self.readers or self._starting:
            await asyncio.sleep(0.01)

    def submit(self, job: Job) -> None:
        """Read it as soon as a process is free; raises QueueFull."""
        self.waiting.put(job)
        self._dispatch()

    async def replace(self, models: Models) -> str:
        """Put processes with other models in the place of all, one by one; no job is lost. Says why it could not be
        done, and then all is as before; empty where it was."""
        async with self._swapping:
            before, self.models = self.models, models
            for _ in range(self.size):
                reader = await self._started(models)
                if not await reader.ready:
                    self.models = before
                    for newer in [each for each in self.readers if each.models is models]:
                        self._leave(newer)
                        self._later(self._restart())
                    return reader.fault or "the reading process ended before it had opened its models"
                self._enter(reader)
                outdated = [each for each in self.readers if each.models is not models]
                if outdated:
                    self._leave(outdated[0])
            return ""

    def answered(self, reader: ReadingProcess, jobs: Sequence[Job], message: Message) -> None:
        """Hand out answers; the process is free again."""
        self.figures.read(jobs, time.monotonic() - reader.begun)
        heads = message.head["answers"]
        for job, (status, media_type), content in zip(jobs, heads, message.parts, strict=True):
            job.give(Answer(status, content, media_type))
        if reader.is_outdated:
            reader.kill()
        elif not self.is_closing:
            self._idle.append(reader)
            self._dispatch()

    def lost(self, reader: ReadingProcess, jobs: Sequence[Job]) -> None:
        """A process has ended: its jobs are read again, alone, or given up, and another process is started."""
        self._starting.discard(reader)
        was_ready = reader in self.readers
        for group in (self.readers, self._idle):
            if reader in group:
                group.remove(reader)
        reader.kill()
        status = reader.process.wait()
        for job in jobs:
            self._failed(job, reader.reason if len(jobs) == 1 else None)
        if was_ready and not self.is_closing:
            say(
                "reader ended",
                logging.ERROR,
                status=status,
                reason=reader.reason and reader.reason.status,
                jobs=len(jobs),
            )
            self.figures.restarts.inc()
            self._later(self._restart())
        self._dispatch()

    def _failed(self, job: Job, reason: Refusal | None) -> None:
        job.failures += 1
        if reason is not None:
            job.give(refusal(*reason))
        elif job.failures >= MOST_FAILURES:
            job.give(refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "the process that read it ended, twice"))
        elif self.is_closing:
            job.give(refusal(HTTPStatus.SERVICE_UNAVAILABLE, "the server is being ended"))
        else:
            self.waiting.put_back(job)

    async def _watch_memory(self) -> None:
        most = self.limits.memory_mib * MIB
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for reader in [reader for reader in self.readers if reader.jobs]:
                if reader.resident_bytes - reader.opened_bytes > most:
                    detail = f"it needs more than {self.limits.memory_mib} MiB to be read"
                    reader.kill_because(Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail))

    async def _restart(self) -> None:
        for attempt in range(1_000_000):
            await asyncio.sleep(PAUSES[min(attempt, len(PAUSES) - 1)])
            if len(self.readers) >= self.size:
                return
            reader = await self._started(self.models)
            if await reader.ready:
                self._enter(reader)
                return
            say("reader failed", logging.ERROR, fault=reader.fault)

    async def _started(self, models: Models) -> ReadingProcess:
        reader = ReadingProcess(self, models)
        self._starting.add(reader)
        await reader.connect()
        return reader

    def _enter(self, reader: ReadingProcess) -> None:
        self._starting.discard(reader)
        if reader.is_gone:  # right after it had said that it was ready
            self._later(self._restart())
            return
        self.readers.append(reader)
        self._idle.append(reader)
        self.facts = {entry["name"]: entry for entry in reader.facts}
        self._dispatch()

    def _leave(self, reader: ReadingProcess) -> None:
        for group in (self.readers, self._idle):
            if reader in group:
                group.remove(reader)
        reader.retire()

    def _dispatch(self) -> None:
        """Give waiting jobs to idle processes; of several, the last that is free does not read what takes long."""
        while self._idle:
            busy_long = sum(1 for reader in self.readers if reader.jobs and reader.jobs[0].kind in LONG)
            long = self.size == 1 or busy_long < self.size - 1
            jobs = self.waiting.take(long=long)
            if not jobs:
                return
            self._idle.pop().read(jobs)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
