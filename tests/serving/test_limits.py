"""What is too large, too slow, too many, cut off or of a wrong kind is refused, and the server goes on."""

import io
import os
import signal
import struct
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress

import pytest

from tests.serving.running_server import Reply, RunningServer

Drawing = Callable[..., bytes]


@pytest.fixture(autouse=True)
def it_goes_on(little: RunningServer, drawing: Drawing) -> Iterator[None]:
    yield
    assert little.post("/v1/predict", drawing()).status == 200


def png_of(width: int, height: int) -> bytes:
    """A few kilobytes that unpack to width × height pixels of one bit."""
    rows = zlib.compress(bytes((width // 8 + 1) * height), 9)
    parts = ((b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)), (b"IDAT", rows), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def tiff_of(width: int, height: int) -> bytes:
    """A header that promises so many pixels."""
    tags = ((256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8), (279, 4, 100))
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(104)


def zip_of(count: int, size: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(count):
            archive.writestr(f"{number}.png", bytes(size))
    return packed.getvalue()


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        pytest.param(png_of(8000, 8000), 413, "8,000 × 8,000 pixels", id="PNG bomb"),
        pytest.param(tiff_of(60_000, 60_000), 413, "60,000 × 60,000 pixels", id="TIFF bomb"),
        pytest.param(zip_of(1, 30_000_000), 413, "more than 209,715 bytes", id="ZIP bomb"),
        pytest.param(zip_of(7, 9), 413, "7 files in the archive", id="ZIP of many"),
        pytest.param(zip_of(1, 99)[:60], 422, "cannot be read", id="cut ZIP"),
        pytest.param(zip_of(0, 0), 415, "not an image", id="empty ZIP"),
        pytest.param(b"wOF2" + bytes(100), 415, "not a picture", id="font"),
        pytest.param(b"%PDF-1.7\n" + bytes(100), 415, "not a picture", id="PDF"),
        pytest.param(b"%!PS-Adobe-3.0 EPSF-3.0\n%%EOF", 415, "not a picture", id="PostScript"),
        pytest.param(os.urandom(5000), 415, "not an image", id="noise"),
        pytest.param(png_of(300, 300)[:-30], 422, "", id="cut PNG"),
        pytest.param(b"", 400, "the body is empty", id="nothing"),
    ],
)
def test_bombs_and_wrong_kinds(little: RunningServer, body: bytes, status: int, words: str) -> None:
    answer = little.post("/v1/predict", body)
    assert (answer.status, words in answer.json["detail"]) == (status, True), answer.content


def test_pages_beyond_the_limit(little: RunningServer, drawing: Drawing) -> None:
    assert little.post("/v1/predict", drawing(form="TIFF", pages=7)).status == 413
    assert len(little.post("/v1/predict", drawing(form="TIFF", pages=6)).json["pictures"]) == 6


def test_a_body_that_is_too_long_by_its_header_or_as_it_comes(little: RunningServer) -> None:
    assert little.post("/v1/predict", bytes(300_000)).status == 413
    assert little.post("/v1/predict", iter([bytes(100_000)] * 3)).status == 413  # in chunks, its length not told
    assert little.post("/v1/predict", b"abc", Content_Encoding="gzip").status == 415


def sent(server: RunningServer, data: bytes) -> tuple[bytes, float]:
    """What comes back until the server closes, and after how many seconds."""
    began = time.monotonic()
    with server.connection() as opened:
        opened.sendall(data)
        return b"".join(iter(lambda: opened.recv(4096), b"")), time.monotonic() - began


def test_half_sent_headers_are_closed(little: RunningServer) -> None:
    for data in (b"", b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nX-"):
        answer, seconds = sent(little, data)
        assert answer.startswith(b"HTTP/1.1 408") and seconds < 20


def test_headers_that_trickle_have_no_more_time(little: RunningServer) -> None:
    began = time.monotonic()
    with little.connection() as opened:
        opened.sendall(b"GET /health HTTP/1.1\r\nX-Slow: ")
        opened.settimeout(0.1)
        while time.monotonic() - began < 20:
            try:
                opened.sendall(b"a")
                if opened.recv(100).startswith(b"HTTP/1.1 408"):
                    return
            except TimeoutError:
                continue
    pytest.fail("a header that trickles was still awaited after 20 s")


def test_slow_bodies_get_408_and_nobody_waits_for_them(little: RunningServer, drawing: Drawing) -> None:
    head = b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
    with ExitStack() as stack:
        slow = [stack.enter_context(little.connection()) for _ in range(10)]
        for opened in slow:
            opened.sendall(head + b"abc")
        assert little.post("/v1/predict", drawing()).status == 200
        assert slow[0].recv(100).startswith(b"HTTP/1.1 408")


def test_bodies_that_are_cut_off_cost_nothing(little: RunningServer) -> None:
    for _ in range(20):
        with little.connection() as opened:
            opened.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 150000\r\n\r\n" + bytes(9000))
    deadline = time.monotonic() + 20
    while "glyphlens_held_bytes 0.0" not in little.ask("GET", "/metrics").content.decode():
        assert time.monotonic() < deadline


@pytest.mark.parametrize("line", [b"GET / nothing\r\n\r\n", b"\x16\x03\x01\x02\r\n\r\n", b"POST /v1/predict\r\n\r\n"])
def test_what_is_no_http_gets_400(little: RunningServer, line: bytes) -> None:
    assert sent(little, line)[0].startswith(b"HTTP/1.1 400")


def test_too_many_connections_are_refused_not_kept_waiting(little: RunningServer) -> None:
    with ExitStack() as stack:
        opened = [stack.enter_context(little.connection()) for _ in range(30)]
        assert opened[-1].recv(100).startswith(b"HTTP/1.1 503")


# ── readers that are stopped, killed or slow ─────────────────────────────────────────────────
@contextmanager
def stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):  # it was killed meanwhile
            os.kill(pid, signal.SIGCONT)


def test_a_full_queue_refuses_at_once_and_answers_all_that_it_took(little: RunningServer, drawing: Drawing) -> None:
    """Two can be read at once and four can wait."""
    body, before = drawing(), little.readers

    def ask(_: int) -> tuple[Reply, float]:
        began = time.monotonic()
        return little.post("/v1/predict", body), time.monotonic() - began

    with ThreadPoolExecutor(12) as clients:
        with stopped(before[0]):
            answers = [clients.submit(ask, number) for number in range(12)]
            deadline = time.monotonic() + 20
            while sum(answer.done() for answer in answers) < 6:
                assert time.monotonic() < deadline
                time.sleep(0.02)
        found = [answer.result() for answer in answers]
    refused = [reply for reply, _ in found if reply.status == 429]
    assert 6 <= len(refused) <= 8 and all(int(reply.headers["retry-after"]) >= 1 for reply in refused)
    answered = [reply for reply, _ in found if reply.status == 200]
    assert len(answered) + len(refused) == 12 and len({reply.content for reply in answered}) == 1
    assert little.readers == before


def figure(server: RunningServer, name: str) -> float:
    """One of /metrics; 0 where nothing was counted yet."""
    text = server.ask("GET", "/metrics").content.decode()
    return float((text.partition(f"\nglyphlens_{name} ")[2].split() or ["0"])[0])


def wait_until(server: RunningServer, name: str, value: float) -> None:
    deadline = time.monotonic() + 60
    while figure(server, name) != value:
        assert time.monotonic() < deadline, f"{name}: {figure(server, name)}"
        time.sleep(0.02)


def test_clients_that_are_gone_leave_the_queue(little: RunningServer, drawing: Drawing) -> None:
    """A full queue of theirs refuses nobody, however long the readers are busy."""
    body = drawing()
    head = f"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with ThreadPoolExecutor(1) as clients:
        with stopped(little.readers[0]):
            with ExitStack() as stack:
                for _ in range(6):  # one is read, four wait, one is refused
                    stack.enter_context(little.connection()).sendall(head + body)
                wait_until(little, "requests_waiting", 4)
            wait_until(little, "held_bytes", 0)
            answer = clients.submit(little.post, "/v1/predict", body)
            wait_until(little, "held_bytes", len(body))
        assert answer.result().status == 200


def test_many_pictures_are_read_apart_from_other_requests(little: RunningServer, drawing: Drawing) -> None:
    """A small file of six pages is sent back, whether it was to be read with another or not."""
    bodies = [drawing(0), drawing(1), drawing(0, form="TIFF", pages=6), drawing(2)]
    before = figure(little, 'read_together_count{kind="predict"}')
    with ThreadPoolExecutor(4) as clients:
        with stopped(little.readers[0]):
            answers = [clients.submit(little.post, "/v1/predict", body) for body in bodies]
            wait_until(little, "requests_waiting", 3)
        found = [answer.result() for answer in answers]
    assert figure(little, 'read_together_count{kind="predict"}') == before + 4  # two at once, and the file again
    assert [len(each.json["pictures"]) for each in found] == [1, 1, 6, 1]
    assert [each.content for each in found] == [little.post("/v1/predict", body).content for body in bodies]


def test_a_broken_body_after_a_refusal_is_logged_as_all_else(little: RunningServer) -> None:
    """What follows 413 in chunks is no HTTP."""
    head = b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    with little.connection() as opened, suppress(ConnectionError):
        opened.sendall(head + b"%x\r\n" % 250_000 + bytes(250_000) + b"\r\n")
        opened.recv(4096)
        opened.sendall(b"no chunk at all\r\n\r\n")
        while opened.recv(4096):
            pass
    assert all(event["event"] for event in little.events)  # lines of JSON, all of them


def test_a_killed_reader_costs_no_request(little: RunningServer, drawing: Drawing) -> None:
    before = little.readers
    with ThreadPoolExecutor(4) as clients:
        with stopped(before[0]):
            answers = [clients.submit(little.post, "/v1/predict", drawing(number)) for number in range(4)]
            time.sleep(0.3)
            os.kill(before[0], signal.SIGKILL)
        assert [answer.result().status for answer in answers] == [200] * 4
    assert little.readers != before
    assert any(event["event"] == "reader ended" for event in little.events)


def test_every_request_needs_its_token(tmp_path, small_model, drawing: Drawing) -> None:
    """And a reading that hangs is ended, which whoever asked for it is told."""
    from tests.serving.conftest import TOKEN
    from tests.serving.running_server import running_server

    options = ("--model", f"small={small_model}", "--workers", "1", "--seconds", "2")
    with running_server(tmp_path, *options, GLYPHLENS_TOKEN=TOKEN) as guarded:
        for value in ("", "Bearer", "Bearer wrong-token-of-tests", f"Basic {TOKEN}", f"Bearer {TOKEN}é"):
            answer = guarded.post("/v1/predict", drawing(), Authorization=value.encode("latin-1"))
            assert answer.status == 401 and answer.headers["www-authenticate"] == "Bearer"
        assert guarded.ask("GET", "/metrics").status == 401 and guarded.ask("GET", "/ready").status == 200
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        assert guarded.post("/v1/predict", drawing(), **bearer).status == 200
        with stopped(guarded.readers[0]):
            late = guarded.post("/v1/predict", drawing(), **bearer)
            assert late.status == 504 and "longer than 2 s" in late.json["detail"]
        guarded.wait_ready()
        assert guarded.post("/v1/predict", drawing(), **bearer).status == 200
        assert TOKEN not in guarded.log.read_text(encoding="utf-8")
