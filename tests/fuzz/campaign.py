"""Inputs for every target in processes of their own: one that ends, or does not end, is a finding like any other."""

import mmap
import multiprocessing
import os
import resource
import signal
import struct
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from glyphlens.core.storage import writing
from tests.fuzz.trial import KIB, Ending, Target, tried

Build = Callable[[Path], Target]
STUCK_SECONDS, WAITING_SECONDS = 30.0, 1800.0  # of processor time on one input; by the clock, on a busy machine
UTIME = 11  # proc(5), /proc/pid/stat, counted from behind the name
TICKS = os.sysconf("SC_CLK_TCK")
ADDRESSES_MIB = 3072  # of addresses beyond what the process has when it begins
LOOK_SECONDS = 0.05
PAGE_BYTES = resource.getpagesize()
STANDARD_ERROR = 2
BUILDING = -1  # in place of a number, before the first input
COUNTERS, LENGTHS = 9, struct.Struct("<QQ")
LONGEST_NAME, LONGEST_INPUT = 255, 4 << 20
BOARD_BYTES = 8 * COUNTERS + LENGTHS.size + LONGEST_NAME + LONGEST_INPUT


class Finding(NamedTuple):
    """An input that was neither answered nor refused as it should be."""

    target: str
    number: int
    fault: str
    file: str
    data: bytes

    def keep(self, folder: Path) -> Path:
        """Write it below ``folder``, beside what was wrong."""
        place = folder / f"{self.target}-{self.number}-{Path(self.file).name}"
        with writing(place) as partial:
            partial.write_bytes(self.data)
        with writing(place.with_name(f"{place.name}.txt")) as partial:
            partial.write_text(f"{self.fault}\n", encoding="utf-8")
        return place


@dataclass
class Result:
    """What came of the inputs of one target; seconds are processor time."""

    target: str
    inputs: int = 0
    answers: int = 0
    refusals: int = 0
    seconds: float = 0.0
    slowest_s: float = 0.0
    peak_kib: int = 0
    findings: list[Finding] = field(default_factory=list)

    def __add__(self, other: "Result") -> "Result":
        """Of both together."""
        sums = (getattr(self, name) + getattr(other, name) for name in ("inputs", "answers", "refusals", "seconds"))
        most = max(self.slowest_s, other.slowest_s), max(self.peak_kib, other.peak_kib)
        return Result(self.target, *sums, *most, self.findings + other.findings)


class _Board:
    """What a working process says to the one that watches, which is left when it has died."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, BOARD_BYTES)
        self.numbers = np.frombuffer(self._memory, np.float64, COUNTERS)

    @property
    def number(self) -> int:
        """That of the input that is being tried."""
        return int(self.numbers[0])

    def begin(self, number: int, name: str = "", data: bytes = b"") -> None:
        """Note which input is tried next, and what it is."""
        title = name.encode()[:LONGEST_NAME]
        self._memory.seek(8 * COUNTERS)
        self._memory.write(LENGTHS.pack(len(title), len(data)) + title + data[:LONGEST_INPUT])
        self.numbers[[0, 1, 7]] = number, time.monotonic(), time.process_time()

    def input(self) -> tuple[str, bytes]:
        """Name and bytes of the input that is being tried."""
        self._memory.seek(8 * COUNTERS)
        title, length = LENGTHS.unpack(self._memory.read(LENGTHS.size))
        return self._memory.read(title).decode(errors="replace"), self._memory.read(min(length, LONGEST_INPUT))

    def is_stuck(self, worker: BaseProcess) -> bool:
        """Whether the process has been trying one input for too long."""
        if time.monotonic() - self.numbers[1] > WAITING_SECONDS:
            return True
        try:
            spent = Path(f"/proc/{worker.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        except OSError:
            return False
        seconds = (int(spent[UTIME]) + int(spent[UTIME + 1])) / TICKS
        return self.number != BUILDING and seconds - self.numbers[7] > STUCK_SECONDS

    def add(self, ending: Ending, seconds: float, peak_kib: int) -> None:
        self.numbers[2 + ending] += 1
        self.numbers[8] += seconds
        self.numbers[5:7] = max(self.numbers[5], seconds), max(self.numbers[6], peak_kib)

    def tell(self, result: Result) -> None:
        """Into the result as it is now."""
        answers, refusals, faults, seconds, peak = self.numbers[2:7].tolist()
        result.answers, result.refusals = int(answers), int(refusals)
        result.inputs = int(answers + refusals + faults)
        result.slowest_s, result.peak_kib, result.seconds = seconds, int(peak), float(self.numbers[8])


def run(build: Build, name: str, numbers: range) -> Iterator[Result]:
    """The inputs of a target with these numbers; its result as it is every now and then, at last as it ended.

    Raises RuntimeError where the target itself cannot be made.
    """
    context, board, result = multiprocessing.get_context("fork"), _Board(), Result(name)
    first, end = numbers.start, numbers.stop
    with TemporaryDirectory() as folder:
        while first < end:
            receiver, sender = context.Pipe(duplex=False)
            board.begin(BUILDING)
            worker = context.Process(target=_work, args=(build, Path(folder), range(first, end), board, sender))
            worker.start()
            sender.close()
            try:
                is_stuck = yield from _watch(worker, receiver, board, result)
            finally:
                worker.kill()
                worker.join()
                receiver.close()
            if board.number == end:
                break
            if board.number == BUILDING:
                raise RuntimeError(f"{name}: the target cannot be made ({_death(worker)})")
            reason = "did not come to an end" if is_stuck else _death(worker)
            board.add(Ending.FAULT, 0.0, 0)
            result.findings.append(Finding(name, board.number, reason, *board.input()))
            first = board.number + 1
        board.tell(result)
        yield result


def _watch(worker: BaseProcess, receiver: Connection, board: _Board, result: Result) -> Generator[Result, None, bool]:
    """Until the process has ended, or is stuck, which is what it returns; what it finds goes to the result."""
    while True:
        is_alive, is_stuck = worker.is_alive(), board.is_stuck(worker)
        try:
            while receiver.poll(0 if is_stuck or not is_alive else LOOK_SECONDS):
                result.findings.append(Finding(result.target, *receiver.recv()))
        except EOFError:
            worker.join(WAITING_SECONDS)
            return False
        if is_stuck or not is_alive:
            return is_stuck
        board.tell(result)
        yield result


def _work(build: Build, folder: Path, numbers: range, board: _Board, sender: Connection) -> None:
    """Try inputs in turn; a process of its own."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    target = build(folder)
    os.dup2(os.open(os.devnull, os.O_WRONLY), STANDARD_ERROR)  # what libraries have to say of broken files
    addresses = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * PAGE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (addresses + ADDRESSES_MIB * KIB * KIB,) * 2)
    for number in numbers:
        name, data = target.input(number)
        board.begin(number, name, data)
        found = tried(target, number, name, data)
        board.add(found.ending, found.seconds, found.peak_kib)
        if found.fault:
            sender.send((number, found.fault, name, data))
    board.begin(numbers.stop)
    sender.close()
    os._exit(0)


def _death(worker: BaseProcess) -> str:
    code = worker.exitcode or 0
    return f"the process died ({signal.Signals(-code).name if code < 0 else f'exit status {code}'})"
