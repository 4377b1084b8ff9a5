"""A task for every item, each in a process of its own with bounded time and memory: none can hang or crash the rest."""

import multiprocessing
import os
import resource
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from threadpoolctl import threadpool_limits

from glyphlens.core.errors import InputError

Item = TypeVar("Item")
Result = TypeVar("Result")
PAGE_BYTES = resource.getpagesize()


class Limits(NamedTuple):
    """What one task may use: wall-clock seconds and memory beyond what the parent holds."""

    seconds: float
    memory_mib: int


class Outcome(NamedTuple, Generic[Result]):
    """Result of the item with this number, or the reason why there is none."""

    number: int
    result: Result | None
    reason: str


class _Running(NamedTuple):
    number: int
    process: BaseProcess
    deadline: float


def run_isolated(
    task: Callable[[Item], Result], items: Sequence[Item], limits: Limits, workers: int
) -> Iterator[Outcome[Result]]:
    """Outcomes in the order in which they come; a task that raises, dies or exceeds a limit yields its reason."""
    context = multiprocessing.get_context("fork")  # the children share what the parent has loaded
    waiting = list(enumerate(items))[::-1]
    running: dict[Connection, _Running] = {}
    try:
        while waiting or running:
            while waiting and len(running) < max(1, workers):
                number, item = waiting.pop()
                receiver, sender = context.Pipe(duplex=False)
                process = context.Process(target=_child, args=(task, item, sender, limits), daemon=True)
                process.start()
                sender.close()
                running[receiver] = _Running(number, process, time.monotonic() + limits.seconds)
            yield from _collect(running, limits)
    finally:
        for receiver, entry in running.items():
            _end(receiver, entry)


def _collect(running: dict[Connection, _Running], limits: Limits) -> Iterator[Outcome[Any]]:
    """Wait until something reports or the next deadline passes."""
    next_deadline = min(entry.deadline for entry in running.values())
    ready = wait(list(running), timeout=max(0.0, next_deadline - time.monotonic()))
    now = time.monotonic()
    for receiver in [
        connection for connection in running if connection in ready or running[connection].deadline <= now
    ]:
        entry = running.pop(receiver)
        result, reason = _receive(receiver, entry, limits) if receiver in ready else (None, "")
        late = receiver not in ready
        _end(receiver, entry)
        yield Outcome(entry.number, result, f"took longer than {limits.seconds:g} s" if late else reason)


def _receive(receiver: Connection, entry: _Running, limits: Limits) -> tuple[Any, str]:
    try:
        result, reason = receiver.recv()
    except EOFError:  # the child is gone without a word
        entry.process.join()
        code = entry.process.exitcode or 0
        killer = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        return None, f"its process died ({killer}; limits {limits.seconds:g} s, {limits.memory_mib} MiB)"
    return result, reason


def _end(receiver: Connection, entry: _Running) -> None:
    receiver.close()
    entry.process.kill()
    entry.process.join()


def _child(task: Callable[[Any], Any], item: Any, sender: Connection, limits: Limits) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its children
    held = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * PAGE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (held + (limits.memory_mib << 20),) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threadpool_limits(1)  # one of several processes: more threads would only wait for each other
    try:
        answer = task(item), ""
    except MemoryError:
        answer = None, f"needs more than {limits.memory_mib} MiB"
    except InputError as error:
        answer = None, str(error)
    except Exception as error:  # noqa: BLE001 — the border: whatever a broken file makes a library stumble over ends here, by name
        answer = None, f"{type(error).__name__}: {error}"
    sender.send(answer)
    sender.close()
    os._exit(0)
