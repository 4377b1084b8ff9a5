"""Requests that wait to be read: a bounded queue from which those that can be read together are taken together.

Nothing waits for company: whoever is free takes what is there.
"""

import asyncio
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, NamedTuple

import orjson

from glyphlens.serving.limits import MIB, ServerLimits

TOGETHER = frozenset({"predict"})  # kinds of which several are read at once
LONG = frozenset({"identify", "read"})  # kinds that take seconds
FEW = 4  # pictures of a request that are read beside other requests
TOGETHER_BYTES = MIB  # of the bodies that are read at once: a large one would make the others wait
LARGE_BYTES = 65_536  # a body that is read alone


class Answer(NamedTuple):
    """An HTTP status, and the content with its media type."""

    status: int
    content: bytes
    media_type: str = "application/json"


@dataclass(eq=False)
class Job:
    """One request to be read: its endpoint, model, options and body, and the answer to come."""

    kind: str
    model: str
    options: Mapping[str, Any]
    body: bytes
    answer: "asyncio.Future[Answer]"
    since: float = field(default_factory=time.monotonic)
    failures: int = 0  # readings that ended with their process
    is_several: bool = False  # whether it has more pictures than are read beside other requests

    @property
    def is_alone(self) -> bool:
        """Whether it must not be read with others: it is large, or may have ended a process."""
        return self.kind not in TOGETHER or self.is_several or self.failures > 0 or len(self.body) > LARGE_BYTES

    @property
    def is_long(self) -> bool:
        """Whether it may take seconds, so that a reading process is left to the others."""
        return self.kind in LONG or self.is_several or self.failures > 0

    @property
    def is_awaited(self) -> bool:
        """Whether somebody still waits for its answer."""
        return not self.answer.done()

    def give(self, answer: Answer) -> None:
        """Answer it, unless whoever asked is gone."""
        if self.is_awaited:
            self.answer.set_result(answer)


ALONE = Answer(0, b"")  # what a reading process says of a job that it is to be given again, alone, as ``is_several``


class QueueFull(Exception):
    """As many requests wait as may wait."""


class WaitingJobs:
    """Jobs by what they can be read with; the oldest comes first."""

    def __init__(self, limits: ServerLimits) -> None:
        self._limits = limits
        self._queues: dict[tuple[Any, ...], deque[tuple[int, Job]]] = {}
        self._numbers = count()
        self._length = 0

    def __len__(self) -> int:
        return self._length

    @property
    def is_full(self) -> bool:
        """Whether a further job would be refused; those that nobody waits for any more make room."""
        if self._length >= self._limits.waiting:
            self._sweep()
        return self._length >= self._limits.waiting

    def put(self, job: Job) -> None:
        """At the end; raises QueueFull."""
        if self.is_full:
            raise QueueFull
        number = next(self._numbers)
        key = (job.is_long, job.kind, job.model, *([number] if job.is_alone else []))
        self._queues.setdefault(key, deque()).append((number, job))
        self._length += 1

    def put_back(self, job: Job) -> None:
        """Before all others, to be read alone; not refused, as it had a place."""
        number = -1 - next(self._numbers)
        self._queues[job.is_long, job.kind, job.model, number] = deque([(number, job)])
        self._length += 1

    def take(self, *, long: bool) -> list[Job]:
        """The oldest job that somebody still waits for, and those that can be read with it; ``long`` ones too or not.

        Empty where there is none.
        """
        while True:
            keys = [key for key in self._queues if long or not key[0]]
            if not keys:
                return []
            jobs = self._taken(min(keys, key=lambda key: self._queues[key][0][0]))
            if jobs:
                return jobs

    def _taken(self, key: tuple[Any, ...]) -> list[Job]:
        queue, jobs, size = self._queues[key], list[Job](), 0
        while queue and len(jobs) < self._limits.batch and (not jobs or size < TOGETHER_BYTES):
            _, job = queue.popleft()
            self._length -= 1
            if not job.is_awaited:
                continue
            jobs.append(job)
            size += len(job.body)
        if not queue:
            del self._queues[key]
        return jobs

    def _sweep(self) -> None:
        queues = {key: deque(entry for entry in queue if entry[1].is_awaited) for key, queue in self._queues.items()}
        self._queues = {key: queue for key, queue in queues.items() if queue}
        self._length = sum(map(len, queues.values()))


def refusal(status: int, detail: str) -> Answer:
    """An answer that says why there is none, as FastAPI says it."""
    return Answer(status, orjson.dumps({"detail": detail}))
