"""`glyphlens serve`: requests that are read together, against the same server that reads one after the other.

``SERVE_SECONDS``: how long the mixed load for the memory lasts, 10 by default; 1800 is what docs/SERVER.md speaks of.
"""

import io
import os
import time
import zipfile
from statistics import median

import matplotlib
from PIL import Image, ImageDraw, ImageFont

from benchmarks.ratio import Ratio
from benchmarks.serving_load import Load, Server, serving

CLIENTS, REQUESTS, ALONE, ROUNDS = 64, 256, 40, 2
TOGETHER, ARCHIVES = 50, 8
PREDICT = "/v1/predict?top=5"
LETTERS = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"
WAITING = 16  # of the server that is given too much
GROWTH = 1.05


def measure() -> list[Ratio]:
    """Processor time, waiting times and throughput at 64 clients, alone and packed; memory; too much load."""
    bodies = [picture(letter) for letter in LETTERS]
    common = ("--model", "arabic", "--model", "kanji", "--workers", "1")
    with serving(*common) as ours, serving(*common, "--batch", "1") as loop:
        for server in (ours, loop):
            server.load(PREDICT, bodies, CLIENTS, REQUESTS // 4)
        rounds = [(at_64(loop, bodies), at_64(ours, bodies)) for _ in range(ROUNDS)]
        plain_ms, fast_ms = (median(each[side][0] for each in rounds) * 1000 for side in (0, 1))
        waits = min((each[1][1] for each in rounds), key=lambda load: load.quantile(0.99) / load.quantile(0.5))
        singles = [(alone(loop, bodies), alone(ours, bodies)) for _ in range(ROUNDS)]
        single_s, packed_s = min(each[1][1].elapsed_s for each in rounds) / REQUESTS, packed(ours, bodies)
        memory = grown(ours, bodies)
    note = f"{plain_ms:.2f} and {fast_ms:.2f} ms of processor time per request, {CLIENTS} clients"
    return [
        Ratio("serve: processor time per request", plain_ms / 1000, fast_ms / 1000, 1 / 0.65, note),
        Ratio("serve: p99 within 3 medians", 3 * waits.quantile(0.5), waits.quantile(0.99), 1.0, "64 clients"),
        Ratio("serve: a single client", *(min(each[side] for each in singles) for side in (0, 1)), 0.95),
        Ratio(f"serve: {TOGETHER} pictures in one request", single_s, packed_s, 1.3, "seconds per picture"),
        memory,
        overloaded(bodies),
    ]


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


def packed(server: Server, bodies: list[bytes]) -> float:
    """Seconds per picture in archives, as many clients at once as there are archives."""
    archive = zipped([bodies[number % len(bodies)] for number in range(TOGETHER)])
    load = server.load(PREDICT, [archive], 2, ARCHIVES)
    if load.statuses != {200: ARCHIVES}:
        raise AssertionError(f"serve: archives were not answered: {load.statuses}")
    return load.elapsed_s / (ARCHIVES * TOGETHER)


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
    """Four times as many clients as may wait: whoever is not answered is refused with 429, and nobody waits longer."""
    with serving("--model", "arabic", "--workers", "1", "--waiting", str(WAITING), "--batch", "8") as server:
        server.load(PREDICT, bodies, 8, 80)
        load = server.load(PREDICT, bodies, 4 * WAITING, REQUESTS)
    if set(load.statuses) - {200, 429} or load.statuses.total() != REQUESTS:
        raise AssertionError(f"serve: neither answered nor refused: {load.statuses}")
    found = f"{load.statuses[200]} answered, {load.statuses[429]} refused"
    return Ratio("serve: too much load", REQUESTS, load.statuses.total(), 1.0, found)


def picture(letter: str) -> bytes:
    """A PNG of 300×300 pixels."""
    image = Image.new("L", (300, 300), 255)
    font = ImageFont.truetype(f"{matplotlib.get_data_path()}/fonts/ttf/DejaVuSans.ttf", 160)
    ImageDraw.Draw(image).text((90, 50), letter, font=font, fill=0)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def zipped(files: list[bytes]) -> bytes:
    """An archive of them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, file in enumerate(files):
            archive.writestr(f"{number}.png", file)
    return buffer.getvalue()
