"""A server of `glyphlens serve` and clients that ask it as fast as they are answered, for ``bench_serve``."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
START_S = 300


@dataclass
class Load:
    """What became of the requests: seconds of each that was answered, how many by status, and how long it all took."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    elapsed_s: float = 0.0

    def quantile(self, share: float) -> float:
        """The time below which that share of the answers came."""
        return sorted(self.seconds)[min(len(self.seconds) - 1, int(share * len(self.seconds)))]


@dataclass(frozen=True)
class Server:
    """A running server."""

    process: "subprocess.Popen[bytes]"
    port: int

    def processes(self) -> list[int]:
        """Its own number and those of its reading processes."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii")
        return [self.process.pid, *map(int, children.split())]

    def cpu_s(self) -> float:
        """Processor seconds of all its processes that still run."""
        fields = [
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split() for pid in self.processes()
        ]
        return sum(int(each[11]) + int(each[12]) for each in fields) / TICKS

    def memory_mib(self) -> float:
        """Resident memory of all its processes."""
        pages = [int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) for pid in self.processes()]
        return sum(pages) * PAGE_BYTES / (1 << 20)

    def load(self, path: str, bodies: Sequence[bytes], clients: int, requests: int) -> Load:
        """``requests`` in all by so many clients at once, each on a connection of its own, kept alive."""
        load, left = Load(), iter(range(requests))

        async def client() -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            for number in left:
                began = time.perf_counter()
                status = await asked(reader, writer, path, bodies[number % len(bodies)])
                load.statuses[status] += 1
                if status == 200:
                    load.seconds.append(time.perf_counter() - began)
            writer.close()

        async def all_clients() -> None:
            await asyncio.gather(*(client() for _ in range(clients)))

        began = time.perf_counter()
        asyncio.run(all_clients())
        load.elapsed_s = time.perf_counter() - began
        return load

    def offered(self, path: str, bodies: Sequence[bytes], per_second: float, requests: int) -> Load:
        """``requests`` in all that come at this pace, whether or not those before are answered; each on a connection
        of its own, and status 0 where that is lost."""
        load, began = Load(), time.perf_counter()

        async def client(number: int) -> None:
            await asyncio.sleep(began + number / per_second - time.perf_counter())
            asked_s, status = time.perf_counter(), 0
            with suppress(OSError, asyncio.IncompleteReadError):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                status = await asked(reader, writer, path, bodies[number % len(bodies)])
                writer.close()
            load.statuses[status] += 1
            load.seconds.append(time.perf_counter() - asked_s)

        async def all_clients() -> None:
            await asyncio.gather(*(client(number) for number in range(requests)))

        asyncio.run(all_clients())
        load.elapsed_s = time.perf_counter() - began
        return load


async def asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, body: bytes) -> int:
    """The status of the answer, which is read to its end."""
    writer.write(f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = next(int(line.partition(":")[2]) for line in head.splitlines() if line.startswith("content-length:"))
    await reader.readexactly(length)
    return int(head.split()[1])


@contextmanager
def serving(*options: str) -> Iterator[Server]:
    """A server with these options until the block ends."""
    with tempfile.NamedTemporaryFile(suffix=".log") as log:
        command = [sys.executable, "-m", "glyphlens.cli", "serve", "--port", "0", *options]
        process = subprocess.Popen(command, stderr=log)
        try:
            yield Server(process, _port(process, Path(log.name)))
        finally:
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=60)
            process.kill()
            process.wait()


def _port(process: "subprocess.Popen[bytes]", log: Path) -> int:
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        text = log.read_text(encoding="utf-8")
        if '"event":"serving"' in text:
            line = next(line for line in text.splitlines() if '"event":"serving"' in line)
            return int(json.loads(line)["address"].rpartition(":")[2])
        time.sleep(0.1)
    raise RuntimeError(f"the server did not start: {log.read_text(encoding='utf-8')}")
