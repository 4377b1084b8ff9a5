"""`glyphlens serve`: requests that are read together, against the same server that reads one after the other.

Processor time is that of all processes of a server, per request that was answered. ``SERVE_SECONDS``: how long the
mixed load for the memory lasts, 10 by default; with 1800 it is the half hour of docs/SERVER.md.
"""

import io
import os
import time
import zipfile
from statistics import median

from benchmarks.letters import LETTERS, photo, picture
from benchmarks.ratio import Ratio
from benchmarks.serving_load import Load, Server, serving

CLIENTS, REQUESTS, ALONE, ROUNDS = 64, 384, 60, 3
TOGETHER, ARCHIVES = 50, 8
PREDICT = "/v1/predict?top=5"
FAULTS = ("clean", "uneven light", "JPEG, quality 30", "piece of a neighbour")  # of photographs and scans
WAITING, OFFERED_S = 32, 4.0  # of the server that is given too much
SHARE, GROWTH = 0.65, 1.05


def measure() -> list[Ratio]:
    """Processor time, waiting times and throughput at 64 clients, alone and packed; memory; too much load."""
    bodies = [picture(letter) for letter in LETTERS]
    common = ("--model", "arabic", "--model", "kanji", "--workers", "1")
    with serving(*common) as ours, serving(*common, "--batch", "1") as loop:
        for server in (ours, loop):
            server.load(PREDICT, bodies, CLIENTS, REQUESTS // 4)
        rounds = [(at_64(loop, bodies), at_64(ours, bodies)) for _ in range(ROUNDS)]
        photos = [photo(letter, FAULTS[number % len(FAULTS)]) for number, letter in enumerate(LETTERS)]
        worn = [(at_64(loop, photos), at_64(ours, photos))]
        waits = min((each[1][1] for each in rounds), key=lambda load: load.quantile(0.99) / load.quantile(0.5))
        singles = [(alone(loop, bodies), alone(ours, bodies)) for _ in range(ROUNDS)]
        loop_s, single_s = (min(each[side][1].elapsed_s for each in rounds) / REQUESTS for side in (0, 1))
        packed_s, packed_cpu_s = (
            min(each) for each in zip(*(packed(ours, bodies) for _ in range(ROUNDS)), strict=True)
        )
        memory = grown(ours, bodies)
    return [
        shared_work("drawn", rounds),
        shared_work("photographed", worn),
        Ratio("serve: p99 within 3 medians", 3 * waits.quantile(0.5), waits.quantile(0.99), 1.0, f"{CLIENTS} clients"),
        Ratio("serve: a single client", *(min(each[side] for each in singles) for side in (0, 1)), 0.95, "median wait"),
        Ratio(
            f"serve: {TOGETHER} pictures in one request",
            loop_s,
            packed_s,
            1.3,
            f"per picture, against the loop at {CLIENTS} clients (× {single_s / packed_s:.2f} of ours); "
            f"{packed_cpu_s * 1000:.2f} ms of processor time",
        ),
        overloaded(bodies),
        memory,
    ]


def shared_work(kind: str, rounds: list[tuple[tuple[float, Load], tuple[float, Load]]]) -> Ratio:
    """Processor time per request of the loop and of ours."""
    plain_s, fast_s = (median(each[side][0] for each in rounds) for side in (0, 1))
    note = f"{CLIENTS} clients: {plain_s * 1000:.2f} and {fast_s * 1000:.2f} ms, × {fast_s / plain_s:.2f}"
    return Ratio(f"serve: processor time, {kind} pictures", plain_s, fast_s, 1 / SHARE, note)


def at_64(server: Server, bodies: list[bytes]) -> tuple[float, Load]:
    """Processor seconds per request, and how long each took."""
    before_s = server.cpu_s()
    load = server.load(PREDICT, bodies, CLIENTS, REQUESTS)
    if load.statuses != {200: REQUESTS}:
        raise AssertionError(f"serve: not every request was answered: {load.statuses}")
    return (server.cpu_s() - before_s) / REQUESTS, load


def alone(server: Server, bodies: list[bytes]) -> float:
    """The median of a single client's times."""
    return server.load(PREDICT, bodies, 1, ALONE).quantile(0.5)


def packed(server: Server, bodies: list[bytes]) -> tuple[float, float]:
    """Seconds, and processor seconds, per picture in archives that two clients send."""
    archive, before_s = zipped([bodies[number % len(bodies)] for number in range(TOGETHER)]), server.cpu_s()
    load = server.load(PREDICT, [archive], 2, ARCHIVES)
    if load.statuses != {200: ARCHIVES}:
        raise AssertionError(f"serve: archives were not answered: {load.statuses}")
    return load.elapsed_s / (ARCHIVES * TOGETHER), (server.cpu_s() - before_s) / (ARCHIVES * TOGETHER)


def grown(server: Server, bodies: list[bytes]) -> Ratio:
    """Memory at the end of a mixed load, of which some is no picture, against 1.05 × that after its first tenth."""
    lasting_s = float(os.environ.get("SERVE_SECONDS", "10"))
    mixed = [*bodies, zipped(bodies), b"no picture", bytes(100_000), bodies[0][:200]]
    began, first_mib = time.monotonic(), 0.0
    while (elapsed_s := time.monotonic() - began) < lasting_s:
        for model in ("arabic", "kanji"):
            server.load(f"{PREDICT}&model={model}", mixed, CLIENTS, 4 * len(mixed))
        if not first_mib and elapsed_s > lasting_s / 10:
            first_mib = server.memory_mib()
    last_mib = server.memory_mib()
    note = f"MiB × 1.05 and MiB after {lasting_s:g} s of mixed load"
    return Ratio("serve: memory", GROWTH * (first_mib or last_mib), last_mib, 1.0, note)


def overloaded(bodies: list[bytes]) -> Ratio:
    """Twice the load that can be answered: every request is answered or refused with 429. The ratio is that of what is
    answered per second to what is at a load that can be."""
    with serving("--model", "arabic", "--workers", "1", "--waiting", str(WAITING)) as server:
        server.load(PREDICT, bodies, WAITING, REQUESTS // 4)
        full = server.load(PREDICT, bodies, WAITING, REQUESTS)
        rate = REQUESTS / full.elapsed_s
        load = server.offered(PREDICT, bodies, 2 * rate, requests := int(2 * rate * OFFERED_S))
    if full.statuses != {200: REQUESTS} or set(load.statuses) - {200, 429} or load.statuses.total() != requests:
        raise AssertionError(f"serve: neither answered nor refused: {full.statuses}, {load.statuses}")
    answered = load.statuses[200]
    note = f"{2 * rate:.0f} a second: {answered} answered, {load.statuses[429]} refused, none lost; "
    note += f"the longest took {max(load.seconds):.2f} s"
    return Ratio("serve: answers at twice the load", 1 / rate, load.elapsed_s / answered, 0.5, note)


def zipped(files: list[bytes]) -> bytes:
    """An archive of them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, file in enumerate(files):
            archive.writestr(f"{number}.png", file)
    return buffer.getvalue()
