"""The reading processes as the server sees them: given jobs, replaced when they end, hang or are outdated.

The server itself reads nothing that a client sent. A process that crashes or hangs on a file costs that file's request
only: others that were read with it are read again, alone.
"""

import asyncio
import logging
import time
from collections.abc import Coroutine, Sequence
from http import HTTPStatus
from typing import Any

from glyphlens.core.errors import GlyphlensError
from glyphlens.serving.figures import Figures
from glyphlens.serving.jobs import ALONE, Answer, Job, WaitingJobs, refusal
from glyphlens.serving.limits import MIB, ServerLimits
from glyphlens.serving.logs import say
from glyphlens.serving.messages import Message
from glyphlens.serving.reading_process import Models, ReadingProcess, Refusal

LOOK_SECONDS = 0.2  # between two looks at the memory of those that are busy
MOST_FAILURES = 2  # readings of a job that may end with their process, before it is given up
ENDING = refusal(HTTPStatus.SERVICE_UNAVAILABLE, "the server is being ended")
PAUSES = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0)  # seconds before a process is started again that never got ready


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
                job.give(ENDING)
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
            if status != ALONE.status:
                job.give(Answer(status, content, media_type))
            elif self.is_closing:
                job.give(ENDING)
            else:
                job.is_several = True
                self.waiting.put_back(job)
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
            job.give(ENDING)
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
        if len([each for each in self.readers if each.models is self.models]) >= self.size:
            reader.retire()  # one that ended was replaced together with all others
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
            busy_long = sum(1 for reader in self.readers if reader.jobs and reader.jobs[0].is_long)
            long = self.size == 1 or busy_long < self.size - 1
            jobs = self.waiting.take(long=long)
            if not jobs:
                return
            self._idle.pop().read(jobs)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
